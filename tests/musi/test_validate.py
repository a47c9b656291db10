"""Every check on a built dataset: a clean build passes, and each planted fault is reported with its item and its reason."""

import json
import re
import shutil
from pathlib import Path

import pytest

from musi.errors import MusiError
from musi.schema import canonical_json
from musi.validate import Report, validate


@pytest.fixture
def copy(tiny, tmp_path) -> Path:
    """A copy of the smallest build, to be damaged."""
    return Path(shutil.copytree(tiny, tmp_path / "copy"))


def edit(folder: Path, name: str, number: int, change) -> dict:
    """Replace line `number` (from 1) of a file by what `change` makes of its row; returns the row as it was."""
    path = folder / name
    lines = path.read_bytes().splitlines()
    row = json.loads(lines[number - 1])
    changed = change(json.loads(lines[number - 1]))
    lines[number - 1] = changed if isinstance(changed, bytes) else canonical_json(changed).encode()
    path.write_bytes(b"\n".join(lines) + b"\n")
    return row


def reasons(report: Report, where: str) -> list[str]:
    return [problem.reason for problem in report.problems if problem.where == where]


def stage_set(k: int, **values):
    def change(row):
        row["stages"][k].update(values)
        return row

    return change


def test_a_clean_build_has_no_problems(small):
    done = []
    report = validate(small, workers=2, progress=done.append)
    assert report.problems == []
    assert report.near_duplicates == []
    assert report.items == sum(done) == 220
    assert report.mutants_tried > 10 * report.stages > 0
    assert report.mutants_passed == 0
    assert report.summary().startswith("220 items, ")
    assert report.summary().endswith("0 near-duplicates across splits; 0 problems")
    assert json.loads(json.dumps(report.as_dict()))["mutants_passed"] == 0


CASES = {
    "edited gold": (stage_set(0, answer="wrong"), r"stage 1 \(\w+\): gold answer is not what its parameters give: 'wrong'"),
    "gold that fails": (stage_set(0, answer="wrong"), r"stage 1 \(\w+\): gold fails alone: "),
    "edited params": (stage_set(0, family="add_numbers", params='{"numbers":[1,2,3]}'), "gold answer is not what its parameters"),
    "edited prompt": (
        lambda row: {**row, "prompt": row["prompt"] + " "},
        "prompt is not what its stages, constraints and context",
    ),
    "edited answer": (lambda row: {**row, "answer": row["answer"] + "\n"}, "answer is not what its stages render to"),
    "wrong distance": (stage_set(1, distance=999), r"stage 2: distance is \d+ words, not 999"),
    "wrong memory": (stage_set(0, memory=["constraint"]), "stage 1: kinds of memory are labelled wrong"),
    "unknown family": (stage_set(0, family="nope"), "unknown family 'nope'"),
    "unknown style": (lambda row: {**row, "style": "nope"}, "nope"),
    "unknown language": (lambda row: {**row, "lang": "xx"}, "xx"),
    "unknown constraint": (
        lambda row: {**row, "constraints": [{"name": "nope", "text": "Nope.", "params": "{}"}]},
        "unknown constraint 'nope'",
    ),
    "params that are no JSON": (stage_set(0, params="{"), "JSONDecodeError"),
    "params of another shape": (stage_set(0, params="[]"), "TypeError"),
    "params of other types": (stage_set(0, family="camel_case", params='{"words":[1,2]}'), "AttributeError"),
    "missing params": (stage_set(0, params="{}"), "KeyError"),
    "another id": (lambda row: {**row, "id": "musi-1.0.0-train-00099"}, "id should be musi-1.0.0-train-00002 at this line"),
    "another split": (lambda row: {**row, "split": "validation"}, "release, split or index does not fit the file"),
    "another index": (lambda row: {**row, "index": 7}, "release, split or index does not fit the file"),
    "no canary": (lambda row: {**row, "canary": ""}, "canary is missing"),
    "broken JSON": (lambda row: b'{"id": ', "line: Invalid JSON"),
    "unknown key": (lambda row: {**row, "note": 1}, "note: Extra inputs are not permitted"),
    "empty line": (lambda row: b"", "Invalid JSON"),
}


@pytest.mark.parametrize(("change", "reason"), CASES.values(), ids=CASES)
def test_a_damaged_item_is_reported_with_line_id_and_reason(copy, change, reason):
    row = edit(copy, "train.jsonl", 3, change)
    report = validate(copy, workers=1)
    found = [problem for problem in report.problems if problem.where == "train.jsonl, line 3"]
    assert any(re.search(reason, problem.reason) for problem in found), found
    assert {problem.item for problem in found} <= {row["id"], "-", "musi-1.0.0-train-00099"}


def test_a_verifier_that_lets_mutants_pass_is_reported(copy, monkeypatch):
    import musi.validate as module

    monkeypatch.setattr(module, "mutants", lambda item, k, other: [("lenient", item.stages[k].answer)])
    report = validate(copy, workers=1)
    assert report.mutants_passed == report.stages
    assert any("mutant passes: lenient" in problem.reason for problem in report.problems)


def test_an_item_that_repeats_another_is_reported(copy):
    lines = (copy / "train.jsonl").read_bytes().splitlines()
    edit(copy, "train.jsonl", 5, lambda row: {**json.loads(lines[0]), "id": row["id"], "index": row["index"]})
    assert "has the same canonical parameters as musi-1.0.0-train-00000" in [
        problem.reason for problem in validate(copy, 1).problems
    ]


def test_an_item_copied_into_another_split_is_reported(copy):
    lines = (copy / "train.jsonl").read_bytes().splitlines()
    edit(copy, "test_iid.jsonl", 1, lambda row: {**json.loads(lines[0]), **{key: row[key] for key in ("id", "split", "index")}})
    report = validate(copy, 1)
    copied, original = "musi-1.0.0-test_iid-00000", "musi-1.0.0-train-00000"
    found = [problem.reason for problem in report.problems if problem.item == original]
    assert f"has the same canonical parameters as {copied}" in found
    assert "shares a stage's canonical parameters with split test_iid" in found
    assert [(pair.first, pair.second) for pair in report.near_duplicates] == [(copied, original)]


def test_a_missing_line_is_reported(copy):
    path = copy / "train.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert reasons(validate(copy, 1), "train.jsonl") == ["holds 18 valid items, the manifest says 19"]


def test_a_missing_file_or_manifest_is_a_musi_error(copy):
    (copy / "test_ood.jsonl").unlink()
    with pytest.raises(MusiError, match=r"test_ood\.jsonl: No such file or directory; build the dataset"):
        validate(copy, 1)
    (copy / "manifest.json").unlink()
    with pytest.raises(MusiError, match=r"manifest\.json: No such file or directory"):
        validate(copy, 1)
