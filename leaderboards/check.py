"""Check a submission: join its samples to our gold, score the raw responses again, and refuse a claim that differs.

What a pass proves: the numbers follow from the responses in the folder. What it does not: that the named model gave them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from leaderboards.evidence import Answer, Frame, read_evidence, same, short
from leaderboards.specs import TASKS, Kind, TaskSpec, gold
from leaderboards.submission import (
    CARD,
    MAX_FILES,
    RESULTS,
    SAMPLES,
    SUMS,
    Known,
    Submission,
    file_limit,
    known,
    read_results,
    read_submission,
)
from leaderboards.untrusted import MAX_YAML_BYTES, file_sha256, open_plain, read_bytes, visible
from musi.errors import MusiError
from musi.metrics import estimates
from musi.retention import Estimate
from musi.schema import Item
from musi.score import SCORER_VERSION

HEADLINES: dict[Kind, tuple[str, ...]] = {
    "generate": ("retention", "stage_acc", "single_acc", "item_acc"),
    "forced": ("forced_retention", "bits_per_byte", "forgetting_gap"),
}
Tier = Literal["re-scored", "self-reported"]
_SUM_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_.-]{1,120})")


@dataclass(frozen=True)
class TaskResult:
    """One task of a submission: what was computed again from its answers, which stand in the order of the release."""

    spec: TaskSpec
    estimates: dict[str, Estimate]
    answers: tuple[Answer, ...]
    frame: Frame

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
        return declared_tier(self.submission)

    def summary(self) -> str:
        """Name, tier and the headline of each task, a line each."""
        lines = [f"{self.submission.name}: {self.tier}, every claim equals what its samples give"]
        return "\n".join([*lines, *map(headline, self.tasks.values())])


def headline(result: TaskResult) -> str:
    """The headline figures of a task, in one line."""
    names = HEADLINES[result.spec.kind]
    return f"{result.spec.name}: " + ", ".join(f"{name} {_shown(result.estimates[name])}" for name in names)


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
    sums = verify_sums(folder, files)
    submission = read_submission(folder / CARD)
    results_path = next((path for name, path in files.items() if RESULTS.fullmatch(name)), None)
    if results_path is None:
        raise MusiError(f"{folder}: holds no results_*.json; make the folder again with `musi leaderboard submit`")
    results = read_results(results_path)
    sample_paths = {match[1]: path for name, path in files.items() if (match := SAMPLES.fullmatch(name))}
    if not sample_paths:
        raise MusiError(f"{folder}: holds no samples_musi_*.jsonl; make the folder again with `musi leaderboard submit`")
    _agree(folder / CARD, submission, known(results, tuple(sample_paths), str(results_path)), results_path)
    _match_versions(folder / CARD, submission)
    tasks = {task: check_task(TASKS[task], gold(TASKS[task]), results, results_path, path) for task, path in sample_paths.items()}
    return Checked(folder, submission, sums, tasks)


def declared_tier(card: Submission) -> Tier:
    """What can be scored again of a card's tasks: `re-scored` as soon as one of them has raw responses."""
    kinds = {TASKS[run.task].kind for run in card.tasks if run.task in TASKS}
    return "re-scored" if "generate" in kinds else "self-reported"


def entry_digest(folder: Path) -> str:
    """The digest that names a submission's exact bytes, if SHA256SUMS is true of them; raises MusiError as `check` does."""
    return verify_sums(folder, _files(folder))


def _files(folder: Path) -> dict[str, Path]:
    """Every file by name, once it is clear that all of them belong there: samples, results, card and sums only."""
    if folder.is_symlink() or not folder.is_dir():
        raise MusiError(f"{folder}: no such folder; give one that `musi leaderboard submit` made")
    paths = sorted(islice(folder.iterdir(), MAX_FILES + 1))
    if len(paths) > MAX_FILES:
        raise MusiError(f"{folder}: holds over {MAX_FILES} files, more than any submission; remove the others")
    for path in paths:
        if not (limit := file_limit(path.name)):
            raise MusiError(f"{folder}: {visible(path.name)!r} does not belong in a submission; remove it")
        open_plain(path, limit).close()
    names = {path.name for path in paths}
    for name in (CARD, SUMS):
        if name not in names:
            raise MusiError(f"{folder}: holds no {name}; make the folder again with `musi leaderboard submit`")
    for pattern, what in ((RESULTS, "results file"), (SAMPLES, "sample file of a task")):
        keys = [match[1] if pattern is SAMPLES else "" for name in names if (match := pattern.fullmatch(name))]
        if len(set(keys)) != len(keys):
            raise MusiError(f"{folder}: holds more than one {what}; keep those of one run")
    return {path.name: path for path in paths}


