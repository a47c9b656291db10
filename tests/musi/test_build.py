"""Building: the same bytes by any number of workers, after a kill, and nothing half-written when it fails."""

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from musi import build as module
from musi.build import _unique_lines, build, item_line, shard_bounds, split_lines, split_sizes
from musi.errors import MusiError
from musi.generate import SIZES, build_item, item_key
from musi.rng import Stream
from musi.schema import parse_item

FILES = ["manifest.json", "test_iid.jsonl", "test_ood.jsonl", "train.jsonl", "validation.jsonl"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process group of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, start_new_session=True
    )


@pytest.fixture
def small_shards(monkeypatch):
    """Many shards even in a small build."""
    monkeypatch.setattr(module, "SHARD_ITEMS", 20)


def test_holds_the_files_and_nothing_else(small):
    assert sorted(contents(small)) == FILES
    assert not list(small.parent.glob("*.partial"))


def test_force_replaces_datasets_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(MusiError, match=r"is there and is no dataset \(no manifest\.json\); it is not replaced"):
        build(tmp_path, 22, workers=1, force=True)
    assert (tmp_path / "thesis.tex").exists()
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    build(Path("."), 22, workers=1, force=True)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == FILES


def test_bytes_do_not_depend_on_workers_or_shards(small, tmp_path, small_shards):
    build(tmp_path / "out", 220, workers=2)
    assert contents(tmp_path / "out") == contents(small)


def test_manifest_tells_what_the_files_hold(small):
    from musi.release import file_digest, manifest_of

    manifest = manifest_of(small)
    assert {name: entry.items for name, entry in manifest.files.items()} == {
        "train.jsonl": 190,
        "validation.jsonl": 10,
        "test_iid.jsonl": 10,
        "test_ood.jsonl": 10,
    }
    for name, entry in manifest.files.items():
        assert file_digest(small / name) == entry
        assert hashlib.sha256((small / name).read_bytes()).hexdigest() == entry.sha256


def test_lines_are_canonical(small):
    for line in (small / "test_iid.jsonl").read_bytes().splitlines(keepends=True):
        assert item_line(parse_item(line.rstrip(b"\n"), "here")) == line
        assert b"\r" not in line


def test_a_small_build_is_the_start_of_a_larger_one(small, tiny):
    for name in FILES[1:]:
        assert (small / name).read_bytes().startswith((tiny / name).read_bytes())


def test_split_lines_are_the_lines_of_the_file(small):
    assert b"".join(split_lines("test_ood", 10)) == (small / "test_ood.jsonl").read_bytes()


def test_progress_adds_up(tmp_path):
    done = []
    build(tmp_path / "out", 22, workers=1, progress=done.append)
    assert sum(done) == 22


