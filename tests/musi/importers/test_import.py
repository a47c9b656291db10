"""Data of other shapes become multi-stage items, and every row that does not is listed with its place."""

import errno
import json
import os
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from musi.errors import MusiError
from musi.importers import import_data
from musi.importers import own_data as module
from musi.importers.decontaminate import grams_of_tests, overlaps
from musi.importers.items import LENGTHS, compose
from musi.importers.records import Record, Row, ShapeError, Skipped, Task
from musi.importers.shapes import SHAPES, records_of
from musi.release import manifest_of
from musi.schema import Item, canonical_json, parse_item, read_items
from musi.score import score_response
from musi.validate import validate
from tests.musi.importers.conftest import TESTS

DATA = Path(__file__).parents[4] / "shared" / "data"


def write(path: Path, rows: list) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return path


def alpaca(count: int) -> list[dict]:
    return [{"instruction": f"What is {n} plus 1?", "input": "", "output": str(n + 1)} for n in range(count)]


def items_of(folder: Path) -> list[Item]:
    return list(read_items(folder / "train.jsonl"))


# --- shapes -------------------------------------------------------------------------------------------------------------------

CHAIN = [("Say one.", "1"), ("Say it again.", "1")]
SHAPE_CASES = {
    "taught": ({"instruction": "Speak.", "output": "Yes", "checks": [{"name": "punctuation:no_comma"}]}, "", [("Speak.", "Yes")]),
    "alpaca": ({"instruction": "Add.", "input": "1, 2", "output": "3"}, "", [("Add.\n\n1, 2", "3")]),
    "dolly": ({"instruction": "Who?", "context": "Ann came.", "response": "Ann"}, "", [("Who?\n\nAnn came.", "Ann")]),
    "self-instruct": (
        {"instruction": "Add.", "instances": [{"input": "1 1", "output": "2"}, {"input": "", "output": "0"}]},
        "",
        [("Add.\n\n1 1", "2"), ("Add.", "0")],
    ),
    "prompt/completion": ({"prompt": " Add.\r\n", "completion": "3 "}, "", [("Add.", "3")]),
    "messages": (
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                *(
                    {"role": role, "content": text}
                    for pair in CHAIN
                    for role, text in zip(("user", "assistant"), pair, strict=True)
                ),
            ]
        },
        "Be brief.",
        CHAIN,
    ),
    "mt_bench": (
        {"turns": ["Say one.", "Say it again."], "reference": ["1", ""]},
        "",
        [("Say one.", "1"), ("Say it again.", None)],
    ),
    "IFEval": (
        {"prompt": "Speak.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{"x": None}]},
        "",
        [("Speak.", None)],
    ),
    "GSM8K socratic": (
        {"question": "Two hens.", "answer": "How many? ** 1+1=<<1+1=2>>2\nTwice? ** That is 2*2 = $4.\n#### 4"},
        "Two hens.",
        [("How many? Give the number only.", "2"), ("Twice? Give the number only.", "4")],
    ),
}


@pytest.mark.parametrize("name", SHAPE_CASES)
def test_shapes_are_recognised_and_read(name):
    values, context, tasks = SHAPE_CASES[name]
    shape, records = records_of(Row("here", values))
    assert shape == name
    assert {record.context for record in records} == {context}
    assert [(task.instruction, task.reference) for record in records for task in record.tasks] == tasks


def test_only_the_arguments_of_a_rule_are_kept():
    arguments = {"name": "other", "N": 3.0, "extra": float("nan"), "none": None}
    row = {"prompt": "Hi", "instruction_id_list": ["count:unique_word_count"], "kwargs": [arguments]}
    _, (record,) = records_of(Row("here", row))
    assert record.tasks[0].checks == ({"name": "count:unique_word_count", "N": 3},)


def test_a_null_in_a_table_is_a_missing_key():
    row = {"instruction": "Hi", "output": "Ho", "checks": None, "instances": None, "messages": None}
    assert records_of(Row("here", row))[0] == "alpaca"


