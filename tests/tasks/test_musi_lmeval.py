"""The lm-eval tasks: what is asked, how it is framed, and what stands in lm-eval's own table."""

import random
import re
from typing import Any

import pytest
from lm_eval.tasks import TaskManager

from musi.compose import SEPARATOR, render_answer, rephrased_single_prompt, single_prompt
from musi.generate import RELEASE, release_name
from musi.languages import LANGUAGES, count_words
from musi.release import load_split, lock_digest
from musi.retention import Outcomes, retention
from musi.score import SCORER_VERSION
from tests.models import TASKS, Chat, Gold, Silent, evaluate


@pytest.fixture(scope="module")
def manager() -> TaskManager:
    return TaskManager(include_path=[str(TASKS)], include_defaults=False)


@pytest.fixture(scope="module")
def tasks(manager) -> dict[str, Any]:
    return manager.load(sorted(path.stem for path in TASKS.glob("musi_*.yaml")))["tasks"]


def requests(task: Any, i: int) -> tuple[dict[str, Any], list[Any]]:
    doc = task.eval_docs[i]
    return doc, task.construct_requests(doc, task.fewshot_context(doc, 0), metadata=(task.config.task, i, 1))


# --- data -----------------------------------------------------------------------------------------------------------------------


def test_data_is_the_locked_release(tasks):
    for name in ("musi_generate", "musi_forced"):
        assert [doc["id"] for doc in tasks[name].eval_docs] == [item.id for item in load_split("test_iid")]
    doc = tasks["musi_generate"].eval_docs[7]
    assert doc == load_split("test_iid")[7].model_dump(mode="json")


def test_quick_is_a_hundred_short_items_of_the_same_split(tasks):
    docs = tasks["musi_quick"].eval_docs
    ids = [item.id for item in load_split("test_iid")]
    assert len(docs) == 100
    assert [doc["id"] for doc in docs] == sorted((doc["id"] for doc in docs), key=ids.index)
    words = tasks["musi_quick"].config.dataset_kwargs["max_words"]
    assert max(count_words(doc["answer"]) for doc in docs) <= words


def test_metadata_names_release_lock_and_scorer(tasks):
    for name, task in tasks.items():
        release = release_name(name.removeprefix("musi_") if name.removeprefix("musi_") in LANGUAGES else "en")
        assert task.config.metadata["release"] == release
        assert task.config.metadata["lock_sha256"] == lock_digest(release)
        assert task.config.metadata["scorer_version"] == SCORER_VERSION


# --- requests -------------------------------------------------------------------------------------------------------------------


def test_the_whole_prompt_and_every_stage_alone_are_asked(tasks):
    for i in range(10):
        _, made = requests(tasks["musi_generate"], i)
        item = load_split("test_iid")[i]
        prompts = [item.prompt, *(single_prompt(item, k) for k in range(len(item.stages)))]
        assert [request.args[0] for request in made] == [prompt + SEPARATOR for prompt in prompts]
        assert [request.idx for request in made] == list(range(len(prompts)))


def digits_one_by_one(text: str) -> int:
    """Tokens of a tokenizer that splits digits and punctuation, and words into pieces of four letters with their space."""
    return len(re.findall(r"\d| ?[^\W\d]{1,4}|[^\w\s]|\s", text))


def test_nothing_stops_a_response_and_gold_fits_into_it(tasks):
    """lm-eval's default `until` of a blank line would cut answers; a small budget would make long answers look forgotten."""
    for i in range(0, 1000, 5):
        doc, made = requests(tasks["musi_generate"], i)
        answers = [doc["answer"], *(render_answer([stage["answer"]]) for stage in doc["stages"])]
        for request, answer in zip(made, answers, strict=True):
            arguments = request.args[1]
            assert arguments["until"] == []
            assert arguments["do_sample"] is False
            assert arguments["max_gen_toks"] >= 1.2 * digits_one_by_one(answer) + 20


def test_twice_shows_the_whole_prompt_twice_and_the_stages_once(tasks):
    _, made = requests(tasks["musi_twice"], 2)
    _, plain = requests(tasks["musi_generate"], 2)
    prompt = load_split("test_iid")[2].prompt
    assert made[0].args[0] == prompt + SEPARATOR + prompt + SEPARATOR
    assert [each.args for each in made[1:]] == [each.args for each in plain[1:]]
    assert made[0].args[1] == plain[0].args[1]


