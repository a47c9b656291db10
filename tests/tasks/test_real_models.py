"""The tasks with real models through lm-eval's own model types: small untrained ones of Hugging Face, ours, and servers."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from musi.errors import MusiError
from musi.report import report
from musi.rescore import rescore
from musi.samples import read_samples
from tests.models import evaluate

ROOT = Path(__file__).parents[2]
SMOLLM2 = ROOT / "runs" / "smollm2"
TINY = ROOT / "prosg_ref" / "weights" / "tiny"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A saved untrained model, by kind and by how many bytes it holds."""
    from tests.hf_models import save

    made = {}

    def get(kind: str, length: int = 16_384) -> str:
        if (kind, length) not in made:
            made[kind, length] = str(save(kind, tmp_path_factory.mktemp(kind), length))
        return made[kind, length]

    return get


def run_hf(path: str, task: str, out: Path | None = None, limit: int = 2, batch_size: int = 4, **options):
    arguments = {"pretrained": path, **options.pop("model_args", {})}
    return evaluate("hf", task, out, limit=limit, model_args=arguments, batch_size=batch_size, device="cpu", **options)


def numbers(row):
    """The measures of a row, -1 for those that are undefined, so that rows can be compared up to rounding."""
    shown = {key: value for key, value in row.items() if key not in ("alias", "name")}
    return {key: -1 if value == "N/A" else value for key, value in shown.items()}


# --- Hugging Face --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["llama", "mamba", "rwkv"])
def test_forced_with_untrained_models(folder, kind):
    """Likelihoods of a model that knows nothing: eight bits a byte or so, retention undefined, nothing truncated."""
    options = {"batch_size": 1, "model_args": {"max_length": 16_384}} if kind == "rwkv" else {}
    row = run_hf(folder(kind), "musi_forced", limit=1, **options)
    assert 7 < row["bits_per_byte"] < 10
    assert row["forced_retention"] == "N/A"
    assert row["truncated"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["llama", "mamba", "rwkv"])
def test_generating_with_untrained_models(folder, kind, tmp_path):
    """Noise gets nothing right: accuracies are 0, retention is undefined, and responses that never end fill their budget."""
    options = {"batch_size": 1, "model_args": {"max_length": 16_384}} if kind == "rwkv" else {}
    row = run_hf(folder(kind), "musi_quick", tmp_path, limit=1, **options)
    assert row["single_acc"] == 0
    assert row["retention"] == "N/A"
    assert row["truncated"] == 0
    assert row["out_of_tokens"] > 0.5
    (found,) = report([tmp_path])["models"]
    assert found["tasks"]["musi_quick"]["retention"]["value"] is None
    assert {"ran out of tokens", "missing stage"} >= found["tasks"]["musi_quick"]["failures"].keys()


def test_prompts_that_do_not_fit_are_counted(folder, tmp_path):
    """lm-eval drops the beginning of such prompts without a word in its results."""
    row = run_hf(folder("llama", 900), "musi_forced", tmp_path, limit=4)
    assert 0 < row["truncated"] <= 1
    (model,) = report([tmp_path])["models"]
    assert model["tasks"]["musi_forced"]["truncated"]["value"] == row["truncated"]
    (samples,) = tmp_path.rglob("samples_*.jsonl")
    for sample in read_samples(samples):
        for k, cut in enumerate(sample.truncated[: len(sample.item.stages)]):
            if len(sample.item.prompt.encode()) > 900:
                assert cut, k


def test_a_model_of_short_context_is_not_asked_for_more_than_it_holds(folder):
    """lm-eval would stop with an assertion when the budget alone is longer than the model's context."""
    row = run_hf(folder("llama", 128), "musi_1shot", limit=1)
    assert row["truncated"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [({"batch_size": 4, "model_args": {"max_length": 9000}}, "ignores padding masks"), ({"batch_size": 1}, "add max_length=")],
)
def test_hugging_faces_rwkv_is_refused_where_it_would_be_scored_on_garbage(folder, options, said):
    with pytest.raises(MusiError, match=said):
        run_hf(folder("rwkv"), "musi_forced", limit=1, **options)


def test_a_chat_template_frames_the_prompts(folder, tmp_path):
    run_hf(folder("llama"), "musi_forced", tmp_path, limit=1, apply_chat_template=True)
    (samples,) = tmp_path.rglob("samples_*.jsonl")
    (row,) = map(json.loads, samples.read_text("utf-8").splitlines())
    context = row["arguments"]["gen_args_0"]["arg_0"]
    assert context.startswith("<user>")
    assert context.endswith("</user><assistant>[1]")


@pytest.mark.slow
def test_batch_sizes_give_the_same_numbers(folder):
    rows = [numbers(run_hf(folder("llama"), "musi_forced", limit=8, batch_size=size)) for size in (1, 7, 64)]
    for row in rows[1:]:
        assert row == pytest.approx(rows[0], rel=1e-5)


# --- two processes -------------------------------------------------------------------------------------------------------------