def test_every_shape_has_a_case():
    assert {shape.name for shape in SHAPES} == SHAPE_CASES.keys()


BAD = {
    "no known shape": ({"text": "hello"}, "no known shape has the keys text"),
    "missing": ({"instruction": "Add.", "output": None}, "output is missing"),
    "no text": ({"instruction": ["Add."], "output": "3"}, "instruction is no text"),
    "empty": ({"prompt": " ", "completion": "3"}, "prompt is empty"),
    "too long": ({"prompt": "x" * 20_001, "completion": "3"}, "prompt has 20,001 characters, over the limit"),
    "control characters": ({"prompt": "a\x00b", "completion": "3"}, "control characters"),
    "broken surrogate": ({"prompt": "a\ud800", "completion": "3"}, "broken surrogates"),
    "roles": ({"messages": [{"role": "user", "content": "Hi"}]}, "do not alternate"),
    "only a system message": ({"messages": [{"role": "system", "content": "Hi"}]}, "do not alternate"),
    "no messages": ({"messages": []}, "messages is no list"),
    "message that is none": ({"messages": ["Hi"]}, "messages is no list"),
    "no instances": ({"instruction": "Add.", "instances": {}}, "instances is no list"),
    "turns": ({"turns": "Hi"}, "turns or reference is no list"),
    "kwargs": ({"prompt": "Hi", "instruction_id_list": ["punctuation:no_comma"], "kwargs": []}, "two lists of one length"),
    "kwargs that are none": (
        {"prompt": "Hi", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [1]},
        "no list of objects",
    ),
    "unknown rule": ({"prompt": "Hi", "instruction_id_list": ["a:b"], "kwargs": [{}]}, "no verifier for the rule 'a:b'"),
    "checks": ({"instruction": "Hi", "output": "a", "checks": []}, "checks is no list of rules"),
    "rule with broken text": (
        {"instruction": "Hi", "output": "a", "checks": [{"name": "keywords:existence", "keywords": ["\ud800"]}]},
        "a rule holds broken surrogates",
    ),
    "huge rule": (
        {"instruction": "Hi", "output": "a", "checks": [{"name": "startend:end_checker", "end_phrase": "x" * 30_000}]},
        "rules of 30,0.. bytes, over the limit",
    ),
    "checks that are none": ({"instruction": "Hi", "output": "a", "checks": 7}, "checks is no list"),
    "no final answer": ({"question": "Hi", "answer": "How many? ** <<1+1=2>>2"}, "does not end in `#### N`"),
    "no number": ({"question": "Hi", "answer": "How many? ** Many.\nAnd? ** 2\n#### 2"}, "step 1 is no question with a number"),
    "no question": (
        {"question": "Hi", "answer": "Let x be one. ** =1\nAnd? ** 2\n#### 2"},
        "step 1 is no question with a number",
    ),
    "another end": (
        {"question": "Hi", "answer": "One? ** =1\nAnd? ** <<1+1=2>>2\n#### 3"},
        "step 2 comes to 2, but the final answer is 3",
    ),
    "one step": ({"question": "Hi", "answer": "How many? ** <<1+1=2>>2\n#### 2"}, "single step"),
}


@pytest.mark.parametrize(("values", "reason"), BAD.values(), ids=BAD)
def test_rows_that_cannot_be_read_say_why(values, reason):
    with pytest.raises(ShapeError, match=reason):
        records_of(Row("here", values))


# --- items --------------------------------------------------------------------------------------------------------------------


