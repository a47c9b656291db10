"""Old samples under today's scorer: nothing changes while the scorer does not, and each change is named when it does."""

import json

import pytest
from rich.console import Console

from musi import rescore as module
from musi.errors import MusiError
from musi.rescore import print_rescore, rescore


def copy(run, tmp_path, change=lambda row: row, task="musi_quick"):
    path = tmp_path / f"samples_{task}_2026-01-01.jsonl"
    rows = [change(json.loads(line)) for line in run.samples.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("task", ["musi_quick", "musi_consistency"])
@pytest.mark.parametrize("model", ["gold", "forgetful", "silent"])
def test_the_same_scorer_gives_the_same_verdicts(lm_eval_run, model, task):
    run = lm_eval_run(model, task)
    (found,) = rescore([run.folder])
    assert found["changes"] == []
    assert found["measures"]["retention"]["now"]["value"] == (None if run.row["retention"] == "N/A" else run.row["retention"])
    assert found["measures"]["retention"]["before"] == found["measures"]["retention"]["now"]


def test_an_older_verdict_that_differs_is_named(lm_eval_run, tmp_path):
    def older(row):
        if row["doc_id"] == 1:
            row["retention"][0] = [False, True]
            row["retention_loose"][1] = [row["retention_loose"][1][0], False]
        return row

    path = copy(lm_eval_run("gold", "musi_quick"), tmp_path, older)
    (found,) = rescore([path])
    shown = [(row["stage"], row["place"], row["mode"], row["before"], row["now"]) for row in found["changes"]]
    assert shown == [(1, "in the chain", "strict", False, True), (2, "alone", "loose", False, True)]
    assert found["measures"]["retention"]["before"]["value"] < found["measures"]["retention"]["now"]["value"] == 1
    console = Console(record=True, width=200)
    print_rescore([found], console)
    text = console.export_text()
    assert "2 of " in text
    assert "wrong → right" in text


def test_a_changed_scorer_shows_in_the_diff(lm_eval_run, monkeypatch):
    def strict_only_first(sample, mode):
        scored = real(sample, mode)
        stages = tuple(
            stage if k == 0 else type(stage)(True, False, True, "new rule", stage.text)
            for k, stage in enumerate(scored.multi.stages)
        )
        return type(scored)(scored.sample, type(scored.multi)(stages, scored.multi.ordered), scored.singles, scored.again)

    real = module.score_sample
    monkeypatch.setattr(module, "score_sample", strict_only_first)
    run = lm_eval_run("gold", "musi_quick")
    (found,) = rescore([run.folder])
    n = int(run.row["sample_len"])
    stages = found["verdicts"] // 4
    assert len(found["changes"]) == 2 * (stages - n)
    assert {row["reason"] for row in found["changes"]} == {"new rule"}


@pytest.mark.parametrize("bad", [None, "yes", [[True]], [["True", "False"]], [[1, 0]]])
def test_saved_verdicts_that_do_not_fit_are_a_musi_error(lm_eval_run, tmp_path, bad):
    path = copy(lm_eval_run("gold", "musi_quick"), tmp_path, lambda row: {**row, "retention": bad})
    with pytest.raises(MusiError, match="`retention` is no list of verdicts"):
        rescore([path])


def test_without_responses_there_is_nothing_to_score(lm_eval_run):
    with pytest.raises(MusiError, match="no samples with responses"):
        rescore([lm_eval_run("gold", "musi_forced").folder])
