"""What strict and loose scoring make of responses as models write them."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi import score as module
from musi.compose import render_answer
from musi.errors import MusiError
from musi.matching import Verdict
from musi.score import MAX_RESPONSE_CHARS, candidate, score_response, score_stage, segment
from tests.items import item_of

SUM = ("add_numbers", {"numbers": [4, 5, 1]})  # 10
CITY = ("capital_of", {"country": "KE"})  # Nairobi
SORT = ("sort_words", {"words": ["pear", "fig", "oak"]})  # fig, oak, pear
MESSAGE = ("copy_message", {"sentences": ["The old cat saw the red boat.", "The shy king fed the big goat."]})
ITEM = item_of([SUM, CITY, SORT])
ADD, NAME, ORDER = (stage.instruction for stage in ITEM.stages)
GOLD = ITEM.answer

ALL, NONE = "111", "000"
RESPONSES = {
    # form: what strict asks for
    "gold": (GOLD, ALL, ALL),
    "trailing space and blank lines": ("\n\n[1]  \n\n10 \n\n[2]\t\n Nairobi\n\n[3]\nfig, oak, pear\n\n", ALL, ALL),
    "CRLF": (GOLD.replace("\n", "\r\n"), ALL, ALL),
    "preamble before [1]": (f"Sure! Here are the answers:\n\n{GOLD}", ALL, ALL),
    "preamble that mentions numbers": (f"There are 3 tasks. I will use [1] to [3].\n{GOLD}", ALL, ALL),
    "empty": ("", NONE, NONE),
    "white space": (" \n\t\n", NONE, NONE),
    "answers without any header": ("10\nNairobi\nfig, oak, pear", NONE, NONE),
    # missing, repeated and late stages
    "first stage only": ("[1]\n10", "100", "100"),
    "middle stage missing": ("[1]\n10\n[3]\nfig, oak, pear", "101", "101"),
    "first stage missing": ("[2]\nNairobi\n[3]\nfig, oak, pear", "011", "011"),
    "empty stage": ("[1]\n10\n[2]\n[3]\nfig, oak, pear", "101", "101"),
    "header comes twice with the same text": (f"[1]\n10\n[1]\n10\n{GOLD[7:]}", "011", ALL),
    "header comes twice, right then wrong": (f"{GOLD}\n[1]\n11", "011", ALL),
    "header comes twice, wrong then right": (f"[1]\n11\n{GOLD}", "011", "011"),
    "late header": ("[2]\nNairobi\n[1]\n10\n[3]\nfig, oak, pear", "011", ALL),
    "all in reverse": ("[3]\nfig, oak, pear\n[2]\nNairobi\n[1]\n10", "001", ALL),
    "whole response looped": (f"{GOLD}\n{GOLD}\n{GOLD}", NONE, ALL),
    "last stage looped": (f"{GOLD}\n[3]\nfig, oak, pear\n[3]\nfig, oak, pear", "110", ALL),
    "goes on with stages nobody asked for": (f"{GOLD}\n[4]\nThank you.\n[5]\nBye.", ALL, ALL),
    "stage [0] first": (f"[0]\nOkay.\n{GOLD}", ALL, ALL),
    "text after the last answer": (f"{GOLD}\n\nI hope this helps!", "110", "110"),
    "answers swapped": ("[1]\nNairobi\n[2]\n10\n[3]\nfig, oak, pear", "001", "001"),
    # form: what loose forgives
    "bold headers": ("**[1]**\n10\n**[2]**\nNairobi\n**[3]**\nfig, oak, pear", NONE, ALL),
    "markdown headings": ("### [1]\n10\n### [2]\nNairobi\n### [3]\nfig, oak, pear", NONE, ALL),
    "answer on the header's line": ("[1] 10\n[2] Nairobi\n[3] fig, oak, pear", NONE, ALL),
    "header and colon": ("[1]: 10\n[2]: Nairobi\n[3]: fig, oak, pear", NONE, ALL),
    "numbered list": ("1. 10\n2. Nairobi\n3. fig, oak, pear", NONE, ALL),
    "numbered with brackets": ("1) 10\n2) Nairobi\n3) fig, oak, pear", NONE, ALL),
    "numbered in parentheses": ("(1) 10\n(2) Nairobi\n(3) fig, oak, pear", NONE, ALL),
    "numbers on lines of their own": ("1.\n10\n2.\nNairobi\n3.\nfig, oak, pear", NONE, ALL),
    "stage headers": ("Stage 1: 10\nStage 2: Nairobi\nStage 3: fig, oak, pear", NONE, ALL),
    "task headers": ("Task 1:\n10\n\nTask 2:\nNairobi\n\nTask 3:\nfig, oak, pear", NONE, ALL),
    "bulleted headers": ("- [1] 10\n- [2] Nairobi\n- [3] fig, oak, pear", NONE, ALL),
    "numbering under the header": ("[1]\n1. 10\n[2]\n2. Nairobi\n[3]\n3. fig, oak, pear", NONE, ALL),
    "instruction repeated, then the answer": (f"[1]\n{ADD}\n10\n[2]\n{NAME} Nairobi\n[3]\n{ORDER}\nfig, oak, pear", NONE, ALL),
    "instruction repeated, no answer": (f"[1]\n{ADD}\n[2]\n{NAME}\n[3]\n{ORDER}", NONE, NONE),
    "a sentence that leads in": ("[1]\nThe answer is 10.\n[2]\nAnswer: Nairobi\n[3]\nThe result is: fig, oak, pear", NONE, ALL),
    "reasoning, then the answer alone": ("[1]\n4 + 5 = 9\n9 + 1 = 10\n10\n[2]\nNairobi\n[3]\nfig, oak, pear", "011", ALL),
    "lower and upper case": ("[1]\n10\n[2]\nNAIROBI\n[3]\nFig, Oak, Pear", ALL, ALL),
    "bold headers, a list over several lines": ("**[1]**\n10\n**[2]**\nNairobi\n**[3]**\nfig,\noak,\npear", NONE, ALL),
    "emphasis": ("[1]\n**10**\n[2]\n*Nairobi*.\n[3]\n`fig, oak, pear`", ALL, ALL),
    # content: what neither forgives
    "hedges": ("[1]\n10 or 11\n[2]\nNairobi or Mombasa\n[3]\nfig, oak, pear or pear, oak, fig", NONE, NONE),
    "hedges behind a lead-in": ("[1]\nThe answer is 10 or 11.\n[2]\nAnswer: Nairobi, Mombasa\n[3]\nfig", NONE, NONE),
    "sentences that say the answer": ("[1]\nYou get 10 in all.\n[2]\nIt is Nairobi.\n[3]\nThey are fig, oak, pear.", NONE, ALL),
    "an equation in words": ("[1]\n4 + 6 is 10\n[2]\nNairobi\n[3]\nfig, oak, pear", "011", ALL),
    "right word in the middle of a sentence": ("[1]\n4 and 6 make 10\n[2]\nNairobi is it\n[3]\nfig, oak, pear it is", NONE, NONE),
    "the right answer first, another after it": ("[1]\n10\n11\n[2]\nNairobi\nMombasa\n[3]\nfig, oak, pear\nfig", NONE, NONE),
    "inside a longer answer": ("[1]\n100\n[2]\nNairobis\n[3]\nfig, oak, pear, plum", NONE, NONE),
    "the prompt": (ITEM.prompt, NONE, NONE),
}  # fmt: skip


def passed(response, mode, item=ITEM):
    return "".join(str(int(each)) for each in score_response(item, response, range(len(item.stages)), mode).passed)


@pytest.mark.parametrize(("response", "strict", "loose"), RESPONSES.values(), ids=RESPONSES)
def test_responses(response, strict, loose):
    assert passed(response, "strict") == strict
    assert passed(response, "loose") == loose


SINGLES = {
    "gold": ("[1]\n10", True, True),
    "without header": ("10", False, True),
    "without header, lead-in": ("The answer is 10.", False, True),
    "without header, instruction repeated": (f"{ADD}\n10", False, True),
    "without header, reasoning first": ("4 + 5 + 1\n10", False, True),
    "number of the stage in the chain": ("[3]\n10", False, True),
    "hedge": ("10 or 11", False, False),
    "bare number that looks like a header": ("10.", False, True),
    "empty": ("", False, False),
    "looped": ("[1]\n10\n[1]\n10\n[1]\n10", False, True),
}


@pytest.mark.parametrize(("response", "strict", "loose"), SINGLES.values(), ids=SINGLES)
def test_single_stage_responses(response, strict, loose):
    for mode, expected in (("strict", strict), ("loose", loose)):
        assert score_response(ITEM, response, [0], mode).passed == (expected,)


def test_a_single_answer_is_checked_by_its_own_stage():
    assert score_response(ITEM, "[1]\nNairobi", [1]).passed == (True,)
    assert score_response(ITEM, "[1]\nNairobi", [0]).passed == (False,)


@pytest.mark.parametrize(
    ("response", "ordered", "completed"),
    [
        (GOLD, True, True),
        ("[1]\nx\n[2]\ny\n[3]\nz", True, True),
        ("[1]\n10\n[3]\nz", False, False),
        ("[2]\ny\n[1]\nx\n[3]\nz", False, False),
        (f"{GOLD}\n[3]\nz", False, False),
        (f"{GOLD}\n[4]\nz", False, True),
        ("", False, False),
    ],
)
def test_order_and_completion(response, ordered, completed):
    scored = score_response(ITEM, response, range(3))
    assert (scored.ordered, scored.completed) == (ordered, completed)


def test_a_missing_stage_counts_as_failed():
    scored = score_response(ITEM, "[1]\n10", range(3))
    assert len(scored.stages) == 3
    assert [stage.found for stage in scored.stages] == [True, False, False]
    assert scored.stages[2].reason == "missing stage"


# --- constraints --------------------------------------------------------------------------------------------------------------

RULED = item_of([SUM, CITY], [("end_word", {"word": "over"}), ("speaker_name", {"name": "Nora"})])


@pytest.mark.parametrize(
    ("response", "right", "obeyed"),
    [
        ("[1]\nNora: 10 over\n[2]\nNora: Nairobi over", "11", "11"),
        ("[1]\nNora: 10 over\n[2]\nNairobi", "11", "10"),
        ("[1]\nNora: 11 over\n[2]\nNora: Nairobi", "01", "10"),
        ("[1]\n10\n[2]\nMombasa", "10", "00"),
    ],
)
def test_answer_and_rules_are_told_apart(response, right, obeyed):
    """Forgetting a rule is not forgetting the task: both are recorded, and passing needs both."""
    scored = score_response(RULED, response, range(2))
    assert "".join(str(int(stage.answer_right)) for stage in scored.stages) == right
    assert "".join(str(int(stage.rules_obeyed)) for stage in scored.stages) == obeyed
    assert scored.passed == tuple(r + o == "11" for r, o in zip(right, obeyed, strict=True))


def test_rules_are_stripped_outermost_first():
    item = item_of([CITY], [("quote_marks", {}), ("uppercase", {}), ("end_word", {"word": "over"})])
    assert score_stage(item, 0, '"NAIROBI OVER"').passed
    assert score_stage(item, 0, '"Nairobi over"').reason == "does not obey: is in capital letters"
    assert score_stage(item, 0, '"NAIROBI" OVER').passed, "marks may be nested either way"
    assert not score_stage(item, 0, '"NAIROBI OVER').passed
    assert not score_stage(item, 0, '"Nairobi" over').passed


# --- all items ------------------------------------------------------------------------------------------------------------------


def test_gold_passes_alone_and_in_the_chain(items):
    for item in items:
        for mode in ("strict", "loose"):
            assert set(passed(item.answer, mode, item)) == {"1"}
            for k, stage in enumerate(item.stages):
                assert score_response(item, render_answer([stage.answer]), [k], mode).passed == (True,)


def test_another_items_gold_fails(items):
    """The foil: right answers to other questions. By chance a short one may be right, no more."""
    hits = stages = 0
    for item, other in pairwise(items):
        verdicts = score_response(item, other.answer, range(len(item.stages))).passed
        hits += sum(verdicts)
        stages += len(verdicts)
    assert hits / stages < 0.02


PIECES = st.sampled_from(
    ["[1]", "[2]", "[3]", "[4]", "1.", "2)", "**[3]**", "\n", "\n", "\n", " ", "10", "Nairobi", "fig, oak, pear", "fig,",
     "oak, pear", "The answer is", "Answer:", ADD, NAME, "**", "`", "```", ".", "Stage 1:", "or", "\r\n", "x"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES, max_size=25).map(" ".join), st.lists(PIECES, max_size=25).map("".join)))
def test_any_response_is_scored(response):
    for mode in ("strict", "loose"):
        scored = score_response(ITEM, response, range(3), mode)
        assert len(scored.stages) == 3
        assert all(stage.found or not stage.passed for stage in scored.stages)
        assert all(stage.reason for stage in scored.stages)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_scoring_is_pure(response):
    assert score_response(ITEM, response, range(3), "loose") == score_response(ITEM, response, range(3), "loose")


HOSTILE = [
    "[1]" * 60_000,
    "[1]\n" * 50_000,
    "\n".join(f"[{i}]" for i in range(40_000)),
    "[1]" + " " * 190_000 + "x",
    "[1]\n" + " " * 190_000,
    "- " * 100_000,
    "#" * 200_000,
    ("*" * 6 + " " * 4) * 20_000,
    "Stage " * 30_000,
    "the " * 50_000 + "answer is",
    "1. " * 60_000,
    "```" * 60_000,
    "\n" * 200_000,
    "\r\n" * 100_000,
    "[1]\n" + "10\n" * 60_000,
    "\u2028" * 200_000,
    "[１]\n10",
    "[1]\n" + "answer is " * 20_000,
]


@pytest.mark.parametrize("mode", ["strict", "loose"])
@pytest.mark.parametrize("k", range(len(HOSTILE)))
def test_hostile_responses_fail_fast(k, mode):
    start = time.process_time()
    for item in (ITEM, RULED):
        passed(HOSTILE[k], mode, item)
    assert time.process_time() - start < 3


def test_an_endless_response_is_cut():
    assert passed("[1]\n10\n[2]\n" + "x" * MAX_RESPONSE_CHARS + "\n[3]\nfig, oak, pear", "strict") == "100"


def test_unknown_family_and_constraint_stop_the_run():
    """A fault of the data is never scored as zero."""
    stage = ITEM.stages[0].model_copy(update={"family": "nope"})
    with pytest.raises(MusiError, match=r"musi-1\.0\.0-train-00000 stage 1: unknown family 'nope'"):
        score_response(ITEM.model_copy(update={"stages": (stage, *ITEM.stages[1:])}), GOLD, range(3))
    rule = RULED.constraints[0].model_copy(update={"name": "nope"})
    with pytest.raises(MusiError, match="unknown constraint 'nope'"):
        score_response(RULED.model_copy(update={"constraints": (rule,)}), GOLD, range(2))


def test_a_crash_in_a_verifier_stops_the_run(monkeypatch):
    class Broken:
        answer = "integer"

        def verify(self, text, params, lang) -> Verdict:
            raise RuntimeError("broken verifier")

    monkeypatch.setattr(module, "stage_kind", lambda name, where: Broken())
    with pytest.raises(RuntimeError, match="broken verifier"):
        score_response(ITEM, GOLD, range(3))


# --- strict and loose -----------------------------------------------------------------------------------------------------------

LAYOUTS = {
    "a list over several lines": (ITEM, "[1]\n10\n[2]\nNairobi\n[3]\nfig,\noak,\npear"),
    "a passage over several lines": (
        item_of([MESSAGE]),
        "[1]\nThe old cat saw the red boat.\nThe shy king fed the big goat.",
    ),
    "a fenced answer": (ITEM, "[1]\n```\n10\n```\n[2]\nNairobi\n[3]\n```\nfig, oak, pear\n```"),
    "a preamble that names a header": (ITEM, f"**[1]** stands above the first answer.\n{GOLD}"),
}


@pytest.mark.parametrize(("item", "response"), LAYOUTS.values(), ids=LAYOUTS)
def test_what_passes_strict_passes_loose(item, response):
    assert set(passed(response, "strict", item)) == {"1"}
    assert set(passed(response, "loose", item)) == {"1"}


@given(st.one_of(st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES, max_size=25).map("\n".join)))
def test_loose_is_never_harsher_than_strict(response):
    strict = score_response(ITEM, response, range(3), "strict").passed
    loose = score_response(ITEM, response, range(3), "loose").passed
    assert all(one <= other for one, other in zip(strict, loose, strict=True))


@pytest.mark.parametrize(
    ("kind", "text", "taken"),
    [
        ("integer", "10", "10"),
        ("integer", "1. 10", "10"),
        ("integer", "[1] 10", "10"),
        ("integer", "the  SUM is:  10", "10"),
        ("integer", "You get 10 in all.", "10"),
        ("integer", "9 or 10", "9 or 10"),
        ("integer", "step one\nstep two\n10", "10"),
        ("integer", "4 + 6 = 10", "10"),
        ("integer", "-10", "-10"),
        ("integer", "The answer is -10.", "-10"),
        ("integer", "from 1-5", "from 1-5"),
        ("integer", f"{ADD.upper()} - 10", "10"),
        ("text", "Sure, the correct answer is Nairobi.", "Nairobi."),
        ("text", "The capital is Nairobi", "Nairobi"),
        ("text", "Nairobi, I think", "Nairobi, I think"),
        ("items", "a\nb\nc", "a, b, c"),
        ("items", "- a\n- b\n- c", "a, b, c"),
        ("text", "", ""),
    ],
)
def test_candidate(kind, text, taken):
    assert candidate(text, ADD, kind) == taken


@pytest.mark.parametrize("mode", ["strict", "loose"])
@given(response=st.lists(PIECES, max_size=25).map("\n".join), n=st.integers(1, 5))
def test_segments_are_one_per_stage_and_parts_of_the_response(mode, response, n):
    texts, _ = segment(response, n, mode)
    assert len(texts) == n
    folded = response.replace("\r\n", "\n")
    assert all(text is None or text in folded for text in texts)
