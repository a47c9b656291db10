"""The report says the same numbers as lm-eval's own table, and says in words what they mean."""

import json

import pytest
from rich.console import Console

from musi.errors import MusiError
from musi.report import first_line, print_report, report

GENERATE = ("forgetful", "musi_quick")


def printed(data) -> str:
    console = Console(record=True, width=120)
    print_report(data, console)
    return console.export_text()


@pytest.mark.parametrize("model", ["gold", "forgetful", "silent"])
def test_numbers_equal_lm_evals_table(lm_eval_run, model):
    run = lm_eval_run(model, "musi_quick")
    data = report(run.folder)["musi_quick"]

    def table(value):
        return None if value == "N/A" else value

    for name in ("retention", "stage_acc", "single_acc"):
        assert data[name]["value"] == table(run.row[name])
        assert data[name]["stderr"] == table(run.row[f"{name}_stderr"])
        assert data["loose"][name]["value"] == table(run.row[f"{name}_loose"])


@pytest.mark.parametrize("model", ["gold", "forgetful"])
def test_forced_numbers_equal_lm_evals_table(lm_eval_run, model):
    run = lm_eval_run(model, "musi_forced")
    data = report(run.folder)["musi_forced"]
    assert data["kind"] == "forced"
    assert data["retention"]["value"] == run.row["forced_retention"]
    assert data["stage_acc"]["value"] == run.row["forced_stage_acc"]
    assert data["single_acc"]["value"] == run.row["forced_single_acc"]


def test_a_perfect_model(lm_eval_run):
    data = report(lm_eval_run("gold", "musi_quick").folder)["musi_quick"]
    assert data["items"] == 12
    assert data["retention"] == {"value": 1.0, "low": 1.0, "high": 1.0, "stderr": 0.0, "n": data["stage_acc"]["n"]}
    assert data["half_life"]["words"] is None
    assert data["failures"] == {}
    assert "still does 100% in the chain; no decay over distance is seen." in first_line(data)


def test_a_model_that_forgets(lm_eval_run):
    data = report(lm_eval_run(*GENERATE).folder)["musi_quick"]
    assert 0 < data["retention"]["value"] < 1
    assert data["single_acc"]["value"] == 1
    assert data["half_life"]["words"] < 30
    assert data["failures"]["wrong answer"] > 0
    assert data["curve"][0]["value"] > data["curve"][-1]["value"] == 0
    assert {"instruction", "content", "order"} <= set(data["memory"])
    assert "halves every" in first_line(data)


def test_failures_tell_missing_from_wrong(lm_eval_run):
    data = report(lm_eval_run("silent", "musi_quick").folder)["musi_quick"]
    assert data["failures"] == {"missing stage": data["stage_acc"]["n"]}


def test_a_model_that_can_do_nothing_alone(lm_eval_run):
    data = report(lm_eval_run("silent", "musi_quick").folder)
    assert data["musi_quick"]["retention"]["value"] is None
    assert first_line(data["musi_quick"]).startswith("Retention is undefined")
    assert "undefined" in printed(data)


def test_is_plain_data(lm_eval_run):
    data = report(lm_eval_run(*GENERATE).folder)
    assert json.loads(json.dumps(data, allow_nan=False)) == data


@pytest.mark.parametrize("task", ["musi_quick", "musi_forced"])
def test_prints_headline_curve_and_half_life(lm_eval_run, task):
    data = report(lm_eval_run("forgetful", task).folder)
    text = printed(data)
    for word in (task, "retention", "stage_acc", "single_acc", "half-life (words)", "distance (words)", "0-25", "kind of memory"):
        assert word in text
    assert f"{data[task]['retention']['value']:.3f}" in text


def test_little_ability_is_cautioned_against():
    data = {"retention": {"value": 0.5}, "single_acc": {"value": 0.05}, "half_life": {"words": None, "r0": None}}
    assert "only 5% alone, too few to judge" in first_line(data)


def test_one_samples_file_is_enough(lm_eval_run):
    run = lm_eval_run(*GENERATE)
    assert report(run.samples) == report(run.folder)


def test_a_missing_folder_is_a_musi_error(tmp_path):
    with pytest.raises(MusiError, match="no such folder"):
        report(tmp_path / "none")
