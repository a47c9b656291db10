"""Answers from a model behind an OpenAI-compatible server: kept only when they obey their rules, counted, resumable."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from musi.errors import MusiError
from musi.importers import import_data
from musi.importers import teacher as module
from musi.importers.teacher import Teacher, teach
from musi.schema import read_items
from musi.score import score_response

pytest.importorskip("openai", reason="needs the extra `teacher`: pip install openai")
HERE = Path(__file__).parent
NO_COMMA = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}


@pytest.fixture
def folder(tmp_path) -> Iterator[Path]:
    """The folder of a running server."""
    process = subprocess.Popen([sys.executable, str(HERE / "server.py"), str(tmp_path)])
    try:
        wait_for(lambda: (tmp_path / "port").exists())
        yield tmp_path
    finally:
        process.kill()
        process.wait()


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def teacher_of(folder: Path, model: str) -> Teacher:
    return Teacher(f"http://127.0.0.1:{(folder / 'port').read_text()}/v1", model, price_in=100, price_out=1_000)


def source(folder: Path, count: int = 6) -> Path:
    path = folder / "source.jsonl"
    rows = [{"prompt": f"Write text {n}."} | NO_COMMA for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def requests(folder: Path) -> list[list]:
    path = folder / "requests"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_answers_that_obey_are_kept_and_can_be_imported(folder, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    done: list[int] = []
    report = teach([source(folder)], folder / "out.jsonl", teacher_of(folder, "good"), progress=done.append)
    assert (report.rows, report.asked, report.kept, report.requests) == (6, 6, 6, 6)
    assert (report.tokens_in, report.tokens_out, report.cost) == (60, 12, 0.018)
    assert sum(done) == 6
    assert {authorization for *_, authorization in requests(folder)} == {"Bearer secret"}
    assert not (folder / "out.jsonl.journal").exists()
    assert "secret" not in (folder / "out.jsonl").read_text() + (folder / "out.jsonl.report.json").read_text()
    import_data([folder / "out.jsonl"], folder / "data", "taught")
    items = list(read_items(folder / "data" / "train.jsonl"))
    assert {stage.answer for item in items for stage in item.stages} == {"plain text"}
    assert score_response(items[0], "[1]\nno\n[2]\nyes, no", [0, 1]).passed == (True, False)


@pytest.mark.parametrize(("model", "reason"), [
    ("commas", "does not obey: punctuation:no_comma"), ("long", "cut off at the limit of tokens"),
    ("silent", "no text in the reply"), ("empty", "no text in the reply"),
])  # fmt: skip
def test_answers_that_cannot_be_kept_are_listed_with_their_reason(folder, model, reason):
    report = teach([source(folder, 2)], folder / "out.jsonl", teacher_of(folder, model))
    assert (report.kept, report.requests, report.failed) == (0, 6, {reason: 2})
    assert [skipped.reason for skipped in report.skipped] == [reason, reason]
    assert (folder / "out.jsonl").read_text() == ""
    assert json.loads((folder / "out.jsonl.report.json").read_text())["failed"] == {reason: 2}


def test_a_failed_answer_is_asked_for_again_at_a_higher_temperature(folder):
    report = teach([source(folder, 2)], folder / "out.jsonl", teacher_of(folder, "learner"))
    assert (report.kept, report.requests) == (2, 4)
    assert sorted(temperature for _, _, temperature, _ in requests(folder)) == [0, 0, 0.7, 0.7]


def test_refused_requests_are_tried_again(folder):
    report = teach([source(folder)], folder / "out.jsonl", teacher_of(folder, "busy"))
    assert (report.kept, report.requests, len(requests(folder))) == (6, 6, 12)


def test_an_unknown_model_is_a_musi_error(folder):
    with pytest.raises(MusiError, match=r"/v1: .*no such model.*; check the server and the model's name, then run it again"):
        teach([source(folder)], folder / "out.jsonl", teacher_of(folder, "wrong"))
    assert not (folder / "out.jsonl").exists()


@pytest.mark.parametrize("model", ["page", "list", "null", "object"])
def test_what_is_no_completion_is_a_musi_error(folder, model):
    with pytest.raises(
        MusiError, match=r"/v1: the reply is no chat completion; give the address of the API, which mostly ends in /v1"
    ):
        teach([source(folder)], folder / "out.jsonl", teacher_of(folder, model))
    assert not (folder / "out.jsonl").exists()


def test_a_server_that_goes_away_is_a_musi_error_and_the_run_goes_on_later(folder, monkeypatch):
    monkeypatch.setattr(module, "RETRIES", 0)
    teacher = replace(teacher_of(folder, "good"), concurrency=1)

    def stop(done: int) -> None:
        if done and len(requests(folder)) == 3:
            (folder / "stop").touch()

    with pytest.raises(MusiError, match="Connection error"):
        teach([source(folder)], folder / "out.jsonl", teacher, progress=stop)
    (folder / "stop").unlink()
    (folder / "requests").unlink()
    with (folder / "out.jsonl.journal").open("ab") as file:
        file.write(b'{"cut short')
    report = teach([source(folder)], folder / "out.jsonl", teacher)
    assert (report.kept, report.tokens_in) == (6, 60)
    assert [asked for _, asked, _, _ in requests(folder)] == [f"Write text {n}." for n in (3, 4, 5)]


def test_answers_that_were_paid_for_are_not_thrown_away(folder):
    journal = folder / "out.jsonl.journal"
    journal.write_bytes(b'{"of": "another version"}\n{"cut short')
    with pytest.raises(MusiError, match=r"out\.jsonl\.journal, line 1: no answer of this MuSI"):
        teach([source(folder)], folder / "out.jsonl", teacher_of(folder, "good"))
    assert journal.read_bytes().startswith(b'{"of"')


KILLED = """
import os, sys
from pathlib import Path
from musi.importers.teacher import Teacher, teach
done = []
def progress(n):
    done.append(n)
    if sum(done) == 4:
        os.kill(os.getpid(), 9)
