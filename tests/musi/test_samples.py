"""Samples that lm-eval saved, joined to the gold items; every fault names file and line."""

import json
from pathlib import Path

import pytest

from musi.errors import MusiError
from musi.generate import RELEASE
from musi.release import load_split
from musi.samples import forced_outcomes, outcomes, read_samples, sample_files, score_samples


@pytest.fixture
def saved(lm_eval_run, tmp_path) -> Path:
    """A copy of the samples of a model that forgets, to be damaged."""
    path = tmp_path / "samples_musi_quick_2026.jsonl"
    path.write_bytes(lm_eval_run("forgetful", "musi_quick").samples.read_bytes())
    return path


def edit(path: Path, number: int, change) -> None:
    lines = path.read_text("utf-8").splitlines()
    changed = change(json.loads(lines[number - 1]))
    lines[number - 1] = changed if isinstance(changed, str) else json.dumps(changed)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def doc(**values):
    return lambda row: {**row, "doc": {**row["doc"], **values}}


def test_samples_are_joined_to_gold(saved):
    samples = read_samples(saved)
    gold = {item.id: item for item in load_split("test_iid")}
    assert len(samples) == 12
    for sample in samples:
        assert sample.item == gold[sample.item.id]
        assert len(sample.singles) == len(sample.item.stages)
        assert isinstance(sample.multi, str)
        assert not sample.forced


def test_forced_samples_are_told_apart(lm_eval_run):
    samples = read_samples(lm_eval_run("gold", "musi_forced").samples)
    assert all(sample.forced for sample in samples)
    found = forced_outcomes(samples)
    assert found.multi.all()
    assert found.single.all()
    assert found.distance.tolist() == [stage.distance for sample in samples for stage in sample.item.stages]


def test_outcomes_hold_every_stage(saved):
    scored = score_samples(read_samples(saved))
    found = outcomes(scored)
    assert len(found.item) == sum(len(row.sample.item.stages) for row in scored)
    assert found.n_items == 12
    assert found.single.all()
    assert not found.multi.all()
    assert found.multi[found.distance == 0].all()
    assert not found.multi[found.distance >= 8].any()


FAULTS = {
    "broken JSON": (lambda row: '{"doc": {', "not valid JSON"),
    "deep JSON": (lambda row: "[" * 100_000, "not valid JSON"),
    "empty line": (lambda row: "", "not valid JSON"),
    "no document": (lambda row: {"resps": row["resps"]}, "not a sample of lm-eval"),
    "a list": (lambda row: "[1]", "not a sample of lm-eval"),
    "no id": (doc(id=None), "no MuSI item id"),
    "another benchmark": (doc(id="gsm8k-7"), "not samples of a MuSI task"),
    "another release": (doc(id="musi-9.9.9-test_iid-00002"), "is of release 9.9.9, this MuSI scores 1.0.0; install"),
    "another split": (doc(id="musi-1.0.0-dev-00002"), "names no split of release 1.0.0"),
    "an item beyond the release": (doc(id="musi-1.0.0-test_iid-01000"), "is not in release 1.0.0"),
    "a short id": (doc(id="musi-"), "is of release"),
    "an edited prompt": (doc(prompt="easier"), f"differs from release {RELEASE}"),
    "an edited gold answer": (doc(answer="[1]\nwhatever"), f"differs from release {RELEASE}"),
    "no responses": (lambda row: {**row, "resps": []}, "are not the"),
    "responses missing": (lambda row: {key: value for key, value in row.items() if key != "resps"}, "not a list of single"),
    "a response too few": (lambda row: {**row, "resps": row["resps"][:-1]}, "are not the"),
    "a response too many": (lambda row: {**row, "resps": [*row["resps"], ["x"]]}, "are not the"),
    "repeats": (lambda row: {**row, "resps": [[*each, "again"] for each in row["resps"]]}, "run with repeats 1"),
    "responses that are no text": (lambda row: {**row, "resps": [[7] for _ in row["resps"]]}, "are not the"),
    "half a character": (lambda row: {**row, "resps": [["\ud800"] for _ in row["resps"]]}, "no valid Unicode"),
    "another kind of task": (
        lambda row: {**row, "resps": [*row["resps"], *row["resps"][1:]], "truncated": []},
        "was asked in another way than those above",
    ),
    "null responses": (lambda row: {**row, "resps": [None for _ in row["resps"]]}, "not a list of single responses"),
}


