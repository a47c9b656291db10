"""The report says the same numbers as lm-eval's own table, and says in words what they mean."""

import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from musi.errors import MusiError
from musi.report import MIN_ABILITY, effective_stages, failure_reasons, first_line, report
from musi.report_html import draw, render, write
from musi.report_print import print_report
from musi.samples import read_samples, score_sample
from musi.score import segment

GENERATE = ("forgetful", "musi_quick")


def task_of(run, task):
    (model,) = report([run.folder])["models"]
    return model["tasks"][task]


def printed(data) -> str:
    console = Console(record=True, width=140)
    print_report(data, console)
    return console.export_text()


@pytest.mark.parametrize("model", ["gold", "forgetful", "silent"])
def test_numbers_equal_lm_evals_table(lm_eval_run, model):
    run = lm_eval_run(model, "musi_quick")
    data = task_of(run, "musi_quick")

    def table(value):
        return None if value == "N/A" else value

    for name in ("retention", "stage_acc", "single_acc"):
        assert data[name]["value"] == table(run.row[name])
        assert data[name]["stderr"] == table(run.row[f"{name}_stderr"])
        assert data["loose"][name]["value"] == table(run.row[f"{name}_loose"])


def test_adjusted_retention_is_the_headline_where_it_was_measured(lm_eval_run):
    run = lm_eval_run("forgetful", "musi_consistency")
    data = task_of(run, "musi_consistency")
    for name in ("retention", "consistency", "adjusted_retention"):
        assert data[name]["value"] == run.row[name]
        assert data[name]["stderr"] == run.row[f"{name}_stderr"]
    assert f"still does {run.row['adjusted_retention']:.0%}" in first_line("it", data)
    assert "consistency" in printed(report([run.folder]))


@pytest.mark.parametrize("model", ["gold", "forgetful"])
def test_forced_numbers_equal_lm_evals_table(lm_eval_run, model):
    run = lm_eval_run(model, "musi_forced")
    data = task_of(run, "musi_forced")
    assert data["kind"] == "forced"
    assert data["retention"]["value"] == run.row["forced_retention"]
    assert data["stage_acc"]["value"] == run.row["forced_stage_acc"]
    assert data["single_acc"]["value"] == run.row["forced_single_acc"]


def test_a_perfect_model(lm_eval_run):
    data = task_of(lm_eval_run("gold", "musi_quick"), "musi_quick")
    assert data["items"] == 12
    assert data["retention"]["value"] == data["retention"]["high"] == 1
    assert 0.6 < data["retention"]["low"] < 0.8
    assert data["half_life"]["words"] is None
    assert data["failures"] == {}
    assert data["effective_stages"]["stages"] == data["effective_stages"]["longest"]
    line = first_line("gold", data)
    assert re.match(r"gold still does 100% \(\d\d% to 100%\) of what it can do alone; no loss with distance is seen up to", line)


def test_a_model_that_forgets(lm_eval_run):
    data = task_of(lm_eval_run(*GENERATE), "musi_quick")
    assert 0 < data["retention"]["value"] < 1
    assert data["single_acc"]["value"] == 1
    assert data["half_life"]["words"] < 30
    assert data["failures"]["wrong answer"]["all"] == data["failures"]["wrong answer"]["right alone"] > 0
    assert data["curve"][0]["value"] > data["curve"][-1]["value"] == 0
    assert 0 < data["curve"][-1]["high"] <= 1
    assert re.search(r"half of it is gone after \d+ words of its own answers \(\d+ to ", first_line("it", data))


def test_groups_hold_every_stage_once_and_memory_as_often_as_it_is_needed(lm_eval_run):
    run = lm_eval_run("gold", "musi_quick")
    data, samples = task_of(run, "musi_quick"), read_samples(run.samples)
    for label in ("stage", "chain length", "family", "language"):
        assert sum(row["n"] for row in data["by"][label]) == data["stages"]
    memory = {row["name"]: row["n"] for row in data["by"]["kind of memory"]}
    for kind, count in memory.items():
        assert count == sum(kind in stage.memory for sample in samples for stage in sample.item.stages)
    assert [row["name"] for row in data["by"]["language"]] == ["en"]
    assert {row["name"]: row["n"] for row in data["by"]["stage"]}["1"] == 12


