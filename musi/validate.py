"""Every check on a built dataset, in one report: schema, gold answers re-derived, mutants, disjoint splits, near-duplicates."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from musi.compose import apply_rules, is_bound, render_answer, render_prompt
from musi.errors import MusiError
from musi.generate import item_key, problem_key
from musi.languages import LANGUAGES, count_words
from musi.mutants import mutants
from musi.near_duplicates import NearDuplicate, masked, near_duplicates
from musi.references import stage_kind
from musi.release import manifest_of
from musi.schema import Item, Manifest, load_params, parse_item
from musi.score import score_response, score_stage

CHUNK_LINES = 250


class Problem(NamedTuple):
    """One thing that is wrong: where it is (file and line), in which item, and why."""

    where: str
    item: str
    reason: str


@dataclass
class Report:
    """Outcome of a validation; the dataset is valid when there are no problems."""

    items: int = 0
    stages: int = 0
    mutants_tried: int = 0
    mutants_passed: int = 0
    problems: list[Problem] = field(default_factory=list)
    near_duplicates: list[NearDuplicate] = field(default_factory=list)

    def summary(self) -> str:
        """The outcome in one line."""
        return (
            f"{self.items:,} items, {self.stages:,} stages, {self.mutants_tried:,} mutants tried, {self.mutants_passed:,} passed;"
            f" {len(self.near_duplicates):,} near-duplicates across splits; {len(self.problems):,} problems"
        )

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "items": self.items,
            "stages": self.stages,
            "mutants_tried": self.mutants_tried,
            "mutants_passed": self.mutants_passed,
            "problems": [problem._asdict() for problem in self.problems],
            "near_duplicates": [pair._asdict() for pair in self.near_duplicates],
        }


@dataclass
class _Chunk:
    """What one worker found in some lines of a file."""

    stages: int = 0
    mutants_tried: int = 0
    mutants_passed: int = 0
    problems: list[Problem] = field(default_factory=list)
    rows: list[tuple[str, bytes, list[bytes], tuple[str, ...]]] = field(default_factory=list)  # id, key, open keys, masked text


def validate(directory: Path, workers: int = 2, progress: Callable[[int], None] = lambda done: None) -> Report:
    """Validate every item of a built directory. Raises MusiError when the manifest or a file cannot be read at all."""
    manifest = manifest_of(directory)
    report = Report()
    texts: list[tuple[str, str, tuple[str, ...]]] = []
    owners: dict[bytes, tuple[str, str]] = {}
    problem_splits: dict[bytes, str] = {}
    with ProcessPoolExecutor(workers) as pool:
        jobs = [
            (name, pool.submit(_check_lines, name, start, lines, manifest)) for name, start, lines in _jobs(directory, manifest)
        ]
        for name, job in jobs:
            chunk = job.result()
            split = name.removesuffix(".jsonl")
            report.items += len(chunk.rows)
            report.stages += chunk.stages
            report.mutants_tried += chunk.mutants_tried
            report.mutants_passed += chunk.mutants_passed
            report.problems += chunk.problems
            for item_id, key, problem_keys, text in chunk.rows:
                report.problems += _clashes(item_id, split, key, problem_keys, owners, problem_splits)
                texts.append((item_id, split, text))
            progress(len(chunk.rows))
    for name, entry in manifest.files.items():
        found = sum(split == name.removesuffix(".jsonl") for _, split, _ in texts)
        if found != entry.items:
            report.problems.append(Problem(name, "-", f"holds {found:,} valid items, the manifest says {entry.items:,}"))
    report.near_duplicates = near_duplicates(texts)
    return report


def _jobs(directory: Path, manifest: Manifest) -> Iterator[tuple[str, int, list[bytes]]]:
    for name in manifest.files:
        path = directory / name
        try:
            file = path.open("rb")
        except OSError as error:
            raise MusiError(f"{path}: {error.strerror}; build the dataset with `musi dataset build`") from None
        with file:
            start = 0
            while lines := list(islice(file, CHUNK_LINES)):
                yield name, start, lines
                start += len(lines)


def _clashes(
    item_id: str,
    split: str,
    key: bytes,
    problem_keys: Iterable[bytes],
    owners: dict[bytes, tuple[str, str]],
    problem_splits: dict[bytes, str],
) -> Iterator[Problem]:
    """Items that repeat another's canonical parameters, and problems that occur in two splits."""
    first, _ = owners.setdefault(key, (item_id, split))
    if first != item_id:
        yield Problem(split, item_id, f"has the same canonical parameters as {first}")
    for problem in problem_keys:
        if (owner := problem_splits.setdefault(problem, split)) != split:
            yield Problem(split, item_id, f"shares a stage's canonical parameters with split {owner}")


