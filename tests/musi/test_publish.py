"""Releasing: what is broken is not locked, a lock is never changed, and the number must fit what changed."""

import json
import shutil
from pathlib import Path

import pytest

from musi import publish as module
from musi import release
from musi.errors import MusiError
from musi.generate import RELEASE
from musi.publish import earlier_locks, publish
from musi.release import file_digest, lock, manifest_of
from musi.schema import canonical_json
from musi.validate import Report


@pytest.fixture
def locks(tmp_path, monkeypatch) -> Path:
    """An empty folder of locks."""
    folder = tmp_path / "locks"
    folder.mkdir()
    monkeypatch.setattr(release, "LOCKS", folder)
    monkeypatch.setattr(module, "LOCKS", folder)
    return folder


def renamed(source: Path, out: Path, number: str, rows: int | None = None, edit: bool = False) -> Path:
    """A copy of a build under another release number, with only so many rows of test_iid, or the first answer edited."""
    shutil.copytree(source, out)
    manifest = json.loads((out / "manifest.json").read_text())
    for name in manifest["files"]:
        lines = [json.loads(line) for line in (out / name).read_text("utf-8").splitlines()]
        if name == "test_iid.jsonl":
            lines = lines[:rows]
        for line in lines:
            line |= {"id": line["id"].replace(RELEASE, number), "release": number}
        if edit:
            lines[0]["style"] = "bullets" if lines[0]["style"] != "bullets" else "numbered"
        (out / name).write_text("".join(canonical_json(line) + "\n" for line in lines), "utf-8")
        manifest["files"][name] = file_digest(out / name).model_dump(mode="json")
    manifest["release"] = number
    (out / "manifest.json").write_text(canonical_json(manifest) + "\n", "utf-8")
    return out


def test_a_first_release_is_locked_and_locking_it_again_changes_nothing(tiny, locks):
    manifest = publish(tiny, None, workers=1)
    assert manifest == manifest_of(tiny) == lock(RELEASE)
    before = (locks / f"{RELEASE}.lock.json").read_bytes()
    assert publish(tiny, None, workers=1) == manifest
    assert (locks / f"{RELEASE}.lock.json").read_bytes() == before
    assert [path.name for path in locks.iterdir()] == [f"{RELEASE}.lock.json"]


def test_a_lock_is_never_changed(tiny, small, locks):
    publish(tiny, None, workers=1)
    with pytest.raises(MusiError, match=r"already pins other bytes; a release is never changed"):
        publish(small, None, workers=1)
    assert lock(RELEASE) == manifest_of(tiny)


def test_a_minor_release_that_edits_an_old_row_is_refused(tiny, small, locks, tmp_path):
    publish(tiny, None, workers=1)
    edited = renamed(small, tmp_path / "edited", "1.1.0", edit=True)
    with pytest.raises(MusiError, match=r"differs from 1\.0\.0 in its style, which a MINOR release may not do; call it 2\.0\.0"):
        publish(edited, tiny, workers=1)
    assert not (locks / "1.1.0.lock.json").exists()


def test_a_patch_release_that_adds_rows_is_refused(tiny, small, locks, tmp_path):
    publish(tiny, None, workers=1)
    with pytest.raises(MusiError, match=r"is new, which a PATCH release may not do; call it 1\.1\.0"):
        publish(renamed(small, tmp_path / "more", "1.0.1"), tiny, workers=1)


def test_a_later_release_must_be_compared(tiny, small, locks, tmp_path):
    publish(tiny, None, workers=1)
    with pytest.raises(MusiError, match=r"follows 1\.0\.0; name its built folder with --previous"):
        publish(renamed(small, tmp_path / "more", "1.1.0"), None, workers=1)


def test_the_release_before_must_be_the_locked_one(tiny, small, locks, tmp_path):
    publish(tiny, None, workers=1)
    with pytest.raises(MusiError, match=r"is not release 1\.0\.0 as it was locked"):
        publish(renamed(small, tmp_path / "more", "1.1.0"), small, workers=1)


def test_a_broken_build_is_not_locked(tiny, locks, tmp_path):
    broken = Path(shutil.copytree(tiny, tmp_path / "broken"))
    (broken / "train.jsonl").write_bytes((broken / "train.jsonl").read_bytes()[:-10])
    with pytest.raises(MusiError, match=r"problems, the first in train\.jsonl, line 19: .*; nothing was locked"):
        publish(broken, None, workers=1)
    assert not list(locks.iterdir())


def test_rows_that_are_not_those_of_the_manifest_are_not_locked(tiny, locks, tmp_path, monkeypatch):
    """A change that every check lets pass would pin bytes that exist nowhere."""
    other = Path(shutil.copytree(tiny, tmp_path / "other"))
    (other / "train.jsonl").write_bytes((other / "train.jsonl").read_bytes() + b"\n")
    monkeypatch.setattr(module, "validate", lambda *_: Report())
    with pytest.raises(MusiError, match=r"train\.jsonl: differs from manifest\.json"):
        publish(other, None, workers=1)
    assert not list(locks.iterdir())


def test_locks_of_other_languages_do_not_count(tiny, locks):
    publish(tiny, None, workers=1)
    assert earlier_locks("1.1.0") == ["1.0.0"]
    assert earlier_locks("1.1.0-de") == []
    with pytest.raises(MusiError, match=r"no MAJOR\.MINOR\.PATCH number"):
        earlier_locks("gsm8k")