teach([Path(sys.argv[2])], Path(sys.argv[3]), Teacher(sys.argv[1], "good", concurrency=2), progress=progress)
"""


def test_a_killed_run_goes_on_where_it_stopped(folder, monkeypatch):
    teacher = Teacher(teacher_of(folder, "good").base_url, "good", concurrency=2)
    path, out = source(folder, 12), folder / "out.jsonl"
    killed = subprocess.run([sys.executable, "-c", KILLED, teacher.base_url, str(path), str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    assert len((folder / "out.jsonl.journal").read_bytes().splitlines()) == 4
    monkeypatch.setenv("OPENAI_API_KEY", "second")
    report = teach([path], out, teacher)
    assert report.kept == 12
    assert sum(authorization == "Bearer second" for *_, authorization in requests(folder)) == 8
    assert [json.loads(line)["instruction"] for line in out.read_text().splitlines()] == [f"Write text {n}." for n in range(12)]


def test_only_open_ended_tasks_are_asked_for(folder):
    path = folder / "mixed.jsonl"
    rows = [{"prompt": "Add 1 and 1.", "completion": "2"}, {"turns": ["Write a poem.", "Again."]}, {"x": 1},
            {"prompt": "Write."} | NO_COMMA, {"prompt": "Write."} | NO_COMMA]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = teach([path], folder / "out.jsonl", teacher_of(folder, "good"))
    assert [asked for _, asked, _, _ in requests(folder)] == ["Write."]
    assert [skipped.reason for skipped in report.skipped] == ["no known shape has the keys x", "no rules to verify an answer by"]
    assert report.summary().startswith("5 rows: 1 instructions asked in 1 requests, 1 answers kept; 2 skipped; 10 tokens in")


def test_nothing_to_ask_for_and_an_existing_file_are_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "Add 1 and 1.", "completion": "2"}\n')
    with pytest.raises(MusiError, match="nothing to ask for"):
        teach([path], tmp_path / "out.jsonl", Teacher("http://127.0.0.1:9/v1", "m"))
    with pytest.raises(MusiError, match="already exists"):
        teach([path], path, Teacher("http://127.0.0.1:9/v1", "m"))


@pytest.mark.slow
@pytest.mark.realmodel
def test_smollm2_behind_transformers_serve(tmp_path):
    """A real model behind a real server: three instructions of IFEval's kind."""
    model = Path(__file__).parents[3] / "runs" / "smollm2"
    if not (model / "model.safetensors").exists():
        pytest.skip(f"{model} is not on this machine")
    pytest.importorskip("uvicorn", reason="needs `pip install 'transformers[serving]'`")
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model), "--host", "127.0.0.1", "--port", "8931"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"})
    try:
        wait_for(lambda: listening(8931) or process.poll() is not None, 240)
        teacher = Teacher("http://127.0.0.1:8931/v1", str(model), concurrency=1, attempts=2, max_tokens=64)
        path = tmp_path / "a.jsonl"
        rows = [
            {"prompt": text} | NO_COMMA
            for text in ("Say hello in three words.", "Name a colour.", "What is the capital of France?")
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        report = teach([path], tmp_path / "out.jsonl", teacher)
    finally:
        process.terminate()
        process.wait()
    assert report.asked == 3
    assert report.tokens_in > 0
    assert report.kept >= 1
    assert all("," not in json.loads(line)["output"] for line in (tmp_path / "out.jsonl").read_text().splitlines())


def listening(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