def _check_lines(name: str, start: int, lines: list[bytes], manifest: Manifest) -> _Chunk:
    chunk = _Chunk()
    other = "nothing of the kind"
    for offset, line in enumerate(lines):
        where = f"{name}, line {start + offset + 1}"
        try:
            item = parse_item(line.rstrip(b"\n"), where)
        except MusiError as error:
            chunk.problems.append(Problem(where, "-", str(error).removeprefix(f"{where}: ")))
            continue
        try:
            reasons = list(_item_problems(item, name, start + offset, manifest))
            chunk.problems += [Problem(where, item.id, reason) for reason in reasons]
            chunk.stages += len(item.stages)
            for k, stage in enumerate(item.stages):
                for kind, text in mutants(item, k, other):
                    chunk.mutants_tried += 1
                    if score_stage(item, k, text).passed:
                        chunk.mutants_passed += 1
                        reasons.append(f"stage {k + 1} ({stage.family}): mutant passes: {kind}: {text[:80]!r}")
                        chunk.problems.append(Problem(where, item.id, reasons[-1]))
                other = stage_kind(stage.family, where).solve(load_params(stage.params), LANGUAGES[item.lang])
            open_keys = [
                problem_key(stage.family, stage.params) for stage in item.stages if not stage_kind(stage.family, where).closed
            ]
            chunk.rows.append((item.id, item_key(item), open_keys, masked(item)))
        except (MusiError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            chunk.problems.append(Problem(where, item.id, f"{type(error).__name__}: {error}"))
    return chunk


def _item_problems(item: Item, name: str, index: int, manifest: Manifest) -> Iterator[str]:
    """What is wrong with one item in itself."""
    wanted_id = f"musi-{manifest.release}-{name.removesuffix('.jsonl')}-{index:05d}"
    if item.id != wanted_id:
        yield f"id should be {wanted_id} at this line"
    if (item.release, f"{item.split}.jsonl", item.index) != (manifest.release, name, index):
        yield "release, split or index does not fit the file"
    if item.canary != manifest.canary:
        yield "canary is missing"
    rules = [(rule.name, load_params(rule.params)) for rule in item.constraints]
    instructions = [stage.instruction for stage in item.stages]
    rule_texts = [rule.text for rule in item.constraints]
    lang = LANGUAGES[item.lang]
    if item.prompt != render_prompt(item.id, lang, item.style, item.context, rule_texts, instructions):
        yield "prompt is not what its stages, constraints and context render to"
    if item.answer != render_answer([stage.answer for stage in item.stages]):
        yield "answer is not what its stages render to"
    distance = 0
    for k, stage in enumerate(item.stages):
        kind = stage_kind(stage.family, f"stage {k + 1}")
        plain = kind.solve(load_params(stage.params), lang)
        if stage.answer != apply_rules(plain, kind.answer, rules, lang):
            yield f"stage {k + 1} ({stage.family}): gold answer is not what its parameters give: {stage.answer[:80]!r}"
        bound = is_bound(stage.answer, plain, kind.answer, rules)
        if ("constraint" in stage.memory) != bound or kind.memory not in stage.memory:
            yield f"stage {k + 1}: kinds of memory are labelled wrong"
        if stage.distance != distance:
            yield f"stage {k + 1}: distance is {distance} words, not {stage.distance}"
        distance += count_words(stage.answer)
        single = score_response(item, render_answer([stage.answer]), [k])
        if not single.passed[0]:
            yield f"stage {k + 1} ({stage.family}): gold fails alone: {single.stages[0].reason}"
    for mode in ("strict", "loose"):
        scored = score_response(item, item.answer, range(len(item.stages)), mode)
        for k, stage_score in enumerate(scored.stages):
            if not stage_score.passed:
                yield f"stage {k + 1} ({item.stages[k].family}): gold fails ({mode}): {stage_score.reason}"
