"""Response text → one verdict per stage. The only scorer of the repository.

*Strict*, the headline: stage k's answer is what stands under a line that is exactly `[k]`, up to the next such line. A header
that comes twice, or after a higher one, makes its stage fail. The text under it must be the answer and nothing but the answer
(formatting aside, see `musi.matching`). Text before `[1]` is ignored.

*Loose* forgives the form and nothing of the content: headers may be written `1.`, `1)`, `(1)`, `**[1]**`, `### 1`, `Stage 1:`,
`Task 1:`, `【1】`, `任务1：`, with the answer on the same line; when a header comes twice, the first one counts; a single-stage
response without any header is one segment. Numbered headers count only in a response without bracketed ones, and a
single-stage response with several of them is a list. From a segment, one candidate is taken: a leading number such as `1.` is
dropped, then an opening repetition of the instruction, then a lead-in such as `Answer:`, `The answer is` or `答案是`; if several
lines are left, they are the items of a list where a list was asked for, and otherwise the last one counts. If it is a sentence,
what it says is taken: for a whole number the only number in it, otherwise all that follows its last `is`, `are`, `was`, `were`
or `=`, in Chinese `是`, `为` or `等于`. The same verifier checks the candidate, so a hedge (`Paris or Rome`, `it is not 10`, two
numbers) fails, and so does an answer in the middle of a sentence. What passes strict passes loose: an answer that may stand on
several lines, such as a list or a fenced one, is not cut down to its last line.

Marks of several rules may be nested either way (`"Nora: 42"` or `Nora: "42"`): every order is tried.

A missing stage fails in both: denominators never shrink. A verifier never raises on text; if one does, the run stops.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

from musi.constraints import ConstraintKind, Params, constraint
from musi.languages import LANGUAGES, Language
from musi.matching import AnswerKind, Verdict
from musi.references import StageKind, stage_kind
from musi.schema import Item, load_params

SCORER_VERSION = 1
MAX_RESPONSE_CHARS = 200_000
Mode = Literal["strict", "loose"]

_STRICT_HEADER = re.compile(r"^\[([0-9]{1,3})\][ \t]*$", re.MULTILINE)
_DECORATION = r"^[ \t]{0,8}(?:[#>*-]{1,6}[ \t]{1,4})?(?:\*\*|__|`)?(?:(?:stage|task|answer)[ \t]|(?:任务|问题|答案|第)[ \t]?)?"
_DECORATION_END = r"(?:\*\*|__|`)?[ \t]{0,4}[:.：]?(?:\*\*|__)?[ \t]*"
_LOOSE_HEADERS = (
    re.compile(_DECORATION + r"[\[［【]([0-9]{1,3})[\]］】]" + _DECORATION_END, re.MULTILINE | re.IGNORECASE),
    re.compile(
        _DECORATION + r"[(（]?([0-9]{1,3})(?:[.):](?=\s|\*|$)|[题项]?[）：])" + _DECORATION_END, re.MULTILINE | re.IGNORECASE
    ),
)
_BULLET = re.compile(r"^(?:[-*•]|[0-9]{1,3}[.)]) ?")
_NUMBERING = re.compile(r"^(?:\[[0-9]{1,3}\]|[0-9]{1,3}[.)])[ \n]+(?=\S)")
_NUMBER = re.compile(r"(?<![.,])(?<![^\W\u3400-\u9fff])[-−]?[0-9][0-9,]*(?![^\W\u3400-\u9fff])(?!\.[0-9])")
_SAID = re.compile(r".{1,200}(?:(?:\b(?:is|are|was|were)\b:?|=) |(?:是|为|等于)[：:]? ?)")
_UNSURE = re.compile(r"\b(?:not|or|never|maybe|perhaps|either)\b|n['’]t\b|不是|或|也许|可能|大概", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"(?:sure|certainly|of course|okay)?[,!.: ]{0,3}"
    r"(?:(?:the|my|your|correct|final|right|full|result(?:ing)?) ){0,3}"
    r"(?:answer|result|sum|total|output|solution)(?: to (?:this|the) (?:task|question))?(?: is| are|:)[ :]{0,3}"
    r"|(?:好的|当然)?[，。！]?(?:最终|正确)?(?:答案|结果|总和|得数)(?:[是为][：:]?|[：:]) ?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class StageScore:
    """Verdict on one stage of a response; `passed` needs the right answer and every constraint obeyed."""

    found: bool
    answer_right: bool
    rules_obeyed: bool
    reason: str
    text: str

    @property
    def passed(self) -> bool:
        return self.answer_right and self.rules_obeyed


@dataclass(frozen=True)
class ResponseScore:
    """Verdicts on all stages of a response, in stage order; `ordered` says that every header was found once, in order."""

    stages: tuple[StageScore, ...]
    ordered: bool

    @property
    def passed(self) -> tuple[bool, ...]:
        return tuple(stage.passed for stage in self.stages)

    @property
    def completed(self) -> bool:
        return all(stage.found for stage in self.stages)


MISSING = StageScore(False, False, False, "missing stage", "")


def segment(response: str, n_stages: int, mode: Mode) -> tuple[list[str | None], bool]:
    """Cut a response into the texts of stages 1…n (None where a stage is missing) and say whether the headers are in order."""
    response = response[:MAX_RESPONSE_CHARS].replace("\r\n", "\n")
    headers = _headers(response, mode, n_stages)
    ends = [*(start for _, start, _ in headers[1:]), len(response)][: len(headers)]
    numbers = [number for number, _, _ in headers]
    texts: list[str | None] = [None] * n_stages
    highest = 0
    for (number, _, begin), end in zip(headers, ends, strict=True):
        late = number <= highest
        highest = max(highest, number)
        if not 1 <= number <= n_stages:
            continue
        if mode == "strict" and (late or numbers.count(number) > 1):
            continue
        if texts[number - 1] is None:
            texts[number - 1] = response[begin:end].strip("\n")
    if mode == "loose" and n_stages == 1 and texts[0] is None:
        texts[0] = response.strip()
    return texts, numbers == list(range(1, n_stages + 1))


def _headers(response: str, mode: Mode, n_stages: int) -> list[tuple[int, int, int]]:
    """(number, start of the header, start of its text) of every header; bracketed ones, when there are any, rule out others."""
    if mode == "strict":
        return [(int(match[1]), match.start(), match.end()) for match in _STRICT_HEADER.finditer(response)]
    bracketed, numbered = ([(int(m[1]), m.start(), m.end()) for m in pattern.finditer(response)] for pattern in _LOOSE_HEADERS)
    for found in (bracketed, [] if n_stages == 1 and len(numbered) > 1 else numbered):
        if any(1 <= number <= n_stages for number, _, _ in found):
            return found
    return []


def candidate(text: str, instruction: str, kind: AnswerKind) -> str:
    """The one text that loose scoring takes from a segment as the answer (see the head of this file)."""
    text = _NUMBERING.sub("", _fold(text))
    wanted = _fold(instruction)
    if text.casefold().startswith(wanted.casefold()):
        text = text[len(wanted) :].lstrip(" \n:-")
    if lead_in := _LEAD_IN.match(text):
        text = text[lead_in.end() :]
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if kind in ("block", "json"):
        return text
    if len(lines) > 1 and kind == "items":
        return ", ".join(_BULLET.sub("", line) for line in lines)
    if len(lines) > 1:
        text = lines[-1]
        if lead_in := _LEAD_IN.match(text):
            text = text[lead_in.end() :]
    return _out_of_sentence(text, kind)


def _out_of_sentence(text: str, kind: AnswerKind) -> str:
    """What a sentence says: its only number, or all that follows its last `is` or `=`."""
    if _UNSURE.search(text):
        return text
    if kind == "integer" and len(numbers := _NUMBER.findall(text)) == 1:
        return numbers[0]
    if kind != "passage" and (said := _SAID.match(text)):
        return text[said.end() :]
    return text


def _fold(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.strip().split("\n"))


def score_response(item: Item, response: str, stages: Sequence[int], mode: Mode = "strict") -> ResponseScore:
    """Score a response to the given stages of `item` (indices from 0): all of them, or one for a single-stage control.

    Raises MusiError when the item names a family or constraint that this MuSI does not know.
    """
    texts, ordered = segment(response, len(stages), mode)
    strict = score_response(item, response, stages).stages if mode == "loose" else (MISSING,) * len(stages)
    scores = tuple(
        done if done.passed else MISSING if text is None else score_stage(item, k, text, mode)
        for k, text, done in zip(stages, texts, strict, strict=True)
    )
    return ResponseScore(scores, ordered)


def score_stage(item: Item, k: int, text: str, mode: Mode = "strict") -> StageScore:
    """Score the text under stage `k`'s header (k from 0)."""
    stage = item.stages[k]
    kind = stage_kind(stage.family, f"{item.id} stage {k + 1}")
    if mode == "loose":
        whole = score_stage(item, k, text)
        if whole.passed:
            return whole
        text = candidate(text, stage.instruction, kind.answer)
    rules = [(constraint(rule.name, item.id), load_params(rule.params)) for rule in item.constraints]
    rules = sorted((pair for pair in rules if kind.answer in pair[0].kinds), key=lambda pair: -pair[0].rank)
    lang, params = LANGUAGES[item.lang], load_params(stage.params)
    first = _judge(text, kind, params, rules, lang)
    if first.passed or len(rules) < 2:
        return first
    others = (_judge(text, kind, params, order, lang) for order in _nestings(rules))
    return next((score for score in others if score.passed), first)


