"""Studies: train what is not trained yet, score every variant, write a table, a figure and the command.

    musi study ablation --config ablation
    → docs/results/ablation.md, ablation.svg and ablation.json

A study is a YAML file that names training runs, each a shipped recipe with some of its values set otherwise, and what to score:
a run under a control. Runs lie under `runs/studies/NAME/` and resume like any run; a score that was made with the same weights on
the same items is taken from its file. So a study that was killed goes on where it was.
"""

import copy
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from musi.compose import multi_example
from musi.errors import MusiError
from musi.release import load_split
from musi.retention import curve
from musi.rng import Stream
from musi.schema import Item, Split

from .checkpoint import file_sha256, load_backbone, load_prosg, write_atomically
from .evaluate import Control, Scores, Variant, forced, ppl_interval, score
from .examples import load_items, note_example, tokenize
from .figure import Line, Point, draw, draw_rows
from .gains import FAR, NEAR, bins_of_distance, loss_against, loss_growth, retention_against, retention_growth
from .parts import shrink
from .prosg import ProSG
from .recipes import BackboneRecipe, ProSGRecipe, Strict, find_recipe, load_recipe, load_yaml, read_yaml, shipped, validated
from .run import finished
from .tokenizer import AnyTokenizer
from .train import train_backbone, train_prosg

RESULTS = Path("docs/results")
RUNS = Path("runs/studies")
SPLIT: Split = "validation"  # that studies score; none has a say on a test split
NOTE_COLUMNS = {"answer_ppl": "answer perplexity", "token_acc": "token accuracy"}
COLUMNS = NOTE_COLUMNS | {
    "forced_retention": "forced retention",
    "retention": "retention",
    "single_acc": "right alone",
    "half_life": "half-life, words",
}


class Training(Strict):
    """One run: a recipe, shipped or a YAML file, with values set otherwise (`schedule.steps: 100`)."""

    name: str
    recipe: str
    set: dict[str, Any] = {}
    after: str | None = Field(
        default=None,
        description="a training of this study: the backbone of a ProSG (which starts afresh unless `set` says from what), or "
        "what a backbone or a ProSG goes on from",
    )


class Scoring(Strict):
    """One row of the table: a training of this study, or a checkpoint folder, under a control."""

    name: str
    model: str
    control: Control = "none"
    shrunk: dict[str, float] = Field(default={}, description="factors on a module's parameters whose names contain the key")
    lang: str = "en"
    data: Path | None = Field(default=None, description="a folder that `musi dataset import` made, instead of the release")
    against: str | None = Field(default=None, description="the row its loss is held against; none: the first of the same items")
    line: str | None = Field(default=None, description="the line of the figure it is a point of; none: not in the figure")
    x: float | None = None


class Figure(Strict):
    """What is drawn: differences in loss, of every row or along their `x`, or retention along distance."""

    kind: Literal["rows", "distance"] = "rows"
    x_label: str = ""
    x_names: tuple[str, ...] = Field(default=(), description="words for x = 0, 1, …")
    log_x: bool = False


class Study(Strict):
    """A whole study."""

    title: str
    question: str
    train: tuple[Training, ...] = ()
    score: tuple[Scoring, ...] = Field(min_length=1)
    items: int = Field(default=200, ge=1)
    notes: tuple[str, ...] = Field(
        default=(), description="families whose stages are scored instead of whole items, each with its own note, teacher-forced"
    )
    figure: Figure = Figure()

    @model_validator(mode="after")
    def _known(self) -> "Study":
        names = [training.name for training in self.train]
        for training in self.train:
            if training.after is not None and training.after not in names[: names.index(training.name)]:
                raise ValueError(f"train: {training.name}: `after: {training.after}` is no training before it")
        if len(set(names)) < len(names) or len({row.name for row in self.score}) < len(self.score):
            raise ValueError("two trainings, or two rows, have the same name")
        items = {row.name: (row.lang, row.data) for row in self.score}
        for row in self.score:
            if row.against is not None and items.get(row.against) != items[row.name]:
                raise ValueError(f"score: {row.name}: `against: {row.against}` is no row of the same items")
        return self


Done = dict[str, Path]


