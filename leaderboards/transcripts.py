"""Transcripts: what was asked, what the model wrote, and what the scorer made of it."""

from dataclasses import dataclass

from musi.samples import Sample, score_sample

MAX_SHOWN_CHARS = 3_000
MAX_ANSWER_CHARS = 300


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage as the page shows it."""

    family: str
    distance: int
    gold: str
    in_chain: bool
    reason: str
    alone: bool
    alone_response: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """One item with the response to its whole prompt, and its stages."""

    item_id: str
    prompt: str
    response: str
    stages: tuple[StageLine, ...]


def transcript_of(sample: Sample) -> Transcript:
    """The transcript of a generate sample; long texts are cut and say so."""
    scored, item = score_sample(sample), sample.item
    stages = tuple(
        StageLine(
            family=stage.family,
            distance=stage.distance,
            gold=shorten(stage.answer, MAX_ANSWER_CHARS),
            in_chain=multi.passed,
            reason=shorten(multi.reason, MAX_ANSWER_CHARS),
            alone=alone,
            alone_response=shorten(response, MAX_ANSWER_CHARS),
        )
        for stage, multi, alone, response in zip(
            item.stages, scored.multi.stages, scored.passed_alone, sample.singles, strict=True
        )
    )
    return Transcript(item.id, item.prompt, shorten(sample.multi, MAX_SHOWN_CHARS), stages)


def shorten(text: str, limit: int) -> str:
    """`text`, or its first `limit` characters and how many were left out."""
    return text if len(text) <= limit else f"{text[:limit]}… [{len(text) - limit:,} more characters]"