def test_single_tasks_are_composed_and_every_one_is_used(tmp_path):
    report = import_data([write(tmp_path / "a.jsonl", alpaca(100))], tmp_path / "out", "mine", licence="CC0-1.0")
    items = items_of(tmp_path / "out")
    assert (report.rows, report.items, report.stages, report.skipped) == (100, len(items), 100, [])
    assert sorted(int(stage.answer) for item in items for stage in item.stages) == list(range(1, 101))
    assert {len(item.stages) for item in items} <= {*LENGTHS, 9}
    assert len({len(item.stages) for item in items}) > 3
    assert {stage.family for item in items for stage in item.stages} == {"reference_integer"}
    assert {item.style for item in items} == {"numbered", "bullets"}
    assert items[0].id == "musi-mine-train-00000"
    manifest = manifest_of(tmp_path / "out")
    assert (manifest.release, manifest.licence, manifest.canary) == ("mine", "CC0-1.0", "")
    assert validate(tmp_path / "out", 1).problems == []


def test_a_chain_stays_together_under_its_context(tmp_path):
    values, _, _ = SHAPE_CASES["GSM8K socratic"]
    import_data([write(tmp_path / "a.jsonl", [values, *alpaca(2)])], tmp_path / "out", "mine")
    chain = items_of(tmp_path / "out")[0]
    assert [stage.answer for stage in chain.stages] == ["2", "4"]
    assert "Two hens." in chain.prompt
    assert chain.stages[1].memory == ("instruction", "content")
    assert score_response(chain, "[1]\n2\n[2]\n4", range(2)).passed == (True, True)
    assert score_response(chain, "[1]\n2\n[2]\n5", range(2)).passed == (True, False)


def test_taught_answers_are_scored_by_their_rules(tmp_path):
    rows = [{"instruction": f"Write {n}.", "output": f"text {n}", "checks": [{"name": "punctuation:no_comma"}]} for n in range(2)]
    import_data([write(tmp_path / "a.jsonl", rows)], tmp_path / "out", "mine")
    (item,) = items_of(tmp_path / "out")
    assert score_response(item, "[1]\nanything\n[2]\nat, all", range(2)).passed == (True, False)


def test_the_same_sources_give_the_same_bytes_and_another_name_another_order(tmp_path):
    source = write(tmp_path / "a.jsonl", alpaca(30))
    for out, name in (("one", "mine"), ("two", "mine"), ("three", "yours")):
        import_data([source], tmp_path / out, name)
    one, two, three = ((tmp_path / out / "train.jsonl").read_bytes() for out in ("one", "two", "three"))
    assert one == two != three


def test_text_with_lines_of_its_own_is_numbered_and_scored(tmp_path):
    rows = [{"prompt": f"Rewrite:\n\nline {n}", "completion": f"LINE {n}\nand more"} for n in range(4)]
    import_data([write(tmp_path / "a.jsonl", rows)], tmp_path / "out", "mine")
    assert {item.style for item in items_of(tmp_path / "out")} == {"numbered"}
    assert validate(tmp_path / "out", 1).problems == []


def test_rows_are_skipped_with_their_line_and_reason(tmp_path):
    rows = [*alpaca(3), "{broken", "[1, 2]", "", {"text": 1}, alpaca(1)[0], {"turns": ["Say hi."]},
            {"prompt": "Count.", "completion": "one\n[2]\ntwo"}]  # fmt: skip
    source = write(tmp_path / "a.jsonl", rows)
    report = import_data([source], tmp_path / "out", "mine")
    reasons = dict(report.skipped)
    assert sorted(int(where.rsplit(" ", 1)[1]) for where in reasons) == [4, 5, 7, 8, 9, 10]
    assert reasons[f"{source}, line 4"] == "not valid JSON"
    assert reasons[f"{source}, line 5"] == "not an object of keys and values"
    assert reasons[f"{source}, line 8"] == f"repeats {source}, line 1"
    assert reasons[f"{source}, line 9"] == "no reference answer; nothing to verify by"
    assert reasons[f"{source}, line 10"].startswith("its reference cannot be told from the form of an answer")
    saved = json.loads((tmp_path / "out" / "import_report.json").read_text())
    assert len(saved["skipped"]) == 6
    assert saved["shapes"] == {"alpaca": 4, "mt_bench": 1, "prompt/completion": 1}
    assert report.summary().startswith(
        "9 rows (4 alpaca, 1 mt_bench, 1 prompt/completion): 1 items of 3 stages; 6 skipped; 0 over"
    )


