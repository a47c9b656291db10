"""What models forget of their prompts, from the samples that lm-eval saved: plain data, ready for tables, HTML or JSON.

report([runs/a, runs/b])
    models  [{name, source, tasks: {musi_quick: {…}}}, …]     one a folder that holds samples
    pairs   {musi_quick: [{first, second, value, low, high, p_holm, …}]}

A task's entry holds the headline; the same by distance, stage, kind of memory, family, language and chain length; the
half-life; and why stages failed. `first_line` says it in words, `musi.report_print` and `musi.report_html` show it. The
headline is retention, or adjusted retention where each stage was asked in another phrasing too (`musi_consistency`).
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from musi.compare import compare
from musi.errors import MusiError
from musi.retention import (
    Estimate,
    Outcomes,
    adjusted_retention,
    consistency,
    curve,
    half_life,
    retention,
    share,
)
from musi.samples import Sample, Scored, forced_outcomes, outcomes, read_samples, sample_files, score_samples
from musi.schema import Item, Stage
from musi.score import score_stage, segment

Measure = Callable[[Outcomes], Estimate]
MIN_ABILITY = 0.2
EFFECTIVE_BAR = 0.5  # retention that a chain must keep to count as one that the model can follow
MIN_STAGES = 20  # right alone, for a group to be named in words
MEMORY_WORDS = {
    "instruction": "what a stage asked",
    "content": "what the context said",
    "order": "the order of things",
    "constraint": "rules stated once",
}


def report(results: Sequence[Path]) -> dict[str, Any]:
    """The report of every MuSI task found below each of `results`.

    Raises MusiError when there are no samples or they do not fit the locked release.
    """
    models: list[dict[str, Any]] = []
    verdicts: dict[str, dict[str, Any]] = {}
    for name, files in _model_folders(results).items():
        tasks = {}
        for task, path in files.items():
            samples = read_samples(path)
            scored = None if samples[0].forced else score_samples(samples)
            tasks[task] = report_task(samples, scored)
            verdicts.setdefault(task, {})[name] = _verdicts(samples, scored)
        models.append({"name": name, "source": str(next(iter(files.values())).parent), "tasks": tasks})
    return {"models": models, "pairs": {task: pairs for task, each in verdicts.items() if (pairs := compare(each))}}


def _model_folders(results: Sequence[Path]) -> dict[str, dict[str, Path]]:
    """Sample files by task, for each folder that holds any, under a short name of its own."""
    found: dict[str, dict[str, Path]] = {}
    for path in results:
        folders: dict[Path, dict[str, Path]] = {}
        for task, file in sample_files(path):
            folders.setdefault(file.parent, {})[task] = file
        given = path.resolve()
        for folder, files in folders.items():
            name = given.parent.name if given.is_file() else given.name
            name = name if len(folders) == 1 else f"{name}/{folder.name}"
            found[_new_name(name, given.parent.name, found)] = files
    if not found:
        raise MusiError("no results given; give folders that `lm-eval run … --log_samples -o` wrote to")
    return found


def _new_name(name: str, parent: str, taken: Container[str]) -> str:
    if name in taken:
        name = f"{parent}/{name}"
    numbered = (f"{name} ({number})" for number in count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def report_task(samples: Sequence[Sample], scored: Sequence[Scored] | None) -> dict[str, Any]:
    """Everything about one task's samples; `scored` (strict) is None for a forced task."""
    found = forced_outcomes(samples) if scored is None else outcomes(scored)
    measure = retention if found.again is None else adjusted_retention
    data: dict[str, Any] = {
        "kind": "forced" if scored is None else "generate",
        "items": len(samples),
        "stages": len(found.item),
        **_headline(found),
        "half_life": asdict(half_life(found)),
        "curve": [{"from": low, "to": high, **asdict(estimate)} for low, high, estimate in curve(found, measure)],
        "by": _groups(found, samples, measure),
    }
    data["effective_stages"] = effective_stages(data["by"]["chain length"])
    data["truncated"] = asdict(_flag_share(sample.truncated for sample in samples))
    if scored is not None:
        data["loose"] = _headline(outcomes(score_samples(samples, "loose")))
        data["out_of_tokens"] = asdict(_flag_share(sample.out_of_tokens for sample in samples))
        data["failures"] = failures(scored)
    return data


def _headline(found: Outcomes) -> dict[str, Any]:
    data = {
        "retention": asdict(retention(found)),
        "stage_acc": asdict(share(found.multi, found.item)),
        "single_acc": asdict(share(found.single, found.item)),
    }
    if found.again is not None:
        data |= {"consistency": asdict(consistency(found)), "adjusted_retention": asdict(adjusted_retention(found))}
    return data


def _flag_share(flags: Iterable[tuple[bool, ...]]) -> Estimate:
    rows = list(flags)
    item = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return share(np.array([flag for row in rows for flag in row], dtype=np.bool_), item)


