"""Input that is meant to harm: bombs, huge lines, archives that lead elsewhere, floods; memory stays bounded throughout."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import zstandard

from leaderboards.archive import opened
from leaderboards.check import check
from leaderboards.submission import CARD, SUMS, write_sums
from musi.errors import MusiError
from tests.leaderboards.support import answer_with, only

MEMORY = 500_000_000  # bytes
GIGABYTE = 1_000_000_000
CHECK = r"""
import re, sys
from pathlib import Path
from leaderboards.archive import opened
from leaderboards.check import check
from musi.errors import MusiError
try:
    with opened(Path(sys.argv[1])) as folder:
        check(folder)
    print("passed")
except MusiError as error:
    print(error)
print(1024 * int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]))
"""


def measured(path: Path) -> tuple[str, int]:
    """(what the check of a submission says, its peak memory in bytes), in a process of its own."""
    done = subprocess.run([sys.executable, "-c", CHECK, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said, memory = done.stdout.strip().rsplit("\n", 1)
    return said, int(memory)


def zstd_of_zeros(path: Path, size: int, line: int) -> None:
    """`size` bytes of lines of `line` spaces, packed."""
    with zstandard.ZstdCompressor(level=19).stream_writer(path.open("wb"), closefd=True) as writer:
        chunk = (b" " * (line - 1) + b"\n") * max(1, 1_000_000 // line) if line <= 1_000_000 else b" " * 1_000_000
        for _ in range(size // len(chunk)):
            writer.write(chunk)


def test_largest_submission_stays_within_memory(submission):
    """Responses as long as the limits allow, of characters that take four bytes each in memory."""
    answer_with(submission, lambda item, k, old: "x" * 95_000 + "\U0001f600")
    assert len(zstandard.decompress(only(submission, "samples_*").read_bytes(), 10**9)) > 90_000_000
    said, memory = measured(submission)
    assert said == "passed"
    assert memory < MEMORY


@pytest.mark.parametrize("line", [1_000, GIGABYTE])
def test_zstd_bomb_is_refused(submission, line):
    path = only(submission, "samples_*.jsonl.zst")
    zstd_of_zeros(path, GIGABYTE, line)
    assert path.stat().st_size < 200_000
    write_sums(submission)
    said, memory = measured(submission)
    assert "line 1: " in said
    assert memory < MEMORY


def test_zstd_that_unpacks_to_too_much_is_refused(submission, monkeypatch):
    monkeypatch.setattr("leaderboards.evidence.MAX_SAMPLES_BYTES", 100_000)
    with pytest.raises(MusiError, match=r"samples_\S+: unpacks to more than 100,000 bytes"):
        check(submission)


def test_zstd_frame_with_a_huge_window_is_refused(submission):
    path = only(submission, "samples_*.jsonl.zst")
    content = zstandard.decompress(path.read_bytes()) * 20
    parameters = zstandard.ZstdCompressionParameters.from_level(19, window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path.write_bytes(compressor.compress(content) + compressor.flush())
    write_sums(submission)
    with pytest.raises(MusiError, match=r"samples_\S+: cannot be unpacked"):
        check(submission)


@pytest.mark.parametrize("cut", [1, 1_000])
def test_broken_zstd_is_refused(submission, cut):
    path = only(submission, "samples_*.jsonl.zst")
    path.write_bytes(path.read_bytes()[:-cut])
    write_sums(submission)
    with pytest.raises(MusiError, match=r"samples_\S+(, line \d+)?: "):
        check(submission)
    path.write_bytes(b"not packed at all")
    write_sums(submission)
    with pytest.raises(MusiError, match=r"samples_\S+: cannot be unpacked"):
        check(submission)


def test_file_of_a_gigabyte_is_refused_unread(submission):
    path = only(submission, "samples_*.jsonl.zst")
    plain = path.with_suffix("")
    path.unlink()
    with plain.open("wb") as file:
        file.truncate(GIGABYTE)  # sparse: it takes no space
    said, memory = measured(submission)
    assert "1,000,000,000 bytes, over the limit" in said
    assert memory < MEMORY


@pytest.mark.parametrize(
    "row",
    [b'{"a":' * 600_000, b"[" * 3_900_000, b'{"a":[' + b"[]," * 1_300_000 + b"[]]}", b'{"' + b"\\u0000" * 600_000 + b'":1}'],
)
def test_nested_and_crowded_lines_stay_within_memory(submission, row):
    only(submission, "samples_*.jsonl.zst").write_bytes(zstandard.compress(row + b"\n"))
    write_sums(submission)
    said, memory = measured(submission)
    assert "samples_musi_quick" in said
    assert "line 1" in said
    assert memory < MEMORY


def test_flood_of_files_is_refused(submission):
    for number in range(10_000):
        (submission / f"{number}.txt").touch()
    with pytest.raises(MusiError, match=r"holds over \d+ files"):
        check(submission)


def test_device_and_pipe_are_refused_without_waiting(submission):
    path = only(submission, "results_*.json")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(MusiError, match="not a plain file"):
        check(submission)


def test_nothing_outside_the_folder_is_opened(submission):
    """The check of a hostile folder, watched by Python's audit hook."""
    (submission / CARD).write_text("name: !!python/object/apply:os.system [touch owned]\n")
    (submission / SUMS).write_text("0" * 64 + "  ../../../../etc/passwd\n")
    watch = f"""
import sys
opened = []
watched = ("open", "os.system", "subprocess.Popen")
sys.addaudithook(lambda event, args: event in watched and opened.append((event, str(args[0]))))
import leaderboards.check
from pathlib import Path
opened.clear()
try:
    leaderboards.check.check(Path({str(submission)!r}))
except leaderboards.check.MusiError as error:
    print(error)
inside = lambda name: name.isdigit() or name.startswith({str(submission)!r})
strange = {{name for event, name in opened if event != "open" or not inside(name)}}
print(*strange, sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, cwd=submission.parent)
    lines = done.stdout.strip().splitlines()
    assert "not one digest and one file name" in lines[0]
    assert len(lines) == 1, lines
    assert not (submission.parent / "owned").exists()


# --- archives -----------------------------------------------------------------------------------------------------------------


def pack(folder: Path, path: Path, add=None) -> Path:
    """Zip a submission folder; `add(archive)` may put more into it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{folder.name}/{file.name}")
        if add:
            add(archive)
    return path


