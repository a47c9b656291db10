"""The evidence for one task: every logged sample joined to our item, its hashes made again, its responses scored again.

Read a line at a time, so that memory does not grow with what a stranger packs into a file: of an answer only verdicts and counts
stay, and the text of the first `SHOWN` items for the reader.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from leaderboards.specs import TaskSpec
from leaderboards.submission import MAX_SAMPLES_BYTES
from leaderboards.transcripts import Transcript, transcript_of
from leaderboards.untrusted import parse_json_lines, visible
from musi.compose import SEPARATOR, single_prompt
from musi.errors import MusiError
from musi.metrics import Values, forced_values, generate_values
from musi.samples import Sample, forced_pairs, logged_responses
from musi.schema import Item, canonical_json

SHOWN = 30  # items of a task whose transcripts are kept, the first of the release
MAX_RESPONSE_CHARS = 400_000  # many times what any task's budget of tokens allows
OVERRUN = 1.25  # times the length of the gold answer
TOLERANCE = 1e-9
NOISE = 1e-12  # a spread that is zero but for rounding
Frame = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One item as a model answered it; `fingerprint` is of the whole response as it came."""

    item: Item
    values: Values
    fingerprint: str = ""
    verbatim: bool = False  # the whole response is our gold answer, byte for byte
    empty: int = 0  # responses without any text, of the whole prompt and of the stages alone
    truncated: int = 0  # prompts that were longer than the model could hold, as far as lm-eval knew
    cut: bool = False  # the whole response filled its budget, or, where that is not known, is longer than gold and lacks stages
    transcript: Transcript | None = None


@dataclass(frozen=True)
class Evidence:
    """A task's answers in the order of the file, and the text that stood around every prompt."""

    answers: tuple[Answer, ...]
    frame: Frame


def read_evidence(spec: TaskSpec, items: Sequence[Item], path: Path, results: Mapping[str, Any], results_path: Path) -> Evidence:
    """Read and score the sample file of a task, whose gold is `items`.

    Raises MusiError naming file, line and item: an item that is unknown, missing or there twice, an edited document, hash or
    prompt, a response that is no text, a logged score that differs from ours.
    """
    wanted = {item.id: (position, item) for position, item in enumerate(items)}
    answers: dict[str, Answer] = {}
    frame: Frame | None = None
    hashes = hashlib.sha256()
    for where, row in parse_json_lines(path, MAX_SAMPLES_BYTES):
        doc = row.get("doc")
        item_id = doc.get("id") if isinstance(doc, dict) else None
        if not isinstance(item_id, str):
            raise MusiError(f"{where}: not a sample of a MuSI task (no item id); submit the run again")
        if item_id in answers:
            raise MusiError(f"{where}: item {visible(item_id[:80])} comes twice; keep the lines of one run only")
        if item_id not in wanted:
            raise MusiError(
                f"{where}: item {visible(item_id[:80])} is not in {spec.name} of release {spec.release}; run it again"
            )
        position, item = wanted[item_id]
        here = f"{where}: item {item.id}"
        hashes.update(_join(row, item, here).encode())
        frame = _asked(spec, row, item, frame, here)
        answers[item.id] = _answer(spec, row, item, position < SHOWN, here)
    if missing := sorted(wanted.keys() - answers.keys()):
        raise MusiError(
            f"{path}: {len(missing)} of the {spec.items} items of {spec.name} are missing, the first is {missing[0]}; "
            "run the task again without --limit"
        )
    task_hashes = results.get("task_hashes")
    if not isinstance(task_hashes, dict) or task_hashes.get(spec.name) != hashes.hexdigest():
        raise MusiError(f"{results_path}: task_hashes of {spec.name} is not that of its samples; submit both of one run")
    return Evidence(tuple(answers.values()), frame or ("", ""))


@dataclass(frozen=True, slots=True)
class _Gold:
    """What every sample of an item is held against, made once for all entries: the document as lm-eval logs it, its canonical
    text, the digest of the gold answer, and the prompts of the stages alone."""

    doc: dict[str, Any]
    canonical: str
    target_hash: str
    singles: tuple[str, ...]


