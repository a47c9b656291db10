"""A handful of transcripts an entry: what was asked, what the model wrote, and what the scorer made of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from musi.samples import Sample, Scored, score_sample
from musi.schema import Stage

MAX_SHOWN_CHARS = 3_000
MAX_ANSWER_CHARS = 300
WANTED = {"a stage forgotten": 3, "every stage right": 1, "a stage not managed alone either": 1}


@dataclass(frozen=True)
class StageLine:
    """One stage as the page shows it."""

    stage: Stage
    gold: str
    in_chain: bool
    reason: str
    alone: bool
    alone_response: str


@dataclass(frozen=True)
class Transcript:
    """One item with the response to its whole prompt, and its stages."""

    item_id: str
    outcome: str
    prompt: str
    response: str
    stages: tuple[StageLine, ...]


def chosen_transcripts(samples: Sequence[Sample]) -> tuple[Transcript, ...]:
    """The first items of each outcome in `WANTED`, in the order of the dataset: no choosing by hand."""
    left = dict(WANTED)
    chosen = []
    for sample in samples:
        if not any(left.values()):
            break
        scored = score_sample(sample)
        outcome = _outcome(scored)
        if left[outcome]:
            left[outcome] -= 1
            chosen.append(_transcript(scored, outcome))
    return tuple(chosen)


def _outcome(scored: Scored) -> str:
    if all(scored.multi.passed):
        return "every stage right"
    forgot = any(single and not multi for multi, single in zip(scored.multi.passed, scored.passed_alone, strict=True))
    return "a stage forgotten" if forgot else "a stage not managed alone either"


def _transcript(scored: Scored, outcome: str) -> Transcript:
    item = scored.sample.item
    stages = tuple(
        StageLine(
            stage=stage,
            gold=shorten(stage.answer, MAX_ANSWER_CHARS),
            in_chain=multi.passed,
            reason=multi.reason,
            alone=alone,
            alone_response=shorten(response, MAX_ANSWER_CHARS),
        )
        for stage, multi, alone, response in zip(
            item.stages, scored.multi.stages, scored.passed_alone, scored.sample.singles, strict=True
        )
    )
    return Transcript(item.id, outcome, item.prompt, shorten(scored.sample.multi, MAX_SHOWN_CHARS), stages)


def shorten(text: str, limit: int) -> str:
    """`text`, or its first `limit` characters and how many were left out."""
    return text if len(text) <= limit else f"{text[:limit]}… [{len(text) - limit:,} more characters]"