def lm_eval(*arguments: str, cwd: Path | None = None) -> None:
    command = [sys.executable, "-m", "lm_eval", "run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]


def saved(out: Path, task: str):
    (path,) = out.rglob("results_*.json")
    return json.loads(path.read_text("utf-8"))["results"][task]


def test_two_processes_give_the_same_numbers(tmp_path):
    """An odd number of items, so that one process has one more; the order of the samples differs, and no number.

    Without a GPU, accelerate's `--cpu --num_processes 2` starts one process; `--multi_gpu` starts two on the CPU. lm-eval's own
    `hf` shares its work out over GPUs only; the model here is ours.
    """
    common = ("run", "--model", "prosg-rwkv", "--model_args", f"pretrained={TINY / 'backbone'}",
              "--tasks", "musi_quick", "--limit", "7", "--batch_size", "16", "--log_samples")  # fmt: skip
    launch = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
              "--mixed_precision", "no", "--dynamo_backend", "no")  # fmt: skip
    for name, start in (("one", ()), ("two", launch)):
        command = [sys.executable, *start, "-m", "musi", "eval", *common, "-o", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        assert done.returncode == 0, done.stderr[-3000:]
    one, two = (numbers(saved(tmp_path / name, "musi_quick")) for name in ("one", "two"))
    assert two == pytest.approx(one, rel=1e-5)
    rows = [{row["doc_id"]: row["filtered_resps"]
             for row in map(json.loads, next((tmp_path / name).rglob("samples_*.jsonl")).open("rb"))}
            for name in ("one", "two")]  # fmt: skip
    assert rows[0] == rows[1]
    assert list(rows[0]) == sorted(rows[1]) != list(rows[1]), "the second run was no run on two processes"
    tables = [report([tmp_path / name])["models"][0]["tasks"] for name in ("one", "two")]
    assert tables[0]["musi_quick"]["retention"] == tables[1]["musi_quick"]["retention"]
    assert rescore([tmp_path / "two"])[0]["changes"] == []


# --- ours ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_tiny_model_in_batches_of_any_size(tmp_path):
    """Table, saved samples and today's scorer agree, and batches change nothing."""
    import prosg_ref.harness  # noqa: F401  registers the model

    rows = []
    for size in (1, 7, 64):
        out = tmp_path / str(size)
        arguments = {"pretrained": str(TINY / "backbone")}
        rows.append(evaluate("prosg-rwkv", "musi_quick", out, limit=6, model_args=arguments, batch_size=size))
        (model,) = report([out])["models"]
        found = model["tasks"]["musi_quick"]
        assert found["single_acc"]["value"] == rows[-1]["single_acc"]
        assert found["retention"]["value"] == (None if rows[-1]["retention"] == "N/A" else rows[-1]["retention"])
        assert rescore([out])[0]["changes"] == []
        assert rows[-1]["truncated"] == 0
    assert numbers(rows[0]) == numbers(rows[1]) == numbers(rows[2])


# --- servers -------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port_file = tmp_path_factory.mktemp("server") / "port"
    process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("server.py")), str(port_file)])
    try:
        for _ in range(600):
            if port_file.exists():
                break
            assert process.poll() is None
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port_file.read_text()}/v1"
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("kind", ["local-completions", "local-chat-completions"])
def test_a_server_that_knows_everything_keeps_everything(server, kind, tmp_path):
    """Whole prompts and answers pass the wire unharmed; what the server cut or stopped cannot be known here."""
    chat = kind == "local-chat-completions"
    address = server + ("/chat/completions" if chat else "/completions")
    arguments = {"base_url": address, "model": "gold", "tokenizer_backend": "none", "tokenized_requests": False}
    row = evaluate(kind, "musi_quick", tmp_path, limit=3, model_args=arguments, apply_chat_template=chat)
    assert row["retention"] == row["single_acc"] == row["order_acc"] == 1
    assert row["truncated"] == row["out_of_tokens"] == "N/A"
    (model,) = report([tmp_path])["models"]
    assert model["tasks"]["musi_quick"]["retention"]["value"] == 1


# --- a model that nobody here made ---------------------------------------------------------------------------------------------


@pytest.mark.realmodel
@pytest.mark.skipif(not SMOLLM2.exists(), reason="run `make test-slow`, which converts SmolLM2 into runs/smollm2")
@pytest.mark.parametrize("chat", [True, False])
def test_smollm2_with_and_without_its_chat_template(tmp_path, chat):
    """What lm-eval prints is what the saved samples give."""
    row = run_hf(str(SMOLLM2), "musi_quick", tmp_path, apply_chat_template=chat)
    (model,) = report([tmp_path])["models"]
    found = model["tasks"]["musi_quick"]
    assert row["single_acc"] == found["single_acc"]["value"]
    assert row["stage_acc_loose"] == found["loose"]["stage_acc"]["value"]
    assert row["truncated"] == found["truncated"]["value"] == 0