KILLED = """
import os, sys
from pathlib import Path
from musi import build as module
module.SHARD_ITEMS = 20
calls = []
def progress(done):
    calls.append(done)
    if len(calls) == 5:
        os.killpg(0, 9)
module.build(Path(sys.argv[1]), 220, int(sys.argv[2]), progress=progress)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_build_resumes_to_the_same_bytes(small, tmp_path, small_shards, workers):
    out = tmp_path / "out"
    assert run(KILLED, out, workers).returncode == -signal.SIGKILL
    assert not out.exists()
    shards = list((tmp_path / "out.partial").glob("shards-*/*-[0-9][0-9][0-9][0-9]"))
    assert len(shards) >= 4
    done = []
    build(out, 220, workers=1, progress=done.append)
    assert done[0] >= 80, "finished shards are taken up"
    assert contents(out) == contents(small)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_shards_of_other_code_are_not_taken_up(small, tmp_path, small_shards, monkeypatch):
    assert run(KILLED, tmp_path / "out", 1).returncode == -signal.SIGKILL
    monkeypatch.setattr(module, "source_digest", lambda: "another")
    done = []
    build(tmp_path / "out", 220, workers=1, progress=done.append)
    assert done[0] == 0
    assert contents(tmp_path / "out") == contents(small)


def test_an_existing_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(MusiError, match=r"already exists; check it with `musi dataset verify .*--force"):
        build(tmp_path, 22, workers=1)
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_force_replaces_the_folder(tiny, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old.jsonl").write_text("old")
    build(out, 22, workers=1, force=True)
    assert contents(out) == contents(tiny)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from musi.build import build
from musi.errors import MusiError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    build(Path(sys.argv[1]), 220, int(sys.argv[2]))
except MusiError as error:
    print(error)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_cannot_grow_is_a_musi_error_and_leaves_nothing(tmp_path, workers):
    """The kernel refuses the write (a limit on file size), as it does on a full disk."""
    done = run(FULL_DISK, tmp_path / "out", workers)
    assert done.stdout.startswith(f"{tmp_path / 'out'}: File too large; nothing was kept, free the space"), done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["_build_shard", "_join_shards"])
def test_a_full_disk_at_any_step_leaves_nothing(tmp_path, monkeypatch, step):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, step, full)
    with pytest.raises(MusiError, match="No space left on device; nothing was kept"):
        build(tmp_path / "out", 22, workers=1)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_forced_build_keeps_the_old_folder(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.jsonl").write_text("old")
    monkeypatch.setattr(module, "_join_shards", full)
    with pytest.raises(MusiError):
        build(tmp_path / "out", 22, workers=1, force=True)
    assert contents(tmp_path / "out") == {"old.jsonl": b"old"}


def test_a_target_below_a_file_is_a_musi_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MusiError, match="Not a directory"):
        build(tmp_path / "file" / "out", 22, workers=1)


@pytest.mark.parametrize("items", [0, 1, 21, 23, -22, 21_999])
def test_sizes_that_do_not_divide_are_refused(items):
    with pytest.raises(MusiError, match=r"must be a multiple of 22 .*; try \d+"):
        split_sizes(items)


def test_sizes_of_the_release():
    assert split_sizes(22_000) == SIZES
    assert split_sizes(22) == {"train": 19, "validation": 1, "test_iid": 1, "test_ood": 1}


def test_more_items_than_the_families_can_give_are_refused():
    with pytest.raises(MusiError, match=r"items asked for, but its families give [\d,]+; ask for fewer with --items"):
        split_sizes(22 * 10**30)


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1900])
def test_shards_cover_every_index_once(count):
    assert [index for bounds in shard_bounds(count) for index in bounds] == list(range(count))


def row(split, index, attempt=0):
    item = build_item(split, index, attempt)
    return item_key(item), item_line(item)


def test_an_item_that_repeats_an_earlier_one_is_drawn_again():
    first, second = row("train", 0), row("train", 1)
    lines = list(_unique_lines("train", iter([first, (first[0], b"a repetition\n"), second])))
    assert lines[0] == first[1]
    assert lines[1] == row("train", 1, attempt=1)[1]
    assert lines[2] == second[1]


def test_attempts_go_on_until_the_item_is_new():
    again = row("train", 1, attempt=1)
    lines = list(_unique_lines("train", iter([again, (again[0], b"a repetition\n")])))
    assert lines[1] == row("train", 1, attempt=2)[1]


def test_endless_repetition_is_a_musi_error(monkeypatch):
    first = row("train", 0)
    monkeypatch.setattr(module, "build_item", lambda *_: build_item("train", 0))
    monkeypatch.setattr(module, "MAX_ATTEMPTS", 5)
    with pytest.raises(MusiError, match="train item 1: no new item in 5 attempts; ask for fewer"):
        list(_unique_lines("train", iter([first, first])))


SLOW_SHARDS = """
import sys
from pathlib import Path
from musi import build as module
module.SHARD_ITEMS = 20
module.build(Path(sys.argv[1]), 2200, 2)
"""


@pytest.mark.slow
def test_twenty_kills_at_random_points_end_in_the_same_bytes(tmp_path, small_shards):
    """kill -9 of the whole process group after a random time, twenty times, then a run to the end."""
    build(tmp_path / "wanted", 2200, workers=1)
    rng = Stream("twenty kills")
    killed = 0
    for _ in range(20):
        process = subprocess.Popen([sys.executable, "-c", SLOW_SHARDS, str(tmp_path / "out")], start_new_session=True)
        try:
            process.wait(timeout=0.3 + rng.randint(0, 12) / 10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        if (tmp_path / "out").exists():
            assert contents(tmp_path / "out") == contents(tmp_path / "wanted")
            shutil.rmtree(tmp_path / "out")
    assert killed >= 10
    build(tmp_path / "out", 2200, workers=2)
    assert contents(tmp_path / "out") == contents(tmp_path / "wanted")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "wanted"]


@pytest.mark.slow
def test_the_whole_release_by_one_and_two_workers_is_the_lock(tmp_path):
    """22,000 items twice: byte-identical, and what the lock says."""
    from musi.release import verify

    build(tmp_path / "one", 22_000, workers=1)
    build(tmp_path / "two", 22_000, workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert verify(tmp_path / "one").files["train.jsonl"].items == 19_000