@lru_cache(maxsize=2_500)
def _gold(item: Item) -> _Gold:
    doc = item.model_dump(mode="json")
    singles = tuple(single_prompt(item, k) for k in range(len(item.stages)))
    return _Gold(doc, canonical_json(doc), _sha256(item.answer), singles)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _join(row: dict[str, Any], item: Item, here: str) -> str:
    """The logged document must be ours in every field, and lm-eval's hashes must be those of what stands there; returns them."""
    ours, doc = _gold(item), row["doc"]
    if doc != ours.doc or canonical_json(doc) != ours.canonical or row.get("target") != item.answer:
        raise MusiError(f"{here} differs from release {item.release}; score again with unchanged data")
    hashes = {
        "doc_hash": _sha256(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _sha256(_context(row, 0, here)),
        "target_hash": ours.target_hash,
    }
    for name, digest in hashes.items():
        if row.get(name) != digest:
            raise MusiError(f"{here}: {name} is not that of what stands there; submit unedited samples")
    return "".join(hashes.values())


def _context(row: dict[str, Any], k: int, here: str) -> str:
    """The text of request `k`; a chat is logged as [its JSON text]."""
    try:
        context = row["arguments"][f"gen_args_{k}"]["arg_0"]
    except (KeyError, TypeError):
        raise MusiError(f"{here} has no logged context {k}; save the samples again with --log_samples") from None
    text = context[0] if isinstance(context, list) and len(context) == 1 else context
    if not isinstance(text, str):
        raise MusiError(f"{here} has no logged context {k}; save the samples again with --log_samples")
    return text


def _asked(spec: TaskSpec, row: dict[str, Any], item: Item, frame: Frame | None, here: str) -> Frame:
    """Every request must hold the prompt that was to be asked, with the same text around it in all of them; returns that text."""
    n = len(item.stages)
    singles = _gold(item).singles
    whole = item.prompt + SEPARATOR + item.prompt if spec.twice else item.prompt
    prompts = [whole, *singles] if spec.kind == "generate" else [*[whole] * n, *singles]
    if not isinstance(row["arguments"], dict) or len(row["arguments"]) != len(prompts):
        raise MusiError(f"{here} was asked more or less than its {len(prompts)} requests; run the task again unchanged")
    for k, prompt in enumerate(prompts):
        text = _context(row, k, here)
        if spec.kind == "forced":
            text = _fed(row, item, k, text, here)
        around = next((text.split(asked, 1) for asked in (prompt, *_in_json(prompt)) if asked in text), None)
        if around is None:
            raise MusiError(f"{here} was asked something else than its prompt (context {k}); run the task again unchanged")
        if frame is not None and frame != (around[0], around[1]):
            raise MusiError(
                f"{here}: the text around the prompt of context {k} differs from the first; run the task again unchanged"
            )
        frame = (around[0], around[1])
    assert frame is not None
    return frame


def _fed(row: dict[str, Any], item: Item, k: int, text: str, here: str) -> str:
    """A forced request without the gold answers that were fed in: earlier stages in the chain, none alone, then the header."""
    n = len(item.stages)
    answers = [stage.answer for stage in item.stages]
    earlier = "".join(f"[{i}]\n{answer}\n" for i, answer in enumerate(answers[:k], start=1)) if k < n else ""
    tail = f"{earlier}[{k + 1}]" if k < n else "[1]"
    if not text.endswith(tail) or row["arguments"][f"gen_args_{k}"].get("arg_1") != f"\n{answers[k % n]}":
        raise MusiError(f"{here} was fed something else than its gold answers (context {k}); run the task again unchanged")
    return text.removesuffix(tail)


def _in_json(prompt: str) -> tuple[str, str]:
    """How a prompt stands inside a chat that was logged as JSON text."""
    return json.dumps(prompt)[1:-1], json.dumps(prompt, ensure_ascii=False)[1:-1]


def _answer(spec: TaskSpec, row: dict[str, Any], item: Item, shown: bool, here: str) -> Answer:
    responses = _responses(spec, row, item, here)
    truncated, filled = (_flags(row, name, len(responses), here) for name in ("truncated", "out_of_tokens"))
    sample = Sample(item, tuple(responses), truncated, filled)
    if spec.kind == "forced":
        values = forced_values(sample, forced_pairs(sample, here))
        _same_values(row, values, here)
        return Answer(item, values, truncated=sum(sample.truncated))
    if longest := max((len(text) for text in responses if len(text) > MAX_RESPONSE_CHARS), default=0):
        raise MusiError(f"{here}: a response of {longest:,} characters, more than any budget allows; run the task again")
    values = generate_values(sample)
    _same_values(row, values, here)
    overrun = not values["completed"][0] and len(sample.multi) > OVERRUN * len(item.answer)
    return Answer(
        item=item,
        values=values,
        fingerprint=fingerprint(sample.multi),
        verbatim=sample.multi == item.answer,
        empty=sum(not text.strip() for text in responses),
        truncated=sum(sample.truncated),
        cut=sample.out_of_tokens[0] if sample.out_of_tokens else overrun,
        transcript=transcript_of(sample) if shown else None,
    )


def _flags(row: dict[str, Any], name: str, n: int, here: str) -> tuple[bool, ...]:
    """What the task noted of each request; empty where it could not know."""
    flags = row.get(name, [])
    if not isinstance(flags, list) or len(flags) not in (0, n) or not all(isinstance(flag, bool) for flag in flags):
        raise MusiError(f"{here}: {name} is not one true or false a request; submit unedited samples")
    return tuple(flags)


def fingerprint(response: str) -> str:
    """What two responses are compared by."""
    return hashlib.sha256(response.encode()).hexdigest()[:16]


def _responses(spec: TaskSpec, row: dict[str, Any], item: Item, here: str) -> list[Any]:
    """One response a request: text, or [log-likelihood, is greedy] as strings; lm-eval's filter must have left it as it is."""
    responses = logged_responses(row.get("resps"))
    n = len(item.stages)
    wanted = 1 + n if spec.kind == "generate" else 2 * n
    if responses is None or len(responses) != wanted:
        raise MusiError(f"{here}: the responses are not the {wanted} that {spec.name} asks for; run it again with repeats 1")
    if not all(isinstance(each, str) if spec.kind == "generate" else _is_likelihood(each) for each in responses):
        raise MusiError(f"{here}: the responses are not the {wanted} that {spec.name} asks for; run it again with repeats 1")
    if row.get("filtered_resps") != responses:
        raise MusiError(f"{here}: filtered_resps differ from resps; MuSI's tasks have no filter, run the task again unchanged")
    return responses


def _is_likelihood(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and pair[1] in ("True", "False")


def _same_values(row: dict[str, Any], values: Values, here: str) -> None:
    for metric, ours in values.items():
        for field in (metric, f"{metric}_stderr"):
            if field not in row:
                raise MusiError(f"{here}: {field} is missing; save the samples again with this MuSI")
            if not same(row[field], ours):
                logged = short(row[field])
                raise MusiError(
                    f"{here}: {field} is logged as {logged}, the responses give {short(ours)}; submit unedited samples"
                )


def same(theirs: Any, ours: Any) -> bool:
    """Equal in type and value, numbers up to rounding."""
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(theirs) == len(ours) and all(map(same, theirs, ours))
    if isinstance(ours, bool | str):
        return type(theirs) is type(ours) and theirs == ours
    number = isinstance(theirs, int | float) and not isinstance(theirs, bool) and abs(theirs) < 1e300
    return number and math.isclose(theirs, ours, rel_tol=TOLERANCE, abs_tol=NOISE)


def short(value: Any) -> str:
    """A stranger's value as it can stand in a message."""
    text = visible(repr(value))
    return text if len(text) <= 80 else f"{text[:77]}…"