def test_copies_that_a_process_made_to_keep_up_with_the_others_are_left_out(saved):
    before = [sample.responses for sample in read_samples(saved)]
    edit(saved, 3, lambda row: {**row, "resps": [*row["resps"][:-1], row["resps"][-1] + ["a copy"] * 9]})
    assert [sample.responses for sample in read_samples(saved)] == before


FAULTS |= {
    f"{what} flags": (lambda row, bad=bad: {**row, "truncated": bad}, "`truncated` is not a list of one true or false a response")
    for what, bad in {"too few": [True], "wrong": [1] * 9, "missing": None}.items()
}


@pytest.mark.parametrize(("change", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_file_and_line(saved, change, said):
    edit(saved, 3, change)
    with pytest.raises(MusiError, match=rf"^{saved}, line 3: .*{said}") as raised:
        read_samples(saved)
    assert "\n" not in str(raised.value)


def test_an_item_that_comes_twice_is_named(saved):
    lines = saved.read_text().splitlines()
    saved.write_text("\n".join([*lines, lines[4]]) + "\n")
    with pytest.raises(MusiError, match=rf"line 13: item {json.loads(lines[4])['doc']['id']} comes twice"):
        read_samples(saved)


def test_an_empty_file_is_a_musi_error(tmp_path):
    (tmp_path / "samples_musi_quick_1.jsonl").write_text("")
    with pytest.raises(MusiError, match="holds no samples; run lm-eval again with --log_samples"):
        read_samples(tmp_path / "samples_musi_quick_1.jsonl")


def test_a_missing_file_is_a_musi_error(tmp_path):
    with pytest.raises(MusiError, match="No such file or directory; give a file that lm-eval saved"):
        read_samples(tmp_path / "none.jsonl")


def test_an_overlong_line_is_refused(saved, monkeypatch):
    monkeypatch.setattr("musi.samples.MAX_SAMPLE_BYTES", 1000)
    with pytest.raises(MusiError, match="line 1: larger than any MuSI run"):
        read_samples(saved)


def test_sample_files_takes_the_newest_of_each_task_in_each_folder(tmp_path):
    for name in ("a/samples_musi_quick_2026-01-02.jsonl", "b/samples_musi_quick_2026-01-01.jsonl", "samples_gsm8k_2026.jsonl",
                 "samples_musi_forced_2026-01-01.jsonl"):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert [(task, str(path.relative_to(tmp_path))) for task, path in sample_files(tmp_path)] == [
        ("musi_forced", "samples_musi_forced_2026-01-01.jsonl"),
        ("musi_quick", "a/samples_musi_quick_2026-01-02.jsonl"),
        ("musi_quick", "b/samples_musi_quick_2026-01-01.jsonl"),
    ]
    (tmp_path / "a/samples_musi_quick_2026-01-03.jsonl").write_text("")
    newest = tmp_path / "a/samples_musi_quick_2026-01-03.jsonl"
    assert sample_files(tmp_path / "a") == [("musi_quick", newest)]
    assert sample_files(newest) == [("musi_quick", newest)]


def test_a_folder_without_samples_is_a_musi_error(tmp_path):
    with pytest.raises(MusiError, match=r"holds no samples_musi_\*\.jsonl; run lm-eval again with --log_samples"):
        sample_files(tmp_path)
    with pytest.raises(MusiError, match="no such folder"):
        sample_files(tmp_path / "none")
