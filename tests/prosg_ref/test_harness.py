"""The lm-eval model, by hand and through lm-eval's own evaluator."""

import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import random_prosg

from musi.errors import MusiError
from prosg_ref.checkpoint import file_sha256, save_prosg

os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
harness = pytest.importorskip("prosg_ref.harness")
from lm_eval.api.instance import Instance  # noqa: E402
from lm_eval.api.registry import get_model  # noqa: E402

PROMPTS = ["Name two colours.", "Spell cat. Then add 2 and 3.", "Say yes."]


@pytest.fixture(scope="module")
def prosg_dir(backbone_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("prosg")
    save_prosg(directory, random_prosg("tokens"), backbone_dir)
    return directory


def instances(kind: str, *args: tuple[Any, ...]) -> list[Instance]:
    return [Instance(kind, {}, arg, i) for i, arg in enumerate(args)]


def forced() -> list[Instance]:
    """Chains whose contexts grow, as the forced task asks for them, and each alone."""
    args = [
        (f"{p}\n\n{written}[{k}]", f"\n{answer}")
        for p in PROMPTS
        for k, written, answer in ((1, "", "red"), (2, "[1]\nred\n", "blue"))
    ]
    return instances("loglikelihood", *args, ("", "red"), ("no label here", " at all"), ("spaces before  ", "x"))


@pytest.mark.parametrize("on", [False, True])
def test_loglikelihood_equals_one_text_at_a_time(backbone_dir: Path, prosg_dir: Path, on: bool) -> None:
    args = {"pretrained": str(backbone_dir), "prosg": str(prosg_dir) if on else None}
    model = harness.ProSGHarness(**args, batch_size=4)
    found = model.loglikelihood(forced(), disable_tqdm=True)
    encode = model.tokenizer.encode
    for request, (log_likelihood, greedy) in zip(forced(), found, strict=True):
        context, continuation = request.args
        if context == "spaces before  ":
            context, continuation = "spaces before", "  x"
        prompt, written = harness.split_context(context)
        ids = [encode(prompt), encode(written), encode(continuation)]
        read, under = (ids[0], ids[1]) if ids[1] else (ids[0][:-1], ids[0][-1:] or [0])
        if on:
            memory = model.model.internalize(torch.tensor([read], dtype=torch.int64))
            logits, _ = model.model.answer(torch.tensor([under + ids[2]]), memory)
        else:
            logits, _ = model.model(torch.tensor([read + under + ids[2]]))
        logits = logits[0, -len(ids[2]) - 1 : -1]
        target = torch.tensor(ids[2])
        wanted = torch.log_softmax(logits, -1)[torch.arange(len(target)), target].sum().item()
        assert log_likelihood == pytest.approx(wanted, abs=1e-3)
        assert greedy == bool((logits.argmax(-1) == target).all())


def test_one_pass_scores_a_whole_chain(backbone_dir: Path) -> None:
    spans = [harness.ProSGHarness(str(backbone_dir))._span(*r.args) for r in forced()]
    leaders = harness._leaders(spans)
    assert leaders[:6] == [1, 1, 3, 3, 5, 5]


@pytest.mark.parametrize(
    ("context", "answer"),
    [
        ("Do it.\n\n[1]", "\n\n[1]"),
        ("Do it.\n\n[1]\nfoo\n[2]", "\n\n[1]\nfoo\n[2]"),
        ("Write\n\n[1]\nfirst.\n\n[1]\nfoo\n[2]", "\n\n[1]\nfoo\n[2]"),
        ("Put [1] first.\n\n[12] lamps", ""),
        ("Do it.\n\n", "\n\n"),
        ("", ""),
    ],
)
def test_split_context(context: str, answer: str) -> None:
    assert harness.split_context(context) == (context.removesuffix(answer), answer)


def test_generate_until_honours_each_request(backbone_dir: Path, prosg_dir: Path) -> None:
    model = harness.ProSGHarness(str(backbone_dir), prosg=str(prosg_dir), batch_size=2)
    greedy = {"until": [], "do_sample": False, "max_gen_toks": 12}
    requests = [(p + "\n\n", greedy) for p in PROMPTS]
    whole = model.generate_until(instances("generate_until", *requests), disable_tqdm=True)
    stop = whole[0][2:4]
    requests = [(PROMPTS[0] + "\n\n", greedy | {"until": [stop]}), *requests[1:], ("", greedy | {"max_gen_toks": 1})]
    mixed = model.generate_until(instances("generate_until", *requests), disable_tqdm=True)
    assert mixed[0] == whole[0][: whole[0].index(stop)]
    assert mixed[1:3] == whole[1:]
    assert len(mixed) == 4


def test_rolling_is_the_whole_text_after_the_end_token(backbone_dir: Path) -> None:
    model = harness.ProSGHarness(str(backbone_dir))
    found = model.loglikelihood_rolling(instances("loglikelihood_rolling", ("red, blue",)), disable_tqdm=True)
    ids = [0, *model.tokenizer.encode("red, blue")]
    logits, _ = model.model(torch.tensor([ids[:-1]]))
    wanted = torch.log_softmax(logits[0], -1)[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].sum().item()
    assert found == [pytest.approx(wanted, abs=1e-3)]


def test_controls(backbone_dir: Path, prosg_dir: Path) -> None:
    def score(control: str) -> list[float]:
        model = harness.ProSGHarness(str(backbone_dir), prosg=str(prosg_dir), prosg_control=control)
        return [x for x, _ in model.loglikelihood(forced(), disable_tqdm=True)]

    plain = harness.ProSGHarness(str(backbone_dir)).loglikelihood(forced(), disable_tqdm=True)
    results = {control: score(control) for control in harness.CONTROLS}
    assert results["off"] == [x for x, _ in plain]
    assert len({tuple(values) for values in results.values()}) == 5


def test_model_info(backbone_dir: Path, prosg_dir: Path) -> None:
    model = harness.ProSGHarness(str(backbone_dir), prosg=str(prosg_dir), max_length=8)
    model.loglikelihood(instances("loglikelihood", ("a rather long context of words\n\n", "red"), ("a", "b")), disable_tqdm=True)
    info = model.get_model_info()
    assert info["truncated_requests"] == 1
    assert info["state_bytes"] == 5 * 3 * 32 * 4
    assert info["prosg"]["on"] is True
    assert info["prosg"]["source"] == "tokens"
    off = harness.ProSGHarness(str(backbone_dir), prosg=str(prosg_dir), prosg_control="off").get_model_info()
    assert off["prosg"]["on"] is False
    assert off["model_num_parameters"] < info["model_num_parameters"]
    files = backbone_dir / "model.safetensors", prosg_dir / "prosg.safetensors"
    assert off["model_sha"] == info["model_sha"] == "+".join(map(file_sha256, files))
    assert harness.ProSGHarness(str(backbone_dir)).get_model_info()["model_sha"] == file_sha256(files[0])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"prosg_control": "magic"}, "prosg_control=magic: unknown; one of none"),
        ({"prosg_control": "shuffled"}, "add prosg=DIR"),
        ({"batch_size": "many"}, "batch_size=many: give a whole number or auto"),
        ({"max_length": "-3"}, "max_length=-3: give a whole number of tokens"),
        ({"prosg": "nowhere"}, "config.json: No such file"),
    ],
)
def test_arguments_that_make_no_sense(backbone_dir: Path, args: dict[str, str], message: str) -> None:
    with pytest.raises(MusiError) as caught:
        harness.ProSGHarness(str(backbone_dir), **args)
    assert message in str(caught.value)