def test_a_task_left_alone_is_skipped():
    skipped: list[Skipped] = []
    assert list(compose([Record("here", (Task("Hi.", "a"),))], "mine", "train", "en", skipped)) == []
    assert skipped == [Skipped("here", "nothing to compose it with")]


def test_long_texts_are_not_packed_into_one_item():
    records = [Record(f"r{n}", (Task(f"{n} " + "x" * 19_000, "y" * 19_000),)) for n in range(7)]
    skipped: list[Skipped] = []
    made = list(compose(records, "mine", "train", "en", skipped))
    assert [len(item.stages) for item, _ in made] in ([2, 2, 2], [2, 2, 3])
    assert sum(len(used) for _, used in made) + len(skipped) == 7


# --- files --------------------------------------------------------------------------------------------------------------------


def test_json_parquet_and_saved_datasets_give_the_same_items(tmp_path):
    import datasets

    rows = alpaca(20)
    write(tmp_path / "a.jsonl", rows)
    (tmp_path / "a.json").write_text(json.dumps(rows))
    table = datasets.Dataset.from_list(rows)
    table.to_parquet(str(tmp_path / "a.parquet"))
    table.save_to_disk(str(tmp_path / "saved"))
    datasets.DatasetDict({"train": table}).save_to_disk(str(tmp_path / "splits"))
    made = set()
    for name in ("a.jsonl", "a.json", "a.parquet", "saved", "splits"):
        report = import_data([tmp_path / name], tmp_path / f"{name}-out", "mine")
        assert report.rows == 20
        made.add((tmp_path / f"{name}-out" / "train.jsonl").read_bytes())
    assert len(made) == 1


