"""What changed between two releases, and the version number that the change calls for."""

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from musi.diff import Diff, check_version, diff, print_diff
from musi.errors import MusiError
from musi.generate import RELEASE
from musi.release import file_digest, manifest_of
from musi.schema import canonical_json


def release(source: Path, target: Path, number: str, change=lambda rows: rows) -> Path:
    """A copy of a build under another number, whose train rows are what `change` makes of them."""
    shutil.copytree(source, target)
    for path in target.glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in change(rows) if path.name == "train.jsonl" else rows:
            row["release"], row["id"] = number, f"musi-{number}-{row['split']}-{row['index']:05d}"
        path.write_text("".join(canonical_json(row) + "\n" for row in rows))
    manifest = manifest_of(target).model_dump(mode="json")
    manifest["release"] = number
    manifest["files"] = {path.name: file_digest(path).model_dump() for path in target.glob("*.jsonl")}
    (target / "manifest.json").write_text(canonical_json(manifest))
    return target


def edited(rows):
    rows[3]["stages"][0]["answer"] = "edited"
    return rows


def shorter(rows):
    del rows[5:7]
    return rows


def shuffled(rows):
    for one, other in ((2, 4),):
        rows[one], rows[other] = rows[other] | {"index": one}, rows[one] | {"index": other}
    return rows


def longer(rows):
    rows.append(rows[-1] | {"index": len(rows)})
    return rows


def test_a_release_does_not_differ_from_itself(tiny):
    found = diff(tiny, tiny)
    assert found == Diff(RELEASE, RELEASE)
    check_version(found)


def test_a_new_name_alone_is_a_patch(tiny, tmp_path):
    found = diff(tiny, release(tiny, tmp_path / "new", "1.0.1"))
    assert found == Diff(RELEASE, "1.0.1")
    check_version(found)


def test_a_larger_build_only_adds(tiny, small):
    found = diff(tiny, small)
    assert (len(found.added), found.edited, found.removed) == (198, [], [])
    assert found.added[0] == "musi-1.0.0-train-00019"
    assert sum(row["added"] for row in found.families.values()) > 198
    with pytest.raises(MusiError, match=r"item musi-1\.0\.0-train-00019 is new, but the number is the same"):
        check_version(found)
    assert {tuple(row[change] for change in ("edited", "removed")) for row in found.families.values()} == {(0, 0)}
    assert len(diff(small, tiny).removed) == 198


def test_an_edited_row_is_named_with_its_fields(tiny, tmp_path):
    new = release(tiny, tmp_path / "new", "1.1.0", edited)
    found = diff(tiny, new)
    assert found.edited == [("musi-1.1.0-train-00003", ("stages",))]
    assert sum(row["edited"] for row in found.families.values()) >= 2
    said = (
        r"release 1\.1\.0: item musi-1\.1\.0-train-00003 differs from 1\.0\.0 in its stages, which a MINOR release may not do;"
        r" call it 2\.0\.0"
    )
    with pytest.raises(MusiError, match=said):
        check_version(found)


def test_a_removed_row_is_named(tiny, tmp_path):
    found = diff(tiny, release(tiny, tmp_path / "new", "1.1.0", shorter))
    assert found.removed == ["musi-1.0.0-train-00005", "musi-1.0.0-train-00006"]
    with pytest.raises(MusiError, match=r"item musi-1\.0\.0-train-00005 of 1\.0\.0 is gone, which a MINOR release may not do"):
        check_version(found)


def test_rows_that_change_places_are_edited(tiny, tmp_path):
    found = diff(tiny, release(tiny, tmp_path / "new", "1.1.0", shuffled))
    assert [item_id for item_id, _ in found.edited] == ["musi-1.1.0-train-00002", "musi-1.1.0-train-00004"]


def test_an_added_row_needs_a_minor_release(tiny, tmp_path):
    check_version(diff(tiny, release(tiny, tmp_path / "minor", "1.1.0", longer)))
    with pytest.raises(
        MusiError, match=r"item musi-1\.0\.1-train-00019 is new, which a PATCH release may not do; call it 1\.1\.0"
    ):
        check_version(diff(tiny, release(tiny, tmp_path / "patch", "1.0.1", longer)))


@pytest.mark.parametrize(("old", "new"), [("0.2.0", "0.1.9"), ("1.0.0", "0.9.0"), ("0.1.0", "0.2.1"), ("0.1.0", "2.0.0.0")])
def test_numbers_that_do_not_follow_are_refused(old, new):
    with pytest.raises(MusiError, match=r"does not follow|no MAJOR\.MINOR\.PATCH"):
        check_version(Diff(old, new))


@pytest.mark.parametrize(("old", "new"), [("0.1.0", "0.1.1"), ("0.9.9", "1.0.0"), ("1.0.0-de", "1.1.0-de")])
def test_a_greater_step_than_needed_is_allowed(old, new):
    check_version(Diff(old, new))


def test_two_languages_are_not_compared(tiny, tmp_path):
    new = release(tiny, tmp_path / "new", "1.1.0")
    manifest = json.loads((new / "manifest.json").read_text()) | {"lang": "de"}
    (new / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(MusiError, match="compare releases of one language"):
        diff(tiny, new)


def test_rows_out_of_order_are_refused(tiny, tmp_path):
    new = release(tiny, tmp_path / "new", "1.1.0")
    path = new / "train.jsonl"
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(MusiError, match=r"train\.jsonl: item musi-1\.1\.0-train-00017 is out of order"):
        diff(tiny, new)


def test_a_missing_folder_is_named(tiny, tmp_path):
    with pytest.raises(MusiError, match=r"none/manifest\.json: No such file or directory"):
        diff(tiny, tmp_path / "none")


def test_as_data_and_as_table(tiny, small):
    found = diff(tiny, small)
    data = json.loads(json.dumps(found.as_dict()))
    assert (data["needs"], len(data["added"]), data["edited"]) == ("MINOR", 198, [])
    text = io.StringIO()
    print_diff(found, Console(file=text, width=120))
    assert "added 198: musi-1.0.0-train-00019" in text.getvalue()
    assert "and 195 more" in text.getvalue()