def test_one_shot_shows_a_worked_example_of_another_split_before_every_prompt(tasks):
    doc, made = requests(tasks["musi_1shot"], 0)
    item = load_split("test_iid")[doc["index"]]
    prompts = [item.prompt, *(single_prompt(item, k) for k in range(len(item.stages)))]
    for k, (request, prompt) in enumerate(zip(made, prompts, strict=True)):
        before, rest = request.args[0].split("\n\nThe example ends here; now it is your turn.\n\n")
        assert rest == prompt + SEPARATOR
        shown = before.split("\n\nAnswer:\n")[1]
        assert re.findall(r"^\[\d\]$", shown, re.MULTILINE) == (["[1]"] if k else ["[1]", "[2]"])
    asked = {stage.instruction for split in ("test_iid", "test_ood") for item in load_split(split) for stage in item.stages}
    assert not any(line in asked for line in before.splitlines())


def test_consistency_asks_each_stage_alone_in_two_phrasings(tasks):
    doc, made = requests(tasks["musi_consistency"], 4)
    item, n = load_split("test_iid")[4], len(doc["stages"])
    assert [request.args[0] for request in made[1 + n :]] == [rephrased_single_prompt(item, k) + SEPARATOR for k in range(n)]
    for first, second in zip(made[1 : 1 + n], made[1 + n :], strict=True):
        assert first.args[0] != second.args[0]
        assert first.args[1] == second.args[1]


def test_forced_feeds_the_earlier_gold_answers(tasks):
    doc, made = requests(tasks["musi_forced"], 3)
    n = len(doc["stages"])
    assert len(made) == 2 * n
    for k, stage in enumerate(doc["stages"]):
        context, continuation = made[k].args
        assert context + continuation == doc["prompt"] + SEPARATOR + render_answer(
            [each["answer"] for each in doc["stages"][: k + 1]]
        )
        assert continuation == "\n" + stage["answer"]
        context, continuation = made[n + k].args
        assert context + continuation == single_prompt(load_split("test_iid")[3], k) + SEPARATOR + f"[1]\n{stage['answer']}"


def test_chinese_answers_fit_byte_by_byte(tasks):
    for i in range(0, 1000, 20):
        doc, made = requests(tasks["musi_zh"], i)
        assert made[0].args[1]["max_gen_toks"] >= 1.2 * sum(3 if ord(char) > 0x2E80 else 0 for char in doc["answer"])


@pytest.mark.parametrize("task", ["musi_quick", "musi_forced"])
def test_chat_template_and_system_instruction_frame_every_request(task):
    model = Chat()
    row = evaluate(model, task, limit=3, apply_chat_template=True, system_instruction="Be brief.")
    assert len(model.requests) > 3
    for request in model.requests:
        assert request.args[0].startswith("<system>Be brief.</system><user>")
        assert "</user><assistant>" in request.args[0]
    assert row["retention" if task == "musi_quick" else "forced_retention"] == 1.0


# --- the table ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["musi_quick", "musi_forced"])
def test_gold_keeps_everything(lm_eval_run, task):
    row = lm_eval_run("gold", task).row
    prefix = "forced_" if task == "musi_forced" else ""
    for name in ("retention", "stage_acc", "single_acc"):
        assert (row[prefix + name], row[f"{prefix}{name}_stderr"]) == (1.0, 0.0)


def test_gold_scores_one_in_every_measure(lm_eval_run):
    row = lm_eval_run("gold", "musi_quick").row
    measures = {key: value for key, value in row.items() if isinstance(value, float) and not key.endswith("_stderr")}
    assert len(measures) == 14
    assert {name.removesuffix("_loose") for name in measures} == {
        "retention", "stage_acc", "single_acc", "item_acc", "order_acc", "completed", "constraint_retention"
    }  # fmt: skip
    assert set(measures.values()) == {1.0}
    assert row["truncated"] == row["out_of_tokens"] == "N/A"  # this model has no tokenizer to ask


@pytest.mark.parametrize("task", ["musi_twice", "musi_consistency"])
def test_gold_keeps_everything_under_the_controls(task):
    row = evaluate(Gold(), task, limit=3)
    assert row["retention"] == row["single_acc"] == row["retention_loose"] == 1
    if task == "musi_consistency":
        assert row["consistency"] == row["adjusted_retention"] == row["adjusted_retention_loose"] == 1


@pytest.mark.parametrize("model", [Gold, Silent])
def test_no_answer_passes_as_that_to_another_item(model):
    """At most 0.5 % of gold answers are right by chance for the next item of the split."""
    row = evaluate(model(), "musi_foil", limit=None)
    for name in ("foil_stage_acc", "foil_single_acc", "foil_stage_acc_loose", "foil_single_acc_loose"):
        assert row[name] <= 0.005, name


