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
from .parts import shrink
from .prosg import ProSG
from .recipes import BackboneRecipe, ProSGRecipe, Strict, find_recipe, load_recipe, load_yaml, read_yaml, shipped, validated
from .run import finished
from .study_page import write_page
from .tokenizer import AnyTokenizer
from .train import train_backbone, train_prosg

RUNS = Path("runs/studies")


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
    trained_by: str | None = Field(default=None, description="a shipped study whose trainings are scored, in place of its own")
    score: tuple[Scoring, ...] = Field(min_length=1)
    items: int = Field(default=200, ge=1)
    split: Split = Field(default="validation", description="that is scored; a test split once, after everything was chosen")
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
        if self.train and self.trained_by is not None:
            raise ValueError("trained_by: this study has trainings of its own; leave one out")
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
    by = study.trained_by
    trainings = study.train if by is None else load_yaml(find_study(by), Study, shipped("studies")).train
    for training in trainings:
        done[training.name] = _train(training, RUNS / (by or name), done, talk)
    rows: list[tuple[Scoring, dict[str, Any]]] = []
    for row in study.score:
        talk(f"scoring {row.name}")
        rows.append((row, _score(study, row, folder, done)))
    return write_page(name, study, command, rows)


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


def study_items(count: int, lang: str, split: Split, data: Path | None = None) -> list[Item]:
    """The first `count` items of a split in a language, or of imported `data`. Raises MusiError when there is no such data."""
    if data is not None and not (data / "train.jsonl").exists():
        raise MusiError(
            f"{data}: no imported dataset here; make it with `musi dataset import FILE --out {data} --name {data.name}`"
        )
    return (load_split(split, lang=lang) if data is None else load_items(data / "train.jsonl"))[:count]


def _score(study: Study, row: Scoring, folder: Path, done: Done) -> dict[str, Any]:
    """The scores of a row, made now or read from where they were kept."""
    variant, tokenizer, weights = load_variant(done.get(row.model, Path(row.model)), row.control)
    if isinstance(variant.model, ProSG):
        shrink(variant.model.synthesis, row.shrunk, f"score: {row.name}: shrunk")
    elif row.shrunk:
        raise MusiError(f"score: {row.name}: shrunk: {row.model} is no ProSG; leave it out")
    items = study_items(study.items, row.lang, study.split, row.data)
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


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
