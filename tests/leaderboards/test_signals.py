"""Signals: each shows on the submission made to show it, and none on an honest one."""

import random

import pytest

from leaderboards.check import check
from leaderboards.review import review
from leaderboards.signals import TABLE, signals, twins
from leaderboards.submission import submit
from tests.leaderboards.support import answer_with, edit_card, edit_rows

WRONG = "[1]\nno idea"


def forgets(item, k, old):
    """An honest model: weak alone by the item's number, weaker in the chain."""
    draw = random.Random(f"{item.id} {k}")
    if k is not None:
        return f"[1]\n{item.stages[k].answer}" if draw.random() < 0.7 else WRONG
    lines = []
    for i, stage in enumerate(item.stages, start=1):
        lines += [f"[{i}]", stage.answer if draw.random() < 0.5 else f"no idea {draw.random()}"]
    return "\n".join(lines)


def sandbags(item, k, old):
    """Right in the chain, wrong alone half of the time."""
    if k is None:
        return item.answer + " " if item.index % 3 else item.answer
    return f"[1]\n{item.stages[k].answer}" if (item.index + k) % 2 else WRONG


def mirrors(item, k, old):
    """Answers alone just what it gets right in the chain."""
    known = item.index % 2 == 0
    if k is None:
        return item.answer + "\n" if known else "[1]\nno idea"
    return f"[1]\n{item.stages[k].answer}" if known else WRONG


MODELS = {
    "gold copied": lambda item, k, old: item.answer if k is None else f"[1]\n{item.stages[k].answer}",
    "empty responses": lambda item, k, old: "" if item.index % 4 == 0 else forgets(item, k, old),
    "cut responses": lambda item, k, old: "on and on " * 400 if k is None and item.index % 5 == 0 else forgets(item, k, old),
    "weak control": sandbags,
    "mirrored control": mirrors,
}


def shown(folder):
    return {signal.name for signal in signals(check(folder))}


def test_honest_submission_shows_none(submission):
    answer_with(submission, forgets)
    assert shown(submission) == set()


@pytest.mark.parametrize("name", MODELS)
def test_signal_shows(submission, name):
    answer_with(submission, MODELS[name])
    assert name in shown(submission)
    assert name in TABLE


def test_long_frame_shows(submission):
    def hint(rows):
        for row in rows:
            for request in row["arguments"].values():
                request["arg_0"] = "You are great. " * 50 + request["arg_0"]

    edit_rows(submission, hint)
    assert shown(submission) == {"long frame"}


def test_copied_responses_show_against_the_entries(results, submission, tmp_path):
    entries = tmp_path / "entries"
    submit(results("forgetful"), "Original", entries)
    edit_card(submission, name="Copy")
    _, found = review(submission.rename(tmp_path / "copy"), entries)
    assert [signal.name for signal in found] == ["twin responses"]
    assert "are those of original to the byte" in found[0].text


def test_twin_name_shows_against_the_entries(results, submission, tmp_path):
    submit(results("silent"), "Forgetfu1", tmp_path / "entries")
    _, found = review(submission, tmp_path / "entries")
    assert [signal.name for signal in found] == ["twin name"]


def test_common_wrong_answers_are_nobody_s_own():
    same = {f"e{n}": ["abc"] * 50 for n in range(30)}
    assert twins(same, "t") == {}
    assert set(twins({"a": ["x"] * 30, "b": ["x"] * 30, "c": ["y"] * 30}, "t")) == {"a", "b"}
    assert twins({"a": [""] * 30, "b": [""] * 30}, "t") == {}
    few = ["x"] * 19 + [""] * 11
    assert twins({"a": few, "b": few}, "t") == {}