def test_adjusted_retention_of_a_model_that_is_better_in_the_chain(tasks):
    """Every response to a stage alone is empty half of the time, at random; the chain is always right."""
    task, rng = tasks["musi_consistency"], random.Random(0)
    rows: dict[str, list[Any]] = {}
    for i in range(60):
        doc, made = requests(task, i)
        answers = [Gold().respond(request.args[0]) if request.idx == 0 or rng.random() < 0.5 else "" for request in made]
        for name, value in task.process_results(doc, answers).items():
            rows.setdefault(name, []).append(value)
    found = {name: task.aggregation()[name](values) for name, values in rows.items()}
    assert found["retention"] == 1
    assert found["consistency"] == pytest.approx(0.5, abs=0.08)
    assert found["adjusted_retention"] == pytest.approx(2, abs=0.4)


@pytest.mark.parametrize(("task", "name"), [("musi_quick", "retention"), ("musi_forced", "forced_retention")])
def test_retention_of_a_silent_model_is_undefined_not_zero(lm_eval_run, task, name):
    row = lm_eval_run("silent", task).row
    assert (row[name], row[f"{name}_stderr"]) == ("N/A", "N/A")
    assert row[name.replace("retention", "stage_acc")] == 0
    assert row[name.replace("retention", "single_acc")] == 0


def test_a_model_that_forgets_is_seen_by_retention_not_by_ability(lm_eval_run):
    row = lm_eval_run("forgetful", "musi_quick").row
    assert row["single_acc"] == 1
    assert 0 < row["retention"] == row["stage_acc"] < 1
    assert row["retention_stderr"] > 0
    assert row["completed"] == row["order_acc"] == 1
    assert row["item_acc"] < row["stage_acc"]


def test_forced_bits_are_those_of_the_likelihoods(lm_eval_run):
    """Every answer at -0.25 nats in the chain and alone: the gap is zero."""
    row = lm_eval_run("gold", "musi_forced").row
    docs = load_split("test_iid")[:12]
    stages = [stage for item in docs for stage in item.stages]
    expected = 0.25 / 0.6931471805599453 * len(stages) / sum(len(stage.answer.encode()) + 1 for stage in stages)
    assert row["bits_per_byte"] == pytest.approx(expected)
    assert row["single_bits_per_byte"] == pytest.approx(expected)
    assert row["forgetting_gap"] == pytest.approx(0)
    assert lm_eval_run("forgetful", "musi_forced").row["forgetting_gap"] > 0


def test_every_metric_is_followed_by_its_standard_error(tasks):
    for task in tasks.values():
        doc, made = requests(task, 0)
        results = [(-1.0, True)] * len(made) if task.OUTPUT_TYPE == "loglikelihood" else [""] * len(made)
        names = list(task.process_results(doc, results))
        assert names[1::2] == [f"{name}_stderr" for name in names[::2]]
        assert set(names) == set(task.aggregation())
        assert set(names[::2]) == set(task.higher_is_better())


def test_the_order_of_items_does_not_change_the_values(tasks):
    task = tasks["musi_generate"]
    model = Gold(words=8)
    rows: dict[str, list[Any]] = {}
    for i in range(10):
        doc, made = requests(task, i)
        for name, value in task.process_results(doc, [model.respond(request.args[0]) for request in made]).items():
            rows.setdefault(name, []).append(value)
    aggregation = task.aggregation()
    for name, values in rows.items():
        if not name.endswith("_stderr"):
            assert aggregation[name](values) == pytest.approx(aggregation[name](values[::-1]))
    expected = retention(Outcomes.of([[(0, bool(multi), bool(single)) for multi, single in row] for row in rows["retention"]]))
    assert aggregation["retention"](rows["retention"]) == expected.value
    assert aggregation["retention_stderr"](rows["retention"]) == expected.stderr


def test_answers_in_another_order_than_asked_give_the_same_row(lm_eval_run):
    """A model that sorts its requests, as batching does, and hands the answers back in place."""

    class Sorting(Gold):
        def generate_until(self, requests, disable_tqdm=False):
            order = sorted(range(len(requests)), key=lambda i: (-len(requests[i].args[0]), requests[i].args[0]))
            answers = super().generate_until([requests[i] for i in order])
            return [answer for _, answer in sorted(zip(order, answers, strict=True))]

    row, other = lm_eval_run("forgetful", "musi_quick").row, evaluate(Sorting(words=8), "musi_quick")
    assert {key: value for key, value in row.items() if isinstance(value, float)} == {
        key: value for key, value in other.items() if isinstance(value, float)
    }


def test_data_dir_takes_a_built_folder_that_matches_the_lock(manager, small, cache):
    from musi.errors import MusiError

    load = manager.load(["musi_quick"])["tasks"]["musi_quick"].download.__globals__["load"]
    built = load("test_iid", limit=3, data_dir=str(cache / RELEASE))
    assert [doc["id"] for doc in built["test_iid"]] == [item.id for item in load_split("test_iid")[:3]]
    with pytest.raises(MusiError, match=r"test_iid\.jsonl: "):
        load("test_iid", data_dir=str(small))