def test_a_model_that_can_do_nothing_alone(lm_eval_run):
    run = lm_eval_run("silent", "musi_quick")
    data = task_of(run, "musi_quick")
    assert data["failures"] == {"missing stage": {"all": data["stages"], "right alone": 0}}
    assert data["retention"]["value"] is None
    assert re.search(r"retention is undefined, since it gets 0% of the stages alone \(0% to \d+%\)", first_line("it", data))
    assert "undefined" in printed(report([run.folder]))
    assert "undefined" in render(report([run.folder]))


def test_little_ability_is_said_with_its_interval(lm_eval_run):
    data = task_of(lm_eval_run(*GENERATE), "musi_quick")
    data["single_acc"] |= {"value": 0.12, "low": 0.08, "high": 0.17}
    assert first_line("it", data) == (
        "it: retention cannot be judged, since it gets only 12% of the stages alone (8% to 17%); "
        f"{MIN_ABILITY:.0%} would be needed."
    )


def test_effective_stages_is_the_longest_chain_up_to_which_all_are_above_the_bar():
    def chains(*values):
        return [{"name": str(2 + i), "value": value} for i, value in enumerate(values)]

    assert effective_stages(chains(0.9, 0.6, 0.5, 0.3, 0.8))["stages"] == 4
    assert effective_stages(chains(0.9, None, 0.8))["stages"] == 2
    assert effective_stages(chains(0.4, 0.9))["stages"] is None
    assert effective_stages([])["stages"] is None


# --- why stages failed ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def gold_sample(lm_eval_run):
    samples = read_samples(lm_eval_run("gold", "musi_quick").samples)
    return next(sample for sample in samples if len(sample.item.stages) >= 3)


def reasons(sample, response, **flags):
    return failure_reasons(score_sample(replace(sample, responses=(response, *sample.singles), **flags)))


def test_reasons_of_failure(gold_sample):
    gold, n = gold_sample.multi, len(gold_sample.item.stages)
    texts = segment(gold, n, "strict")[0]
    assert reasons(gold_sample, gold) == [""] * n
    assert reasons(gold_sample, "") == ["missing stage"] * n
    cut = gold[: gold.index("[2]")]
    assert reasons(gold_sample, cut) == ["", *["missing stage"] * (n - 1)]
    assert reasons(gold_sample, cut, out_of_tokens=(True,) + (False,) * n) == ["", *["ran out of tokens"] * (n - 1)]
    assert reasons(gold_sample, cut, truncated=(True,) + (False,) * n) == ["", *["prompt truncated"] * (n - 1)]
    assert reasons(gold_sample, cut, truncated=(False,) + (True,) * n) == ["", *["missing stage"] * (n - 1)]
    swapped = gold.replace(f"[1]\n{texts[0]}", f"[1]\n{texts[1]}").replace(f"[2]\n{texts[1]}", f"[2]\n{texts[0]}")
    assert reasons(gold_sample, swapped)[:2] == ["wrong order", "wrong order"]
    assert reasons(gold_sample, gold + "\n[1]\nagain")[0] == "wrong order"
    assert reasons(gold_sample, gold.replace(f"[2]\n{texts[1]}", "[2]\nno idea"))[1] == "wrong answer"


def test_a_right_answer_against_a_rule_is_a_broken_constraint(lm_eval_run):
    seen = set()
    for sample in read_samples(lm_eval_run("gold", "musi_quick").samples):
        if len(sample.item.constraints) == 1:
            wrong = sample.multi.replace('"', "").replace("; ", ", ").swapcase()
            seen |= set(reasons(sample, wrong))
    assert "broken constraint" in seen


# --- several models ------------------------------------------------------------------------------------------------------------


def test_models_are_compared_on_the_items_they_share(lm_eval_run):
    folders = [lm_eval_run(model, "musi_quick").folder for model in ("gold", "forgetful")]
    data = report(folders)
    assert [model["name"] for model in data["models"]] == [folder.name for folder in folders]
    (pair,) = data["pairs"]["musi_quick"]
    gold, forgetful = (model["tasks"]["musi_quick"]["retention"]["value"] for model in data["models"])
    assert pair["value"] == pytest.approx(gold - forgetful)
    assert 0 < pair["low"] < pair["value"] < pair["high"]
    assert pair["only_second"] == 0
    assert pair["p_holm"] == pytest.approx(2 * 0.5 ** pair["only_first"])
    assert "first - second" in printed(data)