def _groups(found: Outcomes, samples: Sequence[Sample], measure: Measure) -> dict[str, list[dict[str, Any]]]:
    """The headline's measure and the ability of every group of stages, by what they are grouped by."""
    rows = [(sample.item, k, stage) for sample in samples for k, stage in enumerate(sample.item.stages, start=1)]
    labels: dict[str, Callable[[Item, int, Stage], tuple[str, ...]]] = {
        "stage": lambda item, k, stage: (str(k),),
        "chain length": lambda item, k, stage: (str(len(item.stages)),),
        "kind of memory": lambda item, k, stage: stage.memory,
        "family": lambda item, k, stage: (stage.family,),
        "language": lambda item, k, stage: (item.lang,),
    }
    groups: dict[str, list[dict[str, Any]]] = {}
    for label, names_of in labels.items():
        names = [names_of(*row) for row in rows]
        groups[label] = []
        for name in sorted({name for each in names for name in each}):
            inside = found.where(np.array([name in each for each in names]))
            ability = share(inside.single, inside.item)
            groups[label].append({"name": name, **asdict(measure(inside)), "single_acc": ability.value})
    return groups


def effective_stages(chains: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The longest chain up to which retention stays at `EFFECTIVE_BAR` or above; None when the shortest is below or undefined."""
    longest = None
    for row in sorted(chains, key=lambda row: int(row["name"])):
        if row["value"] is None or row["value"] < EFFECTIVE_BAR:
            break
        longest = int(row["name"])
    return {"bar": EFFECTIVE_BAR, "stages": longest, "longest": max((int(row["name"]) for row in chains), default=0)}


def failures(scored: Sequence[Scored]) -> dict[str, dict[str, int]]:
    """Why stages of whole responses failed: all of them, and those that the model can do alone."""
    every: Counter[str] = Counter()
    forgotten: Counter[str] = Counter()
    for row in scored:
        for k, reason in enumerate(failure_reasons(row)):
            if reason:
                every[reason] += 1
                forgotten[reason] += row.passed_alone[k]
    return {reason: {"all": count, "right alone": forgotten[reason]} for reason, count in every.most_common()}


def failure_reasons(row: Scored) -> list[str]:
    """Of each stage, the first that holds of the reasons why it failed in the chain; empty for one that passed."""
    sample, item = row.sample, row.sample.item
    texts, _ = segment(sample.multi, len(item.stages), "strict")
    reasons = []
    for k, stage in enumerate(row.multi.stages):
        if stage.passed:
            reasons.append("")
        elif sample.truncated and sample.truncated[0]:
            reasons.append("prompt truncated")
        elif not stage.found:
            ran_out = bool(sample.out_of_tokens and sample.out_of_tokens[0])
            reasons.append(
                "wrong order" if _has_header(sample.multi, k + 1) else "ran out of tokens" if ran_out else "missing stage"
            )
        elif any(text and score_stage(item, k, text).passed for j, text in enumerate(texts) if j != k):
            reasons.append("wrong order")
        else:
            reasons.append("broken constraint" if stage.answer_right else "wrong answer")
    return reasons


def _has_header(response: str, k: int) -> bool:
    return re.search(rf"^\[{k}\][ \t]*$", response, re.MULTILINE) is not None


def _verdicts(samples: Sequence[Sample], scored: Sequence[Scored] | None) -> dict[str, list[tuple[bool, ...]]]:
    if scored is not None:
        return {row.sample.item.id: row.stages for row in scored}
    found = forced_outcomes(samples)
    rows: dict[str, list[tuple[bool, ...]]] = {sample.item.id: [] for sample in samples}
    for i, multi, single in zip(found.item, found.multi, found.single, strict=True):
        rows[samples[i].item.id].append((bool(multi), bool(single)))
    return rows


def headline(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """(name, estimate) of a task's headline: retention without the noise of ability where that was measured."""
    name = "adjusted_retention" if "adjusted_retention" in data else "retention"
    return name, data[name]


def first_line(name: str, data: dict[str, Any]) -> str:
    """In plain words: how much the model keeps, what it forgets most, and after how many words."""
    _, kept = headline(data)
    ability = data["single_acc"]
    seen = f"{ability['value']:.0%} of the stages alone ({interval_words(ability)})"
    if kept["value"] is None:
        return f"{name}: retention is undefined, since it gets {seen}."
    if (ability["value"] or 0) < MIN_ABILITY:
        return f"{name}: retention cannot be judged, since it gets only {seen}; {MIN_ABILITY:.0%} would be needed."
    sentence = f"{name} still does {kept['value']:.0%} ({interval_words(kept)}) of what it can do alone"
    memories = [row for row in data["by"]["kind of memory"] if row["n"] >= MIN_STAGES and row["value"] < 1]
    if memories:
        worst = min(memories, key=lambda row: row["value"])
        sentence += f"; it forgets {MEMORY_WORDS[worst['name']]} most ({worst['value']:.0%} kept)"
    half = data["half_life"]
    if half["words"]:
        sentence += f"; half of it is gone after {half['words']:,.0f} words of its own answers ({_words(half)})"
    elif half["r0"] is not None:
        sentence += f"; no loss with distance is seen up to {half['max_distance']:,.0f} words"
    return sentence + "."


def interval_words(row: dict[str, Any]) -> str:
    """`24 % to 39 %`."""
    return "no interval" if row["low"] is None else f"{row['low']:.0%} to {row['high']:.0%}"


def _words(half: dict[str, Any]) -> str:
    low, high = (f"{half[end]:,.0f}" if half[end] is not None else f"over {half['max_distance']:,.0f}" for end in ("low", "high"))
    return f"{low} to {high}"
