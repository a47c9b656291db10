"""Check a submission: join its samples to our gold, score the raw responses again, and refuse a claim that differs.

What a pass proves: the numbers follow from the responses in the folder. What it does not: that the named model gave them.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from leaderboards.specs import TASKS, Kind, TaskSpec, gold
from leaderboards.submission import (
    CARD,
    MAX_RESULTS_BYTES,
    MAX_SAMPLES_BYTES,
    RESULTS,
    SAMPLES,
    SUMS,
    Known,
    Submission,
    digest,
    known,
    read_submission,
)
from leaderboards.untrusted import MAX_YAML_BYTES, parse_json, parse_json_lines, read_bytes, visible
from musi.compose import single_prompt
from musi.errors import MusiError
from musi.generate import RELEASE
from musi.metrics import Values, estimates, forced_values, generate_values
from musi.release import lock_digest
from musi.retention import Estimate
from musi.samples import Sample, forced_pairs, read_samples
from musi.schema import Item, canonical_json
from musi.score import SCORER_VERSION

MAX_FILES = 2 + 1 + len(TASKS)
TOLERANCE = 1e-9
NOISE = 1e-12  # a spread that is zero but for rounding
HEADLINES: dict[Kind, tuple[str, ...]] = {
    "generate": ("retention", "stage_acc", "single_acc", "item_acc"),
    "forced": ("forced_retention", "bits_per_byte", "forgetting_gap"),
}
Tier = Literal["re-scored", "self-reported"]
_SUM_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_.-]{1,120})")


@dataclass(frozen=True)
class TaskResult:
    """One task of a submission: what was computed again from its samples, which stand in the order of the dataset."""

    spec: TaskSpec
    estimates: dict[str, Estimate]
    samples: tuple[Sample, ...]
    values: tuple[Values, ...]

    @property
    def tier(self) -> Tier:
        """`re-scored` where raw responses were scored again; log-likelihoods can only be believed."""
        return "re-scored" if self.spec.kind == "generate" else "self-reported"


@dataclass(frozen=True)
class Checked:
    """A submission whose claim equals what its samples give; `digest` names its exact bytes."""

    folder: Path
    submission: Submission
    digest: str
    tasks: dict[str, TaskResult]

    @property
    def tier(self) -> Tier:
        """`re-scored` as soon as one of its tasks is."""
        return "re-scored" if any(result.tier == "re-scored" for result in self.tasks.values()) else "self-reported"

    def summary(self) -> str:
        """Name, tier and the headline of each task, a line each."""
        lines = [f"{self.submission.name}: {self.tier}, every claim equals what its samples give"]
        for result in self.tasks.values():
            names = HEADLINES[result.spec.kind]
            lines.append(f"{result.spec.name}: " + ", ".join(f"{name} {_shown(result.estimates[name])}" for name in names))
        return "\n".join(lines)


def _shown(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "undefined"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def check(folder: Path) -> Checked:
    """Check a submission folder and compute its results again.

    Raises MusiError naming the file, the item or metric, and the reason: a strange file, a wrong digest, a card that does not
    fit, another release, task or scorer, samples that are not exactly the task's items, a value that differs from the re-score.
    """
    files = _files(folder)
    sums = _verify_sums(folder, files)
    submission = read_submission(folder / CARD)
    results_name = next((name for name in files if RESULTS.fullmatch(name)), None)
    if results_name is None:
        raise MusiError(f"{folder}: holds no results_*.json; make the folder again with `musi leaderboard submit`")
    results_path = folder / results_name
    results = parse_json(files[results_name], str(results_path))
    sample_names = {match[1]: name for name in files if (match := SAMPLES.fullmatch(name))}
    if not sample_names:
        raise MusiError(f"{folder}: holds no samples_musi_*.jsonl; make the folder again with `musi leaderboard submit`")
    _agree(folder / CARD, submission, known(results, tuple(sample_names), str(results_path)), results_path)
    _match_versions(folder / CARD, submission)
    tasks = {
        task: _check_task(TASKS[task], results, results_path, folder / name, files[name]) for task, name in sample_names.items()
    }
    return Checked(folder, submission, sums, tasks)


def _files(folder: Path) -> dict[str, bytes]:
    """The contents of every file, once it is clear that all of them belong there; samples, results, card and sums only."""
    if folder.is_symlink() or not folder.is_dir():
        raise MusiError(f"{folder}: no such folder; give one that `musi leaderboard submit` made")
    paths = sorted(folder.iterdir())
    if len(paths) > MAX_FILES:
        raise MusiError(f"{folder}: holds {len(paths)} files, a submission has at most {MAX_FILES}; remove the others")
    limits = {CARD: MAX_YAML_BYTES, SUMS: MAX_YAML_BYTES}
    for path in paths:
        if RESULTS.fullmatch(path.name):
            limits[path.name] = MAX_RESULTS_BYTES
        elif SAMPLES.fullmatch(path.name):
            limits[path.name] = MAX_SAMPLES_BYTES
        elif path.name not in limits:
            raise MusiError(f"{folder}: {visible(path.name)!r} does not belong in a submission; remove it")
    files = {path.name: read_bytes(path, limits[path.name]) for path in paths}
    for name in (CARD, SUMS):
        if name not in files:
            raise MusiError(f"{folder}: holds no {name}; make the folder again with `musi leaderboard submit`")
    for pattern, what in ((RESULTS, "results file"), (SAMPLES, "sample file of a task")):
        keys = [match[1] if pattern is SAMPLES else "" for name in files if (match := pattern.fullmatch(name))]
        if len(set(keys)) != len(keys):
            raise MusiError(f"{folder}: holds more than one {what}; keep those of one run")
    return files


def _verify_sums(folder: Path, files: dict[str, bytes]) -> str:
    """Compare every file with SHA256SUMS, which must list them all; returns the digest of SHA256SUMS itself."""
    path = folder / SUMS
    listed: dict[str, str] = {}
    for number, line in enumerate(files[SUMS].decode("utf-8", "replace").splitlines(), start=1):
        match = _SUM_LINE.fullmatch(line)
        if not match or match[2] in listed:
            raise MusiError(f"{path}, line {number}: not one digest and one file name; submit the run again")
        listed[match[2]] = match[1]
    if missing := sorted(listed.keys() ^ (files.keys() - {SUMS})):
        raise MusiError(f"{path}: {missing[0]} is listed but not there, or there but not listed; submit the folder again")
    for name, wanted in listed.items():
        if digest(files[name]) != wanted:
            raise MusiError(f"{folder / name}: its digest differs from {SUMS}, changed after `submit`; submit the run again")
    return digest(files[SUMS])


def _agree(card: Path, submission: Submission, facts: Known, results_path: Path) -> None:
    """Whatever lm-eval recorded must stand unchanged in the card."""
    for field in Known.model_fields:
        recorded, declared = getattr(facts, field), getattr(submission, field)
        if field == "tasks":
            recorded, declared = sorted(recorded, key=str), sorted(declared, key=str)
        if recorded is not None and declared != recorded:
            raise MusiError(f"{card}: {field} differs from {results_path.name}; submit the run again")


def _match_versions(card: Path, submission: Submission) -> None:
    wanted = {"release": RELEASE, "lock_sha256": lock_digest(), "scorer_version": SCORER_VERSION}
    for field, ours in wanted.items():
        if (theirs := getattr(submission, field)) != ours:
            raise MusiError(f"{card}: {field} is {theirs}, this board scores {ours}; run the task again with the matching MuSI")
    for run in submission.tasks:
        if run.version != (ours := TASKS[run.task].version):
            raise MusiError(f"{card}: {run.task} is of version {run.version}, this board scores {ours}; run the task again")


def _check_task(spec: TaskSpec, results: dict[str, Any], results_path: Path, path: Path, content: bytes) -> TaskResult:
    rows = {row["doc"]["id"]: (where, row) for where, row in _rows(content, path)}
    samples = read_samples(path)
    _complete(spec, gold(spec), samples, path)
    values: list[Values] = []
    for sample in samples:
        where, row = rows[sample.item.id]
        here = f"{where}: item {sample.item.id}"
        values.append(_values(spec, sample, here))
        _asked(spec, row, sample.item, here)
        _same_values(row, values[-1], here)
    ours = estimates(values)  # in the order of the file, on which the bootstrap depends
    _same_claim(spec, results, ours, results_path)
    order = sorted(range(len(samples)), key=lambda i: samples[i].item.index)
    if order != list(range(len(samples))):
        samples, values = [samples[i] for i in order], [values[i] for i in order]
        ours = estimates(values)
    return TaskResult(spec, ours, tuple(samples), tuple(values))


def _rows(content: bytes, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, row in parse_json_lines(content, path):
        doc = row.get("doc")
        if not isinstance(doc, dict) or not isinstance(doc.get("id"), str):
            raise MusiError(f"{where}: not a sample of a MuSI task (no item id); submit the run again")
        yield where, row


def _complete(spec: TaskSpec, items: Sequence[Item], samples: Sequence[Sample], path: Path) -> None:
    ids = {sample.item.id for sample in samples}
    wanted = {item.id for item in items}
    if missing := sorted(wanted - ids):
        raise MusiError(
            f"{path}: {len(missing)} of the {spec.items} items of {spec.name} are missing, the first is {missing[0]}; "
            "run the task again without --limit"
        )
    if strange := sorted(ids - wanted):
        raise MusiError(f"{path}: item {strange[0]} is not one of {spec.name}; run the task again")


def _asked(spec: TaskSpec, row: dict[str, Any], item: Item, here: str) -> None:
    """The logged document must be ours in every field, and every logged context must hold the prompt that was to be asked."""
    gold = item.model_dump(mode="json")
    if row["doc"] != gold or canonical_json(row["doc"]) != canonical_json(gold):
        raise MusiError(f"{here} differs from release {item.release}; score again with unchanged data")
    n = len(item.stages)
    prompts = [item.prompt] * (1 if spec.kind == "generate" else n) + [single_prompt(item, k) for k in range(n)]
    for k, prompt in enumerate(prompts):
        try:
            context = row["arguments"][f"gen_args_{k}"]["arg_0"]
        except (KeyError, TypeError):
            raise MusiError(f"{here} has no logged context {k}; save the samples again with --log_samples") from None
        text = context[0] if isinstance(context, list) and len(context) == 1 else context  # a chat is logged as [its JSON text]
        if not isinstance(text, str) or not any(asked in text for asked in (prompt, *_in_json(prompt))):
            raise MusiError(f"{here} was asked something else than its prompt (context {k}); run the task again unchanged")


def _in_json(text: str) -> tuple[str, str]:
    """How a prompt stands inside a chat that was logged as JSON text."""
    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]


def _values(spec: TaskSpec, sample: Sample, here: str) -> Values:
    n = len(sample.item.stages)
    if len(sample.responses) != (1 + n if spec.kind == "generate" else 2 * n):
        raise MusiError(f"{here} has {len(sample.responses)} responses, which does not fit {spec.name}; run the task again")
    if spec.kind == "forced":
        return forced_values(sample, forced_pairs(sample, here))
    return generate_values(sample)


def _same_values(row: dict[str, Any], values: Values, here: str) -> None:
    for metric, ours in values.items():
        for field in (metric, f"{metric}_stderr"):
            if field not in row:
                raise MusiError(f"{here}: {field} is missing; save the samples again with this MuSI")
            if not _same(row[field], ours):
                logged = _short(row[field])
                raise MusiError(
                    f"{here}: {field} is logged as {logged}, the responses give {_short(ours)}; submit unedited samples"
                )


def _same_claim(spec: TaskSpec, results: dict[str, Any], ours: dict[str, Estimate], path: Path) -> None:
    claim = results.get("results", {}).get(spec.name) if isinstance(results.get("results"), dict) else None
    if not isinstance(claim, dict):
        raise MusiError(f"{path}: claims nothing for {spec.name}; submit the run that saved these samples")
    wanted: dict[str, Any] = {"sample_len": spec.items}
    for metric, estimate in ours.items():
        wanted[f"{metric},none"] = "N/A" if estimate.value is None else estimate.value
        wanted[f"{metric}_stderr,none"] = "N/A" if estimate.stderr is None else estimate.stderr
        wanted[f"{metric}_stderr_stderr,none"] = "N/A"
    if unknown := sorted(claim.keys() - wanted.keys() - {"name", "alias"}):
        raise MusiError(f"{path}: {spec.name} claims {visible(unknown[0])!r}, which no MuSI task has; submit unedited results")
    for key, value in wanted.items():
        metric = key.split(",")[0]
        if key not in claim:
            raise MusiError(f"{path}: {spec.name} has no {metric}; run the task again with this MuSI")
        if not _same(claim[key], value):
            claimed = _short(claim[key])
            raise MusiError(f"{path}: {spec.name} claims {metric} = {claimed}, its samples give {_short(value)}; submit unedited")


def _same(theirs: Any, ours: Any) -> bool:
    """Equal in type and value, numbers up to rounding."""
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(theirs) == len(ours) and all(map(_same, theirs, ours))
    if isinstance(ours, bool | str):
        return type(theirs) is type(ours) and theirs == ours
    number = isinstance(theirs, int | float) and not isinstance(theirs, bool) and abs(theirs) < 1e300
    return number and math.isclose(theirs, ours, rel_tol=TOLERANCE, abs_tol=NOISE)


def _short(value: Any) -> str:
    text = visible(repr(value))
    return text if len(text) <= 80 else f"{text[:77]}…"