def test_two_runs_of_one_name_are_told_apart(lm_eval_run, tmp_path):
    for folder in ("a/out", "b/out"):
        (tmp_path / folder).mkdir(parents=True)
        run = lm_eval_run("gold", "musi_quick")
        (tmp_path / folder / "samples_musi_quick_2026-01-01.jsonl").write_bytes(run.samples.read_bytes())
    names = [model["name"] for model in report([tmp_path / "a/out", tmp_path / "b/out", tmp_path / "b/out"])["models"]]
    assert names == ["out", "b/out", "b/out (2)"]
    assert len({model["name"] for model in report([tmp_path])["models"]}) == 2


# --- form ----------------------------------------------------------------------------------------------------------------------


def test_is_plain_data(lm_eval_run):
    data = report([lm_eval_run(*GENERATE).folder])
    assert json.loads(json.dumps(data, allow_nan=False)) == data


@pytest.mark.parametrize("task", ["musi_quick", "musi_forced", "musi_consistency"])
def test_prints_everything(lm_eval_run, task):
    data = report([lm_eval_run("forgetful", task).folder])
    text = printed(data)
    for word in (task, "retention", "stage_acc", "single_acc", "half-life (words)", "effective stages", "distance (words)",
                 "0-25", "kind of memory", "chain length", "family", "not known"):  # fmt: skip
        assert word in text
    found = data["models"][0]["tasks"][task]
    assert f"{found['retention']['value']:.3f}" in text


@pytest.mark.parametrize("task", ["musi_quick", "musi_forced", "musi_consistency"])
def test_html_is_one_file_that_asks_for_nothing(lm_eval_run, task, tmp_path):
    data = report([lm_eval_run(model, task).folder for model in ("gold", "forgetful", "silent")])
    write(data, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert not re.findall(r"<script|<link|<img|<iframe|@import|url\(|(?:src|href)=|https?://", text)
    assert text.count("<svg") == len(re.findall(r"</svg>", text)) >= 4
    for model in data["models"]:
        assert first_line(model["name"], model["tasks"][task])[:40] in text.replace("&#39;", "'")
    assert "NaN" not in text
    assert "None" not in text


def test_html_escapes_what_comes_from_outside(lm_eval_run):
    data = report([lm_eval_run(*GENERATE).folder])
    data["models"][0]["name"] = "<script>alert(1)</script>"
    assert "<script" not in render(data)


def test_html_that_cannot_be_written_is_a_musi_error(lm_eval_run, tmp_path):
    with pytest.raises(MusiError, match="No such file or directory; give another file with --html"):
        write(report([lm_eval_run(*GENERATE).folder]), tmp_path / "none" / "report.html")


def test_truncated_prompts_are_shown(lm_eval_run):
    data = report([lm_eval_run(*GENERATE).folder])
    data["models"][0]["tasks"]["musi_quick"]["truncated"] |= {"value": 0.25, "low": 0.1, "high": 0.5}
    assert "lost their beginning" in printed(data)
    assert "25.0 % of the prompts were longer than the model holds" in render(data)


def test_one_samples_file_is_enough(lm_eval_run):
    run = lm_eval_run(*GENERATE)
    alone, folder = report([run.samples]), report([run.folder])
    assert alone["models"][0]["tasks"] == folder["models"][0]["tasks"]


def test_a_missing_folder_is_a_musi_error(tmp_path):
    with pytest.raises(MusiError, match="no such folder"):
        report([tmp_path / "none"])


def test_distances_stand_in_their_order_whoever_has_none_in_one():
    def row(name, value):
        return {"name": name, "value": value, "low": value, "high": value, "n": 5}

    first = [row("0-25", 1.0), row("25-50", None), row("50-100", 0.5)]
    second = [row("0-25", 1.0), row("25-50", 0.5), row("50-100", None)]
    chart = draw("kept", "words", [("a", first), ("b", second)], joined=True)
    assert [name for _, name in chart.x_ticks] == ["0-25", "25-50", "50-100"]
