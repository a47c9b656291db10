"""Locks, digests, and verified copies of a split."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from musi import release
from musi.build import item_line
from musi.errors import MusiError
from musi.generate import RELEASE, build_item
from musi.release import cache_dir, file_digest, find_item, load_split, lock, lock_digest, manifest_of, read_manifest, verify


@pytest.fixture
def locked(small, tmp_path, monkeypatch) -> Path:
    """A copy of the small build, to be damaged, and a lock that fits it."""
    locks = tmp_path / "locks"
    locks.mkdir()
    shutil.copy(small / "manifest.json", locks / f"{RELEASE}.lock.json")
    monkeypatch.setattr(release, "LOCKS", locks)
    return Path(shutil.copytree(small, tmp_path / "copy"))


def test_the_release_has_a_lock_of_22_000_items():
    assert sum(entry.items for entry in lock().files.values()) == 22_000
    assert lock().release == RELEASE
    assert lock_digest() == hashlib.sha256((release.LOCKS / f"{RELEASE}.lock.json").read_bytes()).hexdigest()


def test_an_unknown_release_names_the_known_ones():
    with pytest.raises(
        MusiError, match=r"release '9\.9\.9' has no lock in this MuSI \(known: 0\.1\.0, 1\.0\.0, 1\.0\.0-de, .*\); install"
    ):
        lock("9.9.9")


def test_an_untouched_build_verifies(locked):
    assert verify(locked) == lock()


@pytest.mark.parametrize(("name", "line"), [("test_iid.jsonl", 0), ("test_ood.jsonl", 7), ("validation.jsonl", 9)])
def test_an_edited_byte_names_file_line_and_item(locked, name, line):
    path = locked / name
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"e", b"3", 1)
    path.write_bytes(b"".join(lines))
    item = f"musi-{RELEASE}-{path.stem}-{line:05d}"
    with pytest.raises(MusiError, match=rf"^{path}: line {line + 1} \(item {item}\) differs from the lock; rebuild"):
        verify(locked)


@pytest.mark.parametrize(
    "edit", [lambda data: data[:-1], lambda data: data + data[:50], lambda data: data.replace(b"\n", b"\r\n")]
)
def test_a_cut_or_lengthened_or_converted_file_differs(locked, edit):
    path = locked / "test_iid.jsonl"
    path.write_bytes(edit(path.read_bytes()))
    with pytest.raises(MusiError, match=rf"^{path}: line \d+ \(item musi-.*\) differs"):
        verify(locked)


def test_a_missing_file_is_named(locked):
    (locked / "validation.jsonl").unlink()
    with pytest.raises(MusiError, match=r"validation\.jsonl: No such file or directory; build the dataset"):
        verify(locked)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MusiError, match=rf"^{tmp_path}/none/manifest.json: No such file or directory; build the dataset"):
        verify(tmp_path / "none")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"release": 1}', "\x00"])
def test_a_broken_manifest_is_named(locked, text):
    (locked / "manifest.json").write_text(text)
    with pytest.raises(MusiError, match=rf"^{locked}/manifest.json: .*rebuild with"):
        verify(locked)


@pytest.mark.parametrize(
    ("change", "said"), [({"licence": "MIT"}, "differs from the lock"), ({"release": "9.9.9"}, "has no lock")]
)
def test_an_edited_manifest_is_found(locked, change, said):
    path = locked / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(MusiError, match=said):
        verify(locked)


def test_file_digest(tmp_path):
    (tmp_path / "f").write_bytes(b"a\nb\n")
    entry = file_digest(tmp_path / "f")
    assert (entry.bytes, entry.items, entry.sha256) == (4, 2, hashlib.sha256(b"a\nb\n").hexdigest())


def test_manifest_of_reads_what_build_wrote(small):
    assert manifest_of(small) == read_manifest(small / "manifest.json")


# --- the cache ----------------------------------------------------------------------------------------------------------------


def test_a_split_is_built_into_the_cache_once(cache):
    first = load_split("test_iid")
    path = cache / RELEASE / "test_iid.jsonl"
    stamp = path.stat().st_mtime_ns
    assert load_split("test_iid") == first
    assert path.stat().st_mtime_ns == stamp
    assert len(first) == 1000
    assert item_line(first[7]) == item_line(build_item("test_iid", 7))


def test_a_damaged_cache_is_built_again(cache, tmp_path, monkeypatch):
    good = load_split("test_iid")
    monkeypatch.setenv("MUSI_CACHE", str(tmp_path))
    (tmp_path / RELEASE).mkdir()
    path = tmp_path / RELEASE / "test_iid.jsonl"
    path.write_bytes((cache / RELEASE / "test_iid.jsonl").read_bytes()[:-5])
    assert load_split("test_iid") == good
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_folder_of_the_users_is_never_repaired(locked):
    path = locked / "test_iid.jsonl"
    path.write_bytes(path.read_bytes().replace(b"e", b"3", 1))
    damaged = path.read_bytes()
    with pytest.raises(MusiError, match=r"line 1 \(item musi-1\.0\.0-test_iid-00000\) differs"):
        load_split("test_iid", locked)
    assert path.read_bytes() == damaged


def test_an_unusable_cache_is_a_musi_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MUSI_CACHE", str(tmp_path / "file"))
    with pytest.raises(MusiError, match="point MUSI_CACHE to a writable folder"):
        load_split("validation")


def test_cache_dir_follows_the_environment(monkeypatch):
    monkeypatch.setenv("MUSI_CACHE", "/chosen")
    assert cache_dir() == Path("/chosen")
    monkeypatch.delenv("MUSI_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_dir() == Path("/xdg/musi")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == Path.home() / ".cache" / "musi"


def test_find_item():
    assert find_item(f"musi-{RELEASE}-test_iid-00007") == build_item("test_iid", 7)


@pytest.mark.parametrize("name", ["", "7", "test_iid-00007", "musi-1.0.0-test_iid-7", "musi-1.0.0-test_iid-01000",
                                  "musi-9.9.9-test_iid-00007", "musi-1.0.0-dev-00007", "musi-1.0.0-test_iid--0001",
                                  "musi-1.0.0-test_iid-²", "musi-1.0.0-test_iid-" + "9" * 5000])  # fmt: skip
def test_an_unknown_item_is_a_musi_error(name):
    with pytest.raises(MusiError, match="no such item in release"):
        find_item(name)