def test_zip_of_a_submission_passes(submission, tmp_path):
    with opened(pack(submission, tmp_path / "good.zip")) as folder:
        assert check(folder).tier == "re-scored"
        place = folder
    assert not place.exists()


def link(archive):
    info = zipfile.ZipInfo("forgetful/results_2026-01-01T00-00-00.000000.json")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def encrypted(archive):
    archive.filelist[0].flag_bits |= 1


def exotic(archive):
    archive.writestr("forgetful/samples_musi_forced_2026-01-01T00-00-00.000000.jsonl", b"x", zipfile.ZIP_LZMA)


def bomb(archive):
    with archive.open("forgetful/samples_musi_forced_2026-01-01T00-00-00.000000.jsonl", "w", force_zip64=True) as file:
        for _ in range(1_000):
            file.write(b" " * 1_000_000)


def nested(archive):
    archive.writestr("forgetful/inner.zip", b"PK")


ARCHIVES = {
    "path upwards": (lambda archive: archive.writestr("../../owned", "x"), r"'\.\./\.\./owned' does not belong"),
    "absolute path": (lambda archive: archive.writestr("/tmp/owned", "x"), "'/tmp/owned' does not belong"),
    "back slash": (lambda archive: archive.writestr("forgetful\\..\\owned", "x"), "does not belong"),
    "two folders": (lambda archive: archive.writestr("other/submission.yaml", "x"), "files of several folders"),
    "file twice": (lambda archive: archive.writestr("forgetful/submission.yaml", "x"), "or one twice"),
    "many files": (lambda archive: [archive.writestr(f"forgetful/{n}", "") for n in range(100)], "lists 104 files"),
    "link": (link, "is a link or a device"),
    "encrypted": (encrypted, "is encrypted or packed in an uncommon way"),
    "exotic": (exotic, "is encrypted or packed in an uncommon way"),
    "bomb": (bomb, "unpacks to 1,000,000,000 bytes, over the limit"),
    "nested": (nested, "'forgetful/inner.zip' does not belong"),
    "comment": (lambda archive: setattr(archive, "comment", b"hello"), "not a plain zip archive"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("mutant", ARCHIVES)
def test_hostile_archives_are_refused(submission, tmp_path, mutant):
    add, reason = ARCHIVES[mutant]
    path = pack(submission, tmp_path / "bad.zip", add)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MusiError, match=rf"bad\.zip: .*{reason}"), opened(path):
        pass
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/owned").exists()


def test_zip_that_lies_about_sizes_is_refused(submission, tmp_path):
    path = pack(submission, tmp_path / "lies.zip")
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\1\2")
    content[place + 24 : place + 28] = (10).to_bytes(4, "little")  # declared size of the last member
    path.write_bytes(content)
    with pytest.raises(MusiError, match=r"lies\.zip: "), opened(path):
        pass


def test_zip_with_a_broken_stream_or_directory_is_refused(submission, tmp_path):
    whole = pack(submission, tmp_path / "broken.zip").read_bytes()
    place = whole.index(b"PK\3\4")
    start = (
        place
        + 30
        + int.from_bytes(whole[place + 26 : place + 28], "little")
        + int.from_bytes(whole[place + 28 : place + 30], "little")
    )
    end = len(whole) - 6
    offset = int.from_bytes(whole[end : end + 4], "little") + 40
    for content in (
        whole[:start] + b"\xff" * 20 + whole[start + 20 :],
        whole[:end] + offset.to_bytes(4, "little") + whole[end + 4 :],
    ):
        (tmp_path / "broken.zip").write_bytes(content)
        with pytest.raises(MusiError, match=r"broken\.zip: not a sound zip archive"), opened(tmp_path / "broken.zip"):
            pass


@pytest.mark.parametrize("content", [b"", b"PK\5\6" + b"\0" * 18, b"Rar!" * 100, b"PK\3\4" * 1_000])
def test_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "none.zip"
    path.write_bytes(content)
    with pytest.raises(MusiError, match=r"none\.zip: |no such folder|holds no"), opened(path) as folder:
        check(folder)


def test_zip_bomb_stays_within_memory(submission, tmp_path):
    said, memory = measured(pack(submission, tmp_path / "bomb.zip", bomb))
    assert "over the limit" in said
    assert memory < MEMORY


def test_card_cannot_claim_megabytes_of_tools(submission):
    card = json.dumps({"tools": {str(n): "x" for n in range(100_000)}})
    (submission / CARD).write_text(card)
    write_sums(submission)
    with pytest.raises(MusiError, match=r"submission\.yaml: .*over the limit of 64,000"):
        check(submission)