def verify_sums(folder: Path, files: Mapping[str, Path]) -> str:
    """Compare every file with SHA256SUMS, which must list them all; returns the digest of SHA256SUMS itself."""
    path = folder / SUMS
    listed: dict[str, str] = {}
    for number, line in enumerate(read_bytes(path, MAX_YAML_BYTES).decode("utf-8", "replace").splitlines(), start=1):
        match = _SUM_LINE.fullmatch(line)
        if not match or match[2] in listed:
            raise MusiError(f"{path}, line {number}: not one digest and one file name; submit the run again")
        listed[match[2]] = match[1]
    if missing := sorted(listed.keys() ^ (files.keys() - {SUMS})):
        raise MusiError(f"{path}: {missing[0]} is listed but not there, or there but not listed; submit the folder again")
    for name, wanted in listed.items():
        if file_sha256(folder / name, file_limit(name)) != wanted:
            raise MusiError(f"{folder / name}: its digest differs from {SUMS}, changed after `submit`; submit the run again")
    return file_sha256(path, MAX_YAML_BYTES)


def _agree(card: Path, submission: Submission, facts: Known, results_path: Path) -> None:
    """Whatever lm-eval recorded must stand unchanged in the card."""
    for field in Known.model_fields:
        recorded, declared = getattr(facts, field), getattr(submission, field)
        if field == "tasks":
            recorded, declared = sorted(recorded, key=str), sorted(declared, key=str)
        if recorded is not None and declared != recorded:
            raise MusiError(f"{card}: {field} differs from {results_path.name}; submit the run again")


def _match_versions(card: Path, submission: Submission) -> None:
    if submission.scorer_version != SCORER_VERSION:
        raise MusiError(
            f"{card}: scorer_version is {submission.scorer_version}, this board scores {SCORER_VERSION}; "
            "run the task again with the matching MuSI"
        )
    for run in submission.tasks:
        spec = TASKS[run.task]
        wanted = {"version": spec.version, "release": spec.release, "lock_sha256": spec.lock_sha256}
        for field, ours in wanted.items():
            if (theirs := getattr(run, field)) != ours:
                raise MusiError(
                    f"{card}: {run.task}: {field} is {theirs}, this board scores {ours}; run it again with the matching MuSI"
                )


def check_task(spec: TaskSpec, items: Sequence[Item], results: dict[str, Any], results_path: Path, path: Path) -> TaskResult:
    """Score the samples of one task over `items` again and compare the claim; raises MusiError as `check` does."""
    evidence = read_evidence(spec, items, path, results, results_path)
    ours = estimates([answer.values for answer in evidence.answers])  # in the order of the file, on which the bootstrap depends
    _same_claim(spec, results, ours, results_path)
    order = [answer.item.index for answer in evidence.answers]
    answers = evidence.answers
    if order != sorted(order):
        answers = tuple(sorted(answers, key=lambda answer: answer.item.index))
        ours = estimates([answer.values for answer in answers])
    return TaskResult(spec, ours, answers, evidence.frame)


def _same_claim(spec: TaskSpec, results: dict[str, Any], ours: dict[str, Estimate], path: Path) -> None:
    claim = results.get("results", {}).get(spec.name) if isinstance(results.get("results"), dict) else None
    if not isinstance(claim, dict):
        raise MusiError(f"{path}: claims nothing for {spec.name}; submit the run that saved these samples")
    facts = {
        "versions": spec.version,
        "n-shot": 0,
        "n-samples": {"original": spec.items, "effective": spec.items},
    }
    for key, value in facts.items():
        table = results.get(key)
        if not isinstance(table, dict) or table.get(spec.name) != value:
            raise MusiError(f"{path}: {key} of {spec.name} is not {value}; run the task again unchanged")
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
        if not same(claim[key], value):
            claimed = short(claim[key])
            raise MusiError(f"{path}: {spec.name} claims {metric} = {claimed}, its samples give {short(value)}; submit unedited")