def test_chat_template_is_plain_text(backbone_dir: Path) -> None:
    model = harness.ProSGHarness(str(backbone_dir))
    history = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Say yes."}]
    assert model.apply_chat_template(history) == "Be short.\n\nSay yes."
    assert model.tokenizer_name.startswith("prosg-bpe-")


def test_registered_beside_the_others() -> None:
    assert get_model("prosg-rwkv") is harness.ProSGHarness
    assert get_model("hf").__name__ == "HFLM"


def test_through_lm_eval(backbone_dir: Path, prosg_dir: Path, tmp_path: Path) -> None:
    """Both request types in lm-eval's own loop, on documents of our own."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    documents = tmp_path / "documents.jsonl"
    documents.write_text('{"q": "Name two colours."}\n{"q": "Say yes."}\n')
    common = (
        f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {documents}}}}}\ntest_split: test\ndoc_to_text: '{{{{q}}}}'\n"
    )
    (tmp_path / "write.yaml").write_text(
        f"task: prosg_write\noutput_type: generate_until\n{common}doc_to_target: 'yes'\n"
        "generation_kwargs: {until: [], max_gen_toks: 4, do_sample: false}\n"
        "metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]\n"
    )
    (tmp_path / "choose.yaml").write_text(
        f"task: prosg_choose\noutput_type: multiple_choice\n{common}doc_to_target: 0\ndoc_to_choice: ['yes', 'no']\n"
        "metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]\n"
    )
    results = lm_eval.simple_evaluate(
        model="prosg-rwkv",
        model_args={"pretrained": str(backbone_dir), "prosg": str(prosg_dir)},
        tasks=["prosg_write", "prosg_choose"],
        task_manager=TaskManager(include_path=str(tmp_path), include_defaults=False),
        batch_size=2,
        bootstrap_iters=0,
    )
    assert math.isfinite(results["results"]["prosg_choose"]["acc,none"])
    assert len(results["samples"]["prosg_write"]) == 2
    assert results["config"]["prosg"]["source"] == "tokens"
    assert results["config"]["state_bytes"] > 0