def test_broken_files_are_musi_errors(tmp_path):
    for name, text, said in (
        ("a.json", "[1, 2", "not valid JSON"),
        ("a.parquet", "PAR1", "broken Parquet"),
        ("a.txt", "", "unknown kind"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(MusiError, match=said):
            import_data([tmp_path / name], tmp_path / "out", "mine")
    parquet.write_table(pa.table({"instruction": ["Say a."] * 50, "output": ["a"] * 50}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[:4] + b"\xff" * 12 + whole[16:])
    with pytest.raises(MusiError, match="broken Parquet"):
        import_data([tmp_path / "a.parquet"], tmp_path / "out", "mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(MusiError, match="use its save_to_disk"):
        import_data([tmp_path / "folder"], tmp_path / "out", "mine")
    with pytest.raises(MusiError, match="no such file or folder"):
        import_data([tmp_path / "none"], tmp_path / "out", "mine")


def test_an_over_long_line_is_skipped_and_the_next_one_read(tmp_path, monkeypatch):
    monkeypatch.setattr("musi.importers.files.MAX_ROW_BYTES", 200)
    source = write(tmp_path / "a.jsonl", [alpaca(1)[0], "x" * 1_000, *alpaca(3)[1:]])
    report = import_data([source], tmp_path / "out", "mine")
    assert report.skipped == [Skipped(f"{source}, line 2", "line over the limit of 200 bytes")]
    assert report.stages == 3


@pytest.mark.parametrize("name", ["", "My Data", "a/b", "..", "a-b", "x" * 70])
def test_names_that_could_not_be_ids_are_refused(tmp_path, name):
    with pytest.raises(MusiError, match="use small letters"):
        import_data([write(tmp_path / "a.jsonl", alpaca(2))], tmp_path / "out", name)


def test_nothing_to_compose_is_a_musi_error_and_leaves_nothing(tmp_path):
    source = write(tmp_path / "a.jsonl", ["{}"])
    with pytest.raises(MusiError, match=r"no row can be a stage \(first: .*line 1: no known shape"):
        import_data([source], tmp_path / "out", "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_an_existing_folder_is_refused_and_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    source = write(tmp_path / "a.jsonl", alpaca(2))
    (tmp_path / "out").mkdir()
    with pytest.raises(MusiError, match="already exists"):
        import_data([source], tmp_path / "out", "mine")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(MusiError, match="No space left on device; nothing was kept"):
        import_data([source], tmp_path / "new", "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "out"]


# --- our own test splits --------------------------------------------------------------------------------------------------------


def test_copies_of_test_items_are_reported(tmp_path):
    item = next(item for item in TESTS if len(item.context.split()) > 20)
    rows = [{"prompt": item.prompt, "completion": item.answer.replace("[", "(").replace("]", ")")},
            {"prompt": f"Tell me: {item.context}", "completion": "no"},
            {"prompt": item.stages[0].instruction.upper(), "completion": "x"}, *alpaca(3)]  # fmt: skip
    report = import_data([write(tmp_path / "a.jsonl", rows)], tmp_path / "out", "mine")
    found = {int(each.where.rsplit(" ", 1)[1]): each for each in report.overlaps}
    assert {1, 2} <= found.keys() <= {1, 2, 3}
    assert found[2].item == item.id
    assert found[2].containment > 0.5


def test_no_generated_training_item_is_contained_by_accident():
    tests = grams_of_tests(TESTS)
    foreign = [
        Record("here", (Task("Write a short poem about the sea and the many boats that sail on it in summer.", "The sea."),))
    ]
    assert overlaps(foreign, tests) == []
    assert overlaps([Record("copy", (Task(TESTS[0].stages[0].instruction, "x"),))], tests)[0].containment == 1


# --- the real files -------------------------------------------------------------------------------------------------------------

REAL = {
    "gsm8k_test_socratic": (1319, 1205, Counter({"reference_integer": 4155, "reference_number": 81})),
    "mt_bench_questions": (80, 31, Counter({"reference_text": 33, "reference_passage": 25, "reference_integer": 4})),
    "self_instruct_user_oriented": (252, 252, Counter({"reference_passage": 183, "reference_text": 69})),
}


def real(name: str) -> Path:
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    return path


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_imported_whole_or_listed(tmp_path, name):
    rows, used, families = REAL[name]
    report = import_data([real(name)], tmp_path / "out", name)
    assert report.rows == rows
    assert len(report.skipped) == rows - used
    assert report.families == families
    assert report.overlaps == []
    checked = validate(tmp_path / "out", 1)
    assert (checked.problems, checked.mutants_passed) == ([], 0)
    line = (tmp_path / "out" / "train.jsonl").read_bytes().splitlines()[0]
    assert canonical_json(parse_item(line, "here").model_dump(mode="json")).encode() == line


@pytest.mark.parametrize(("name", "rows", "open_ended"), [("ifeval_prompts", 541, 424), ("ifbench_test", 300, 22)])
def test_prompts_without_reference_are_listed_for_the_teacher(tmp_path, name, rows, open_ended):
    report = module.ImportReport()
    records = module.read_records([real(name)], report)
    assert (report.rows, len(records), len(report.skipped)) == (rows, open_ended, rows - open_ended)
    reasons = Counter(reason.split(" '")[0] for _, reason in report.skipped)
    assert reasons["no verifier for the rule"] >= len(report.skipped) - 2
    with pytest.raises(MusiError, match="no row can be a stage"):
        import_data([real(name)], tmp_path / "out", "mine")


def test_an_imported_dataset_has_a_layout_and_a_card_of_its_own(tmp_path):
    import datasets

    from musi.layout import export

    import_data([write(tmp_path / "a.jsonl", alpaca(20))], tmp_path / "out", "mine", licence="CC0-1.0")
    export(tmp_path / "out", tmp_path / "layout")
    loaded = datasets.load_dataset(str(tmp_path / "layout"), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train"]
    assert loaded["train"]["id"] == [item.id for item in items_of(tmp_path / "out")]
    card = (tmp_path / "layout" / "README.md").read_text()
    assert "license: cc0-1.0" in card
    assert "musi-canary" not in card
    assert "GeoNames" not in card