def find_study(name: str) -> Path:
    """The study file `name`, or the shipped study of that name. Raises MusiError listing the shipped ones."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    found = shipped("studies") / f"{name}.yaml"
    if not found.exists():
        known = ", ".join(sorted(study.stem for study in shipped("studies").glob("*.yaml")))
        raise MusiError(f"--config {name}: no study of that name (shipped: {known}); give one of them or a YAML file")
    return found


def run_study(name: str, config: Path, command: str, talk: Callable[[str], None]) -> Path:
    """Run a study and return the page it wrote. Raises MusiError for a broken config, recipe or checkpoint."""
    study = load_yaml(config, Study, shipped("studies"))
    folder = RUNS / name
    done: Done = {}
    for training in study.train:
        done[training.name] = _train(training, folder, done, talk)
    rows: list[tuple[Scoring, dict[str, Any]]] = []
    for row in study.score:
        talk(f"scoring {row.name}")
        rows.append((row, _score(study, row, folder, done)))
    return _write(name, study, command, rows)


def changed(values: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """A recipe's values with some set otherwise, by dotted path. Raises MusiError for a path through what has no keys."""
    values = copy.deepcopy(values)
    for path, value in settings.items():
        place = values
        *parents, last = path.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise MusiError(f"set: {path}: {parent} has no keys; compare with the recipes in {shipped('')}")
        place[last] = value
    return values


def checked(values: dict[str, Any], path: Path) -> ProSGRecipe | BackboneRecipe:
    """A recipe's values as one of phase 2, or of phase 1. Raises MusiError, under the name `path`, when it is no sound recipe."""
    if "prosg" in values:
        return validated(values, ProSGRecipe, path, shipped(""))
    return validated(values, BackboneRecipe, path, shipped(""))


def _train(training: Training, folder: Path, done: Done, talk: Callable[[str], None]) -> Path:
    """Train, or go on, or find it done; returns the run's folder."""
    out = folder / _slug(training.name)
    recipe = folder / f"{_slug(training.name)}.yaml"
    values = changed(read_yaml(find_recipe(training.recipe), shipped("")), training.set)
    if training.after is not None:
        before = done[training.after]
        is_module = (before / "prosg.safetensors").exists()
        if "prosg" in values:
            values["backbone"] = str(_backbone_of(before) if is_module else before)
        if is_module or "prosg" not in values:
            values["init_from"] = str(before)
        elif "init_from" not in training.set:
            values["init_from"] = None
    sound, text = checked(values, recipe), yaml.safe_dump(values, sort_keys=False)
    if finished(out, text, sound.schedule):
        talk(f"trained before: {training.name} in {out}")
        return out
    write_atomically(recipe, text.encode())
    talk(f"training {training.name} in {out}")
    (train_prosg if isinstance(sound, ProSGRecipe) else train_backbone)(recipe, out)
    return out


def load_variant(folder: Path, control: Control) -> tuple[Variant, AnyTokenizer, str]:
    """A checkpoint folder (a backbone, or a ProSG whose run says which backbone) as a variant, and a digest of its weights.

    Raises MusiError when it does not load.
    """
    if not (folder / "prosg.safetensors").exists():
        backbone, tokenizer = load_backbone(folder)
        return Variant(backbone, control), tokenizer, file_sha256(folder / "model.safetensors")
    base = _backbone_of(folder)
    backbone, tokenizer = load_backbone(base)
    digest = file_sha256(base / "model.safetensors") + file_sha256(folder / "prosg.safetensors")
    return Variant(load_prosg(folder, backbone, base), control), tokenizer, digest


def _backbone_of(module: Path) -> Path:
    """The folder of the backbone that a ProSG run was trained on, or with; of a shipped module, the one that lies beside it."""
    recipe, inside, beside = module / "recipe.yaml", module / "backbone", module.parent / "backbone"
    if inside.exists():
        return inside
    return beside if beside.exists() and not recipe.exists() else load_recipe(recipe, ProSGRecipe).backbone


def study_items(count: int, lang: str, data: Path | None = None) -> list[Item]:
    """The first `count` items of validation in a language, or of imported `data`. Raises MusiError when there is no such data."""
    if data is not None and not (data / "train.jsonl").exists():
        raise MusiError(
            f"{data}: no imported dataset here; make it with `musi dataset import FILE --out {data} --name {data.name}`"
        )
    return (load_split(SPLIT, lang=lang) if data is None else load_items(data / "train.jsonl"))[:count]


def _score(study: Study, row: Scoring, folder: Path, done: Done) -> dict[str, Any]:
    """The scores of a row, made now or read from where they were kept."""
    variant, tokenizer, weights = load_variant(done.get(row.model, Path(row.model)), row.control)
    if isinstance(variant.model, ProSG):
        shrink(variant.model.synthesis, row.shrunk, f"score: {row.name}: shrunk")
    elif row.shrunk:
        raise MusiError(f"score: {row.name}: shrunk: {row.model} is no ProSG; leave it out")
    items = study_items(study.items, row.lang, row.data)
    what = ["stages", weights, row.control, *map(str, row.shrunk.items()), *study.notes]
    key = sha256("\x1f".join([*what, *(item.id + item.prompt for item in items)]).encode()).hexdigest()[:24]
    kept = folder / "scores" / f"{key}.json"
    if not kept.exists():
        found = _of_notes(variant, items, study.notes, tokenizer) if study.notes else _of_items(variant, items, tokenizer)
        values = {**found, "parameters": sum(p.numel() for p in variant.model.parameters())}
        write_atomically(kept, json.dumps(values).encode())
    return dict(json.loads(kept.read_text()))


