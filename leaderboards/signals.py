"""Signals for a human: what does not refute a submission, but should make somebody look at it; `TABLE` says what they are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leaderboards.check import Checked, TaskResult
from leaderboards.names import skeleton

GOLD_SHARE, EMPTY_SHARE, CUT_SHARE = 0.95, 0.05, 0.05
P_VALUE = 0.01
MIRROR_RETENTION, MIRROR_SINGLE, MIRROR_STAGES = 0.98, 0.8, 50
OOD_GAP = 0.25
FRAME_CHARS = 600
TWIN_RESPONSES, TWIN_SHARE = 20, 0.5
COMMON = 20  # a wrong response that more entries give is nobody's own
TABLE = {  # when each is shown, and what it may mean
    "gold copied": ("95 % or more of the whole responses are our gold answers to the byte", "the answers were known"),
    "empty responses": ("5 % or more of all responses hold no text", "a broken run"),
    "cut responses": (
        "5 % or more of the whole responses filled their budget, or pass the length of gold and lack stages",
        "a model that loops, or a budget that cut it",
    ),
    "truncated prompts": ("any prompt was longer than the model could hold", "what was cut off could not be remembered"),
    "weak control": ("more stages are right in the chain only than alone only (p < 0.01)", "the control was held back"),
    "mirrored control": (
        "nearly every stage right alone is right in the chain, too, though many are wrong",
        "a control made to fit",
    ),
    "gap to held-out tasks": (
        "alone 25 points better on the tasks of training than on held-out ones",
        "trained on the test's kind",
    ),
    "long frame": ("over 600 characters stand around every prompt", "hints in the context"),
    "twin responses": ("20 wrong responses or more, half of all, equal another entry's to the byte", "one run under two names"),
    "twin name": ("looks like the name of another entry", "somebody is passed off"),
}


@dataclass(frozen=True)
class Signal:
    """One thing to look at: its name from the table above, and the figures behind it."""

    name: str
    text: str


def signals(checked: Checked) -> list[Signal]:
    """What can be seen in one submission alone."""
    generated = [result for result in checked.tasks.values() if result.spec.kind == "generate"]
    return [signal for result in generated for signal in _of_task(result)] + _gaps(generated)


def _of_task(result: TaskResult) -> Iterable[Signal]:
    from scipy.stats import binomtest

    task, answers = result.spec.name, result.answers
    n = len(answers)
    if (count := sum(answer.verbatim for answer in answers)) >= GOLD_SHARE * n:
        yield Signal("gold copied", f"{task}: {count} of {n} whole responses are our gold answers to the byte")
    n_responses = sum(1 + len(answer.item.stages) for answer in answers)
    if (count := sum(answer.empty for answer in answers)) >= EMPTY_SHARE * n_responses:
        yield Signal("empty responses", f"{task}: {count:,} of {n_responses:,} responses hold no text")
    if (count := sum(answer.cut for answer in answers)) >= CUT_SHARE * n:
        yield Signal("cut responses", f"{task}: {count} of {n} whole responses filled their budget or ran on without an end")
    if count := sum(answer.truncated for answer in answers):
        yield Signal("truncated prompts", f"{task}: {count:,} of {n_responses:,} prompts were longer than the model could hold")
    pairs = [(multi, single) for answer in answers for multi, single in answer.values["retention"]]
    chain_only = sum(multi and not single for multi, single in pairs)
    alone_only = sum(single and not multi for multi, single in pairs)
    alone = sum(single for _, single in pairs)
    if chain_only and binomtest(chain_only, chain_only + alone_only, alternative="greater").pvalue < P_VALUE:
        yield Signal("weak control", f"{task}: {chain_only} stages are right in the chain only, {alone_only} alone only")
    kept = 1 - alone_only / alone if alone else 0.0
    if alone >= MIRROR_STAGES and kept >= MIRROR_RETENTION and alone <= MIRROR_SINGLE * len(pairs):
        text = f"{task}: of {len(pairs)} stages {alone} are right alone, and all but {alone_only} of these in the chain"
        yield Signal("mirrored control", text)
    if (chars := sum(map(len, result.frame))) > FRAME_CHARS:
        yield Signal("long frame", f"{task}: {chars:,} characters stand around every prompt")


def _gaps(results: Sequence[TaskResult]) -> list[Signal]:
    """Every pair of an iid task and the ood task of the same language."""
    found = []
    for iid in results:
        for ood in results:
            if (iid.spec.split, ood.spec.split, iid.spec.lang) != ("test_iid", "test_ood", ood.spec.lang):
                continue
            here, there = (result.estimates["single_acc"].value or 0.0 for result in (iid, ood))
            if here - there >= OOD_GAP:
                text = f"alone {here:.0%} of the stages of {iid.spec.name} are right, {there:.0%} of those of {ood.spec.name}"
                found.append(Signal("gap to held-out tasks", text))
    return found


def twins(wrong: Mapping[str, Sequence[str]], task: str) -> dict[str, list[Signal]]:
    """Entries that share wrong responses, by entry; `wrong` gives each entry's fingerprints of them, "" where right, (E, I)."""
    names = list(wrong)
    if len(names) < 2:
        return {}
    table = np.array([list(row) for row in wrong.values()])  # (E, I)
    counts = (table != "").sum(axis=1)
    shared: Counter[tuple[int, int]] = Counter()
    for column in table.T:
        order = np.argsort(column, kind="stable")
        values = column[order]
        starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
        for start, end in zip(starts, np.r_[starts[1:], len(values)], strict=True):
            if values[start] and 1 < end - start <= COMMON:
                group = sorted(int(each) for each in order[start:end])
                shared.update((a, b) for i, a in enumerate(group) for b in group[i + 1 :])
    found: dict[str, list[Signal]] = {}
    for (a, b), count in sorted(shared.items()):
        if count >= TWIN_RESPONSES and count >= TWIN_SHARE * min(counts[a], counts[b]):
            for one, other in ((a, b), (b, a)):
                text = f"{task}: {count} of {counts[one]} wrong responses are those of {names[other]} to the byte"
                found.setdefault(names[one], []).append(Signal("twin responses", text))
    return found


def twin_names(names: Mapping[str, str]) -> dict[str, list[Signal]]:
    """Entries whose name looks like another's, by entry; `names` gives each entry's name."""
    alike: dict[str, list[str]] = {}
    for entry, name in names.items():
        alike.setdefault(skeleton(name), []).append(entry)
    groups = [group for group in alike.values() if len(group) > 1]
    return {
        entry: [Signal("twin name", f"looks like the name of {', '.join(other for other in group if other != entry)}")]
        for group in groups
        for entry in group
    }
