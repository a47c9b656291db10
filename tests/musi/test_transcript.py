"""A transcript shows prompt, response, cuts and verdicts of one item, as the scorer sees them."""

import pytest
from rich.console import Console

from musi.errors import MusiError
from musi.samples import read_samples, score_sample
from musi.transcript import print_transcript, transcripts


def test_shows_what_the_scorer_says(lm_eval_run):
    run = lm_eval_run("forgetful", "musi_quick")
    for sample in read_samples(run.samples):
        (found,) = transcripts(sample.item.id, [run.folder])
        scored = score_sample(sample)
        assert found["prompt"] == sample.item.prompt
        assert found["response"] == sample.multi
        assert [row["strict"] for row in found["stages"]] == list(scored.multi.passed)
        assert [row["alone strict"] for row in found["stages"]] == list(scored.passed_alone)
        assert [row["gold"] for row in found["stages"]] == [stage.answer for stage in sample.item.stages]
        for row in found["stages"]:
            assert row["strict"] == (row["failure"] == "")
            assert row["strict"] or row["cut"] == "lost"


def test_prints_prompt_response_and_verdicts(lm_eval_run):
    run = lm_eval_run("silent", "musi_quick")
    sample = read_samples(run.samples)[0]
    console = Console(record=True, width=160)
    (found,) = transcripts(sample.item.id, [run.folder])
    print_transcript(found, console)
    text = console.export_text()
    for word in (sample.item.id, "prompt", "response", "nothing", "missing stage", "wrong"):
        assert word in text


def test_markup_in_a_response_is_text(lm_eval_run):
    run = lm_eval_run("gold", "musi_quick")
    (found,) = transcripts(read_samples(run.samples)[0].item.id, [run.folder])
    found["response"] = "[bold]loud[/bold] [/nope]"
    console = Console(record=True, width=160)
    print_transcript(found, console)
    assert "[bold]loud[/bold] [/nope]" in console.export_text()


def test_an_item_that_was_not_asked_is_a_musi_error(lm_eval_run):
    with pytest.raises(MusiError, match="is in no samples of a generate task"):
        transcripts("musi-1.0.0-test_iid-99999", [lm_eval_run("gold", "musi_quick").folder])