def _of_items(variant: Variant, items: Sequence[Item], tokenizer: AnyTokenizer) -> dict[str, Any]:
    """All scores of whole items and their stages alone."""
    found = score(variant, items, tokenizer)
    sizes = [example.stages for example in tokenize([multi_example(item) for item in items], tokenizer)]
    right = zip(found.outcomes.multi.tolist(), found.outcomes.single.tolist(), strict=True)
    stages = [
        [[stage.distance, nats, tokens, *next(right)] for stage, nats, tokens in zip(item.stages, losses, counts, strict=True)]
        for item, losses, counts in zip(items, found.losses.stage_losses, sizes, strict=True)
    ]
    return {**found.as_dict(), "curve": _curve(found), "stages": stages}


def _of_notes(variant: Variant, items: Sequence[Item], families: Sequence[str], tokenizer: AnyTokenizer) -> dict[str, Any]:
    """Teacher-forced scores of the stages of some families, each with no more than its own note.

    Raises MusiError when the items have less than two such stages.
    """
    rng = Stream("notes")
    pairs = [note_example(item, k, rng)[:2] for item in items for k, stage in enumerate(item.stages) if stage.family in families]
    if len(pairs) < 2:
        found = f"{len(pairs)} stages of {', '.join(families)} in {len(items)} items"
        raise MusiError(f"notes: {found}, an interval needs two; raise `items`")
    scores = forced(variant, tokenize([(variant.prompt(prompt), answer) for prompt, answer in pairs], tokenizer))
    return {
        "answer_ppl": scores.answer_ppl,
        "token_acc": scores.token_acc,
        "intervals": {"answer_ppl": ppl_interval(scores)},
        "stages": [
            [[0, nats, tokens, *stages, *stages]]
            for nats, tokens, stages in zip(scores.losses, scores.tokens, scores.stages, strict=True)
        ],
    }


def _curve(found: Scores) -> list[dict[str, Any]]:
    return [{"from": low, "to": high, **asdict(estimate)} for low, high, estimate in curve(found.outcomes)]


def _write(name: str, study: Study, command: str, rows: Sequence[tuple[Scoring, dict[str, Any]]]) -> Path:
    """The page with table, figure and command, and the numbers as JSON."""
    columns = NOTE_COLUMNS if study.notes else COLUMNS
    head = ["variant", "loss", *columns.values()]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row, values in rows:
        other = row.against or next(first.name for first, _ in rows if (first.lang, first.data) == (row.lang, row.data))
        values["against"] = found = loss_against(values, next(theirs for each, theirs in rows if each.name == other))
        beside = "" if other == row.name else _difference(found) + (f" against {other}" if row.against else "")
        lines.append("| " + " | ".join([row.name, beside, *(cell(values, column) for column in columns)]) + " |")
    figure = RESULTS / f"{name}.svg"
    write_atomically(figure, _figure(study, rows).encode())
    scored = sorted({SPLIT if row.data is None else f"`{row.data}`" for row, _ in rows})
    told = f", of these the {len(rows[0][1]['stages'])} stages of {', '.join(study.notes)}, each with its own note"
    more = told if study.notes else ""
    named = "row it names or the first" if any(row.against for row, _ in rows) else "first row"
    page = [
        f"# {study.title}",
        study.question,
        f"{study.items} items of {' and '.join(scored)}{more}; 95 % intervals over items. Loss: nats per answer token against "
        f"the {named} of the same items, paired by item. Made by:",
        f"```sh\n{command}\n```",
        "\n".join(lines),
        f"![{study.title}]({figure.name})",
    ]
    if study.figure.kind == "distance":
        by_distance = RESULTS / f"{name}-loss.svg"
        page += [*_by_distance(rows), f"![Loss by distance]({by_distance.name})"]
        write_atomically(by_distance, _figure_by_distance(rows).encode())
    write_atomically(RESULTS / f"{name}.md", ("\n\n".join(page) + "\n").encode())
    data = [
        {"name": row.name, "model": row.model, "control": row.control, "lang": row.lang}
        | {name: value for name, value in values.items() if name != "stages"}
        for row, values in rows
    ]
    write_atomically(RESULTS / f"{name}.json", (json.dumps({"command": command, "rows": data}, indent=1) + "\n").encode())
    return RESULTS / f"{name}.md"


