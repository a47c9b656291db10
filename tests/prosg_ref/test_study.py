"""A study trains, scores, writes its page, and goes on where it was stopped; the shipped ones are sound."""

import json
import math
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from tiny_models import random_prosg

from musi.errors import MusiError
from musi.languages import LANGUAGES
from musi.schema import Item, read_items
from prosg_ref import overhead_study, study, verify
from prosg_ref.checkpoint import save_prosg
from prosg_ref.figure import Line, Point, draw, draw_rows
from prosg_ref.gains import bins_of_distance
from prosg_ref.parts import shrink
from prosg_ref.prosg import ProSG
from prosg_ref.recipes import ProSGRecipe, find_recipe, load_yaml, shipped

SCHEDULE = {"steps": 3, "batch_size": 2, "lr": 1e-3, "warmup_steps": 1, "max_tokens": 20_000, "validation_items": 2}
SVG = "{http://www.w3.org/2000/svg}"


def shortest(data_dir: Path, split: str) -> list[Item]:
    """Items of a split, shortest answers first: an untrained model writes until it is stopped."""
    return sorted(read_items(data_dir / f"{split}.jsonl"), key=lambda item: len(item.answer))


@pytest.fixture
def config(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of two trainings and four rows, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(study, "load_split", lambda split, lang: shortest(data_dir, split))
    shape = {"n_layer": 2, "n_embd": 16, "vocab_size": 300}
    Path("base.yaml").write_text(yaml.safe_dump({"data": str(data_dir), "model": shape, "schedule": SCHEDULE}))
    module = {"data": str(data_dir), "backbone": "nowhere", "prosg": {"source": "tokens"}, "schedule": SCHEDULE}
    Path("module.yaml").write_text(yaml.safe_dump(module))
    values = {
        "title": "A rehearsal",
        "question": "Does it run?",
        "train": [
            {"name": "base", "recipe": "base.yaml"},
            {"name": "rank 2", "recipe": "module.yaml", "after": "base", "set": {"prosg.source": "state", "prosg.rank": 2}},
        ],
        "score": [
            {"name": "backbone", "model": "base", "line": "all"},
            {"name": "twice", "model": "base", "control": "twice", "line": "all"},
            {"name": "ProSG", "model": "rank 2", "line": "all"},
            {"name": "shuffled", "model": "rank 2", "control": "shuffled"},
        ],
        "items": 2,
    }
    path = Path("study.yaml")
    path.write_text(yaml.safe_dump(values))
    return path


def test_study_writes_table_figure_and_numbers_and_resumes(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = study.run_study("rehearsal", config, "musi study rehearsal", lambda line: None)
    text = page.read_text()
    assert "| variant | loss | answer perplexity |" in text
    assert "```sh\nmusi study rehearsal\n```" in text
    rows = json.loads(Path("docs/results/rehearsal.json").read_text())["rows"]
    assert [row["name"] for row in rows] == ["backbone", "twice", "ProSG", "shuffled"]
    assert len({row["answer_ppl"] for row in rows}) > 1
    assert json.loads(Path("runs/studies/rehearsal/rank-2/config.json").read_text())["rank"] == 2
    root = ET.parse("docs/results/rehearsal.svg").getroot()
    assert len(root.findall(f"{SVG}circle")) == 3

    def never(*args: object) -> None:
        raise AssertionError("trained or scored again")

    for name in ("score", "train_prosg", "train_backbone"):
        monkeypatch.setattr(study, name, never)
    lines: list[str] = []
    study.run_study("rehearsal", config, "musi study rehearsal", lines.append)
    assert page.read_text() == text
    assert f"trained before: rank 2 in {Path('runs/studies/rehearsal/rank-2')}" in lines


def test_differences_by_distance_are_those_of_the_stages_there(config: Path) -> None:
    values = yaml.safe_load(config.read_text()) | {"figure": {"kind": "distance"}}
    config.write_text(yaml.safe_dump(values))
    page = study.run_study("rehearsal", config, "", lambda line: None)
    rows = json.loads(Path("docs/results/rehearsal.json").read_text())["rows"]
    assert page.read_text().count("| words before the stage | 0–25 | 25–50 |") == 2
    assert all({"retention_by_distance", "retention_far_less_near", "loss_far_less_near"} <= row.keys() for row in rows[1:])
    root = ET.parse("docs/results/rehearsal-loss.svg").getroot()
    assert len(root.findall(f"{SVG}polyline")) == len(rows) - 1
    kept = [json.loads(path.read_text())["stages"] for path in Path("runs/studies/rehearsal/scores").glob("*.json")]
    stages = [stage for item in kept[0] for stage in item]
    tokens = [sum(stage[2] for stage in stages if low <= stage[0] < high) for low, high in bins_of_distance()[0]]
    assert tokens[0] > 0
    for row in rows[1:]:
        weighed = sum((found["value"] or 0.0) * count for found, count in zip(row["loss_by_distance"], tokens, strict=True))
        assert row["against"]["value"] == pytest.approx(weighed / sum(tokens))


def test_a_row_by_distance_is_held_against_the_one_it_names(config: Path) -> None:
    values = yaml.safe_load(config.read_text()) | {"figure": {"kind": "distance"}}
    values["score"][3]["against"] = "ProSG"
    config.write_text(yaml.safe_dump(values))
    text = study.run_study("rehearsal", config, "", lambda line: None).read_text()
    assert "Loss against the row it names or the first by distance" in text
    rows = {row["name"]: row for row in json.loads(Path("docs/results/rehearsal.json").read_text())["rows"]}
    near = {name: row["loss_by_distance"][0]["value"] for name, row in rows.items() if name != "backbone"}
    assert f"| shuffled against ProSG | {near['shuffled']:+.3f} (" in text
    values["score"][3].pop("against")
    config.write_text(yaml.safe_dump(values))
    study.run_study("rehearsal", config, "", lambda line: None)
    rows = {row["name"]: row for row in json.loads(Path("docs/results/rehearsal.json").read_text())["rows"]}
    assert rows["shuffled"]["loss_by_distance"][0]["value"] - near["ProSG"] == pytest.approx(near["shuffled"])
    root = ET.parse("docs/results/rehearsal-loss.svg").getroot()
    assert len(root.findall(f"{SVG}polyline")) == 3


def test_another_study_s_trainings_are_scored_on_another_split(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = yaml.safe_load(config.read_text())
    page = study.run_study("rehearsal", config, "", lambda line: None).read_text()
    assert "2 items of validation; 95 %" in page
    monkeypatch.setattr(study, "find_study", {"rehearsal": config}.__getitem__)
    other = Path("other.yaml")
    other.write_text(yaml.safe_dump({**values, "train": [], "trained_by": "rehearsal", "split": "train"}))
    lines: list[str] = []
    page = study.run_study("other", other, "", lines.append).read_text()
    assert "2 items of train; 95 %" in page
    assert f"trained before: rank 2 in {Path('runs/studies/rehearsal/rank-2')}" in lines
    first, second = (json.loads(Path(f"docs/results/{name}.json").read_text())["rows"] for name in ("rehearsal", "other"))
    assert first[0]["answer_ppl"] != second[0]["answer_ppl"]
    other.write_text(yaml.safe_dump({**values, "trained_by": "rehearsal"}))
    with pytest.raises(MusiError, match="trained_by: this study has trainings of its own; leave one out"):
        study.run_study("other", other, "", lambda line: None)


def test_a_row_is_held_against_the_one_it_names(config: Path) -> None:
    values = yaml.safe_load(config.read_text()) | {"figure": {"x_label": "size"}}
    values["score"][3] |= {"against": "ProSG", "line": "another prompt's", "x": 2.0}
    values["score"][2] |= {"line": "ProSG", "x": 2.0}
    config.write_text(yaml.safe_dump(values))
    text = study.run_study("rehearsal", config, "", lambda line: None).read_text()
    assert "nats per answer token against the row it names or the first of the same items" in text
    rows = {row["name"]: row for row in json.loads(Path("docs/results/rehearsal.json").read_text())["rows"]}
    loss = {name: math.log(row["answer_ppl"]) for name, row in rows.items()}
    assert rows["shuffled"]["against"]["value"] == pytest.approx(loss["shuffled"] - loss["ProSG"], abs=1e-6)
    assert rows["ProSG"]["against"]["value"] == pytest.approx(loss["ProSG"] - loss["backbone"], abs=1e-6)
    assert f"{rows['shuffled']['against']['value']:+.3f}" in next(line for line in text.splitlines() if "against ProSG |" in line)
    drawn = Path("docs/results/rehearsal.svg").read_text()
    assert f"another prompt&#x27;s: {rows['shuffled']['against']['value']:.3g} (" in drawn
    values["score"][3]["against"] = "nobody"
    config.write_text(yaml.safe_dump(values))
    with pytest.raises(MusiError, match="score: shuffled: `against: nobody` is no row of the same items"):
        study.run_study("rehearsal", config, "", lambda line: None)


def test_a_part_is_taken_out_of_a_module_for_a_row_alone(config: Path) -> None:
    values = yaml.safe_load(config.read_text())
    values["score"].insert(2, {"name": "nothing left", "model": "rank 2", "shrunk": {"b.att_": 0.0, "b.ffn_": 0.0}})
    config.write_text(yaml.safe_dump(values))
    study.run_study("rehearsal", config, "", lambda line: None)
    rows = {row["name"]: row for row in json.loads(Path("docs/results/rehearsal.json").read_text())["rows"]}
    assert rows["nothing left"]["answer_ppl"] == pytest.approx(rows["backbone"]["answer_ppl"])
    assert rows["ProSG"]["answer_ppl"] != pytest.approx(rows["backbone"]["answer_ppl"])
    for row, message in (
        (
            {"model": "rank 2", "shrunk": {"nothing": 0.0}},
            "score: nothing left: shrunk: no parameter's name contains any of nothing",
        ),
        ({"model": "base", "shrunk": {"b.": 0.0}}, "score: nothing left: shrunk: base is no ProSG; leave it out"),
    ):
        values["score"][2] = {"name": "nothing left", **row}
        config.write_text(yaml.safe_dump(values))
        with pytest.raises(MusiError, match=message):
            study.run_study("rehearsal", config, "", lambda line: None)


def test_stages_of_a_family_are_scored_with_their_own_notes(config: Path, data_dir: Path) -> None:
    values = yaml.safe_load(config.read_text())
    families = [stage.family for item in shortest(data_dir, "validation")[:2] for stage in item.stages]
    config.write_text(yaml.safe_dump(values | {"notes": families}))
    page = study.run_study("rehearsal", config, "", lambda line: None).read_text()
    assert f"of these the {len(families)} stages of {', '.join(families)}, each with its own note" in page
    assert "| variant | loss | answer perplexity | token accuracy |\n" in page
    rows = json.loads(Path("docs/results/rehearsal.json").read_text())["rows"]
    assert len({row["answer_ppl"] for row in rows}) > 1
    assert math.log(rows[1]["answer_ppl"] / rows[0]["answer_ppl"]) == pytest.approx(rows[1]["against"]["value"])
    config.write_text(yaml.safe_dump(values | {"notes": ["no_such_family"]}))
    with pytest.raises(MusiError, match="notes: 0 stages of no_such_family in 2 items, an interval needs two"):
        study.run_study("rehearsal", config, "", lambda line: None)


def test_mistakes_are_named(config: Path) -> None:
    values = yaml.safe_load(config.read_text())
    values["train"][1]["after"] = "nothing"
    config.write_text(yaml.safe_dump(values))
    with pytest.raises(MusiError, match="train: rank 2: `after: nothing` is no training before it"):
        study.run_study("rehearsal", config, "", lambda line: None)
    values["train"][1] |= {"after": "base", "set": {"data.folder": 1}}
    config.write_text(yaml.safe_dump(values))
    with pytest.raises(MusiError, match=r"set: data\.folder: data has no keys"):
        study.run_study("broken", config, "", lambda line: None)
    Path("module.yaml").write_text("[1]")
    with pytest.raises(MusiError, match=r"module\.yaml: file: Input should be"):
        study.run_study("broken", config, "", lambda line: None)
    with pytest.raises(MusiError, match=r"--config none: no study of that name \(shipped: ablation, distance, far, languages, "):
        study.find_study("none")


@pytest.mark.parametrize("name", sorted(path.name for path in (shipped("studies")).glob("*.yaml")))
def test_shipped_studies_are_sound(name: str) -> None:
    """They load, name shipped recipes, set only what these have, and score only what they train."""
    if name == "overhead.yaml":
        assert load_yaml(shipped("studies") / name, overhead_study.Overhead, shipped("studies")).prompt_tokens
        return
    if name == "languages.yaml" and len(LANGUAGES) < 5:
        pytest.skip("this release has fewer languages")
    found = load_yaml(shipped("studies") / name, study.Study, shipped("studies"))
    by = found if found.trained_by is None else load_yaml(study.find_study(found.trained_by), study.Study, shipped("studies"))
    trained = {training.name for training in by.train}
    for training in found.train:
        values = yaml.safe_load(find_recipe(training.recipe).read_text())
        recipe = study.checked(study.changed(values, training.set), Path(name))
        assert not (isinstance(recipe, ProSGRecipe) and "init_from" in values and not training.after), (
            f"{training.name}: goes on from another backbone"
        )
    assert all(row.model in trained or Path(row.model).parts[0] == "prosg_ref" for row in found.score)
    for row in found.score:
        if row.model not in trained:
            variant, *_ = study.load_variant(shipped("").parents[1] / row.model, "none")
            if isinstance(variant.model, ProSG):
                shrink(variant.model.synthesis, row.shrunk, row.name)


@pytest.mark.slow
def test_overhead_is_measured_once_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "overhead.yaml"
    config.write_text("{title: T, question: Q, shapes: [tiny], prompt_tokens: [3, 8], repeats: 1}")
    page = overhead_study.run_overhead(config, "the command", tmp_path / "cells", tmp_path, lambda line: None)
    rows = json.loads((tmp_path / "overhead.json").read_text())["rows"]
    assert [row["prompt_tokens"] for row in rows] == [3, 8]
    assert rows[1]["factor_bytes"] * 3 == rows[0]["factor_bytes"] * 8
    assert page.read_text().count("| tiny |") == 2
    assert len(ET.parse(tmp_path / "overhead.svg").getroot().findall(f"{SVG}circle")) == 4
    monkeypatch.setattr(overhead_study, "ProcessPoolExecutor", None)
    overhead_study.run_overhead(config, "the command", tmp_path / "cells", tmp_path, lambda line: None)
    config.write_text("{title: T, question: Q, shapes: [huge], prompt_tokens: [3]}")
    with pytest.raises(MusiError, match="unknown shape 'huge'; one of tiny, 169m, 430m"):
        overhead_study.run_overhead(config, "", tmp_path / "cells", tmp_path, lambda line: None)


def test_verify_scores_every_variant(backbone_dir: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MusiError, match="backbone: no checkpoint here"):
        verify.verify(tmp_path)
    for name in ("backbone", "backbone_more_steps"):
        shutil.copytree(backbone_dir, tmp_path / name)
    for name, source in (("prosg", "tokens"), ("prosg_state", "state"), ("constant", "constant")):
        save_prosg(tmp_path / name, random_prosg(source), tmp_path / "backbone")
    monkeypatch.setattr(verify, "load_split", lambda split: shortest(data_dir, split))
    found = verify.verify(tmp_path, items=2, workers=1)
    assert list(found) == list(verify.VARIANTS)
    for values in found.values():
        assert {"answer_ppl", "token_acc", "forced_retention", "retention", "half_life"} <= set(values)
    assert found["backbone"] == found["backbone_more_steps"]
    for values in found.values():
        difference = values["against_backbone"]["answer_loss"]
        expected = math.log(values["answer_ppl"] / found["backbone"]["answer_ppl"])
        assert difference["value"] == pytest.approx(expected, abs=1e-6)
        assert difference["low"] <= difference["value"] <= difference["high"]
    assert len({values["answer_ppl"] for values in found.values()}) == 7


def test_figure_is_sound_svg_with_its_values_in_words() -> None:
    line = Line("a <b>", (Point(0, 0.2, 0.1, 0.3), Point(1, 0.4)))
    root = ET.fromstring(draw([line], "T & C", "x", "y", ("left", "right")))
    assert [title.text for title in root.iter(f"{SVG}title")] == ["T & C", "a <b>: 0.2 (0.1 to 0.3)", "a <b>: 0.4"]
    heights = [float(circle.get("cy")) for circle in root.iter(f"{SVG}circle")]
    assert heights[1] < heights[0]


@pytest.mark.parametrize(("letters", "rows"), [(20, 1), (36, 2), (37, 3)])
def test_names_of_a_legend_stand_side_by_side_as_far_as_there_is_room(letters: int, rows: int) -> None:
    lines = [Line(name * letters, (Point(0, 0.2),)) for name in "abc"]
    root = ET.fromstring(draw(lines, "title", "x", "y"))
    names = [text for text in root.iter(f"{SVG}text") if (text.text or "")[0] in "abc"]
    assert len({text.get("y") for text in names}) == rows
    assert len({(text.get("x"), text.get("y")) for text in names}) == 3


def test_rows_of_a_figure_have_their_names_beside_them() -> None:
    rows = [("a < b", Point(0, 0.0)), ("a rather long name", Point(0, -0.5, -0.7, 0.1)), ("c", Point(0, 0.25, 0.2, 0.3))]
    root = ET.fromstring(draw_rows(rows, "T & C", "nats"))
    circles = root.findall(f"{SVG}circle")
    heights = {text.text: float(text.attrib["y"]) - 4 for text in root.findall(f"{SVG}text")}
    assert [float(circle.attrib["cy"]) for circle in circles] == [heights[name] for name, _ in rows]
    zero, left, right = (float(circle.attrib["cx"]) for circle in circles)
    assert left < zero < right
    assert (zero - left) / (right - zero) == pytest.approx(2, abs=0.02)
    assert circles[1].findtext(f"{SVG}title") == "a rather long name: -0.5 (-0.7 to 0.1)"
    alone = ET.fromstring(draw_rows([("the same", Point(0, 0.0))], "T", "nats"))
    assert len(alone.findall(f"{SVG}circle")) == 1, "no difference at all is drawn as well"


def test_figure_of_logarithmic_x() -> None:
    points = tuple(Point(x, 1.0) for x in (1, 10, 100))
    root = ET.fromstring(draw([Line("a", points)], "t", "x", "y", log_x=True))
    at = [float(circle.get("cx")) for circle in root.iter(f"{SVG}circle")]
    assert at[1] - at[0] == pytest.approx(at[2] - at[1], abs=0.2)