def _nestings(rules: Sequence[tuple[ConstraintKind, Params]]) -> Iterator[list[tuple[ConstraintKind, Params]]]:
    """Other orders than the given one: marks around an answer may be nested freely; letter case is then judged on the whole."""
    marks = [pair for pair in rules if pair[0].slot in ("front", "end", "wrap")]
    if len(marks) < 2:
        return
    around = [pair for pair in rules if pair[0].slot in ("limit", "case")]
    inner = [pair for pair in rules if pair not in marks and pair not in around]
    for order in permutations(marks):
        yield [*around, *order, *inner]


def _judge(
    text: str, kind: StageKind, problem: Params, rules: Sequence[tuple[ConstraintKind, Params]], lang: Language
) -> StageScore:
    """Check each rule and take its mark off, the outermost first, then verify what is left."""
    broken: list[str] = []
    answer = text.strip()
    for rule, params in rules:
        verdict: Verdict = rule.check(answer, params, lang)
        if not verdict.passed:
            broken.append(verdict.reason)
        answer = rule.strip(answer, params, lang)
    verdict = kind.verify(answer, problem, lang)
    reasons = ([] if verdict.passed else [verdict.reason]) + broken
    return StageScore(True, verdict.passed, not broken, "; ".join(reasons) or verdict.reason, text)