def _difference(found: dict[str, float | None]) -> str:
    if found["value"] is None:
        return ""
    return f"{found['value']:+.3f}" + ("" if found["low"] is None else f" ({found['low']:+.3f} to {found['high']:+.3f})")


def _by_distance(rows: Sequence[tuple[Scoring, dict[str, Any]]]) -> list[str]:
    """Tables of every row's loss and retention against the first by the words of answer before a stage."""
    first = rows[0][1]
    bins, names = bins_of_distance()
    far = f"{FAR[0]} and more, less {NEAR[0]}–{NEAR[1]}"
    head = ["| words before the stage | " + " | ".join([*names, far]) + " |", "|" + "---|" * (2 + len(bins))]
    inside = [[stage for item in first["stages"] for stage in item if low <= stage[0] < high] for low, high in bins]
    losses = [*head, "| answer tokens | " + " | ".join([*(f"{sum(stage[2] for stage in each):,}" for each in inside), ""]) + " |"]
    kept = [*head, "| stages | " + " | ".join([*(f"{len(each):,}" for each in inside), ""]) + " |"]
    for row, values in rows[1:]:
        for lines, measure, against, growth in (
            (losses, "loss", loss_against, loss_growth),
            (kept, "retention", retention_against, retention_growth),
        ):
            values[f"{measure}_by_distance"] = found = [against(values, first, low, high) for low, high in bins]
            values[f"{measure}_far_less_near"] = growth(values, first)
            lines.append("| " + " | ".join([row.name, *map(_difference, [*found, values[f"{measure}_far_less_near"]])]) + " |")
    return [
        "Loss against the first row by distance, nats per answer token:",
        "\n".join(losses),
        "Retention against the first row by distance:",
        "\n".join(kept),
    ]


def _figure_by_distance(rows: Sequence[tuple[Scoring, dict[str, Any]]]) -> str:
    lines: list[Line] = []
    for row, values in rows[1:]:
        there = [(i, found) for i, found in enumerate(values["loss_by_distance"]) if found["value"] is not None]
        lines.append(Line(row.name, tuple(Point(i, found["value"], found["low"], found["high"]) for i, found in there)))
    title = f"Loss against the {rows[0][0].name}, by distance: below 0 is better"
    filled = 1 + max((int(point.x) for line in lines for point in line.points), default=0)
    return draw(lines, title, "words between prompt and stage", "nats per answer token", bins_of_distance()[1][:filled])


def cell(values: dict[str, Any], column: str) -> str:
    """One of `COLUMNS` of a variant's scores, with its interval, as it stands in a table."""
    value, interval = values[column], values["intervals"].get(column)
    if value is None:
        return "no decay seen" if column == "half_life" and values["retention"] else "undefined"
    text = f"{value:.0f}" if column == "half_life" else f"{value:.3f}"
    if interval is None or interval[0] is None:
        return text
    high = "∞" if interval[1] is None else f"{interval[1]:.0f}" if column == "half_life" else f"{interval[1]:.3f}"
    low = f"{interval[0]:.0f}" if column == "half_life" else f"{interval[0]:.3f}"
    return f"{text} ({low} to {high})"


def _figure(study: Study, rows: Sequence[tuple[Scoring, dict[str, Any]]]) -> str:
    drawn = [(row, values) for row, values in rows if row.line is not None]
    if study.figure.kind == "distance":
        bins = sorted({(b["from"], b["to"]) for _, values in drawn for b in values["curve"]})
        lines = []
        for row, values in drawn:
            there = [b for b in values["curve"] if b["value"] is not None]
            points = tuple(Point(bins.index((b["from"], b["to"])), b["value"], b["low"], b["high"]) for b in there)
            lines.append(Line(row.line or row.name, points))
        names = [f"{low}–{high}" for low, high in bins]
        return draw(lines, study.title, "words between prompt and stage", "retention", names)
    if all(row.x is None for row, _ in drawn):
        found = [(row.name, values["against"]) for row, values in drawn]
        losses = [(name, Point(0, loss["value"], loss["low"], loss["high"])) for name, loss in found]
        return draw_rows(losses, study.title, f"nats per answer token against {rows[0][0].name}: below 0 is better")
    grouped: dict[str, list[Point]] = {}
    for row, values in drawn:
        loss = values["against"]
        if loss["value"] is not None and row.x is not None:
            grouped.setdefault(row.line or row.name, []).append(Point(row.x, loss["value"], loss["low"], loss["high"]))
    lines = [Line(line, tuple(points)) for line, points in grouped.items()]
    words, label = study.figure.x_names, study.figure.x_label
    y_label = "loss against the backbone, nats per answer token: below 0 is better"
    return draw(lines, study.title, label, y_label, words, study.figure.log_x)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
