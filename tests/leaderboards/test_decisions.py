"""The log of decisions, and accepting a submission into the entries."""

import datetime
import json
import shutil

import pytest

from leaderboards import record
from leaderboards.check import check
from leaderboards.decisions import accept, append, decide, read_decisions
from leaderboards.record import record_of
from musi.errors import MusiError
from tests.leaderboards.support import edit_results

DAY = datetime.date(2026, 1, 2)


def test_accepting_copies_the_entry_and_adds_a_line(submission, tmp_path):
    entries, log = tmp_path / "entries", tmp_path / "decisions.jsonl"
    entry = accept(submission, entries, log, "Ann", "re-scored, transcripts read", DAY)
    assert {path.name: path.read_bytes() for path in entry.iterdir()} == {p.name: p.read_bytes() for p in submission.iterdir()}
    append(log, decide(check(entry), "flagged", "Bob", "responses equal another entry's", DAY))
    decisions = read_decisions(log)
    assert [(each.entry, each.decision, each.by) for each in decisions] == [
        ("forgetful", "accepted", "Ann"),
        ("forgetful", "flagged", "Bob"),
    ]
    assert decisions[0].digest == check(entry).digest
    with pytest.raises(MusiError, match="already an entry"):
        accept(submission, entries, log, "Ann", "again", DAY)


def test_accepted_entry_is_not_scored_again_by_the_build(submission, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSI_CACHE", str(tmp_path / "cache"))
    entry = accept(submission, tmp_path / "entries", tmp_path / "decisions.jsonl", "Ann", "fine", DAY)
    kept, pages = record_of(entry)
    monkeypatch.setenv("MUSI_CACHE", str(tmp_path / "another"))
    again, other_pages = record_of(entry)
    assert (kept, kept.id) == (again, entry.name)
    assert [path.read_bytes() for path in sorted(pages.iterdir())] == [
        path.read_bytes() for path in sorted(other_pages.iterdir())
    ]
    monkeypatch.setenv("MUSI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(record, "check", None)
    assert record_of(entry) == (kept, pages)


def test_refused_submission_leaves_no_trace(submission, tmp_path):
    edit_results(submission, lambda results: results["results"]["musi_quick"].__setitem__("item_acc,none", 1.0))
    with pytest.raises(MusiError, match="claims item_acc"):
        accept(submission, tmp_path / "entries", tmp_path / "decisions.jsonl", "Ann", "fine", DAY)
    assert not (tmp_path / "entries").exists()
    assert not (tmp_path / "decisions.jsonl").exists()


def test_log_that_cannot_be_written_accepts_nothing(submission, tmp_path):
    with pytest.raises(MusiError, match="nothing was accepted"):
        accept(submission, tmp_path / "entries", tmp_path / "absent" / "decisions.jsonl", "Ann", "fine", DAY)
    assert list((tmp_path / "entries").iterdir()) == []


def test_killed_copy_does_not_stop_the_next(submission, tmp_path):
    shutil.copytree(submission, tmp_path / "entries" / ".forgetful.partial")
    entry = accept(submission, tmp_path / "entries", tmp_path / "decisions.jsonl", "Ann", "fine", DAY)
    assert list((tmp_path / "entries").iterdir()) == [entry]


@pytest.mark.parametrize("line", ['{"entry": "../x"}', "{", '{"entry": "x", "decision": "praised"}'])
def test_broken_log_names_its_line(tmp_path, line):
    log = tmp_path / "decisions.jsonl"
    good = {"entry": "x", "name": "X", "decision": "removed", "digest": "0" * 64, "tier": "re-scored", "reason": "", "by": "A"}
    log.write_text(json.dumps({**good, "date": "2026-01-02"}) + "\n" + line + "\n")
    with pytest.raises(MusiError, match=r"decisions\.jsonl, line 2: "):
        read_decisions(log)
