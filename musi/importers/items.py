"""Records become items: chains stay chains, single tasks are drawn together into chains of 2 to 8 stages.

alpaca  "Name a fruit." → "apple"   ┐
dolly   "What is 2 + 2?" → "4"      ┴→  Here are 2 tasks. 1. Name a fruit. 2. What is 2 + 2? …   [1] apple [2] 4

A function of the records and the dataset's name alone. The styles are those that leave foreign text as it stands: running prose
would have to lower its first letter, and a table breaks on `|`.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

from musi.build import item_line
from musi.compose import render_answer, render_prompt
from musi.importers.records import Record, ShapeError, Skipped, Task
from musi.languages import LANGUAGES, count_words
from musi.references import REFERENCES, reference_kind
from musi.rng import Stream
from musi.schema import MAX_LINE_BYTES, Item, Memory, Split, Stage, canonical_json
from musi.score import score_response

STYLES = ("numbered", "bullets")
LENGTHS = range(2, 9)
MAX_CHAIN = 32  # what an item can hold
MAX_ITEM_CHARS = 80_000  # of a composed item's tasks; a full row repeats each twice and must stay a line of `MAX_LINE_BYTES`


def stage_of(task: Task, context: str, chain: bool, distance: int, lang: str) -> Stage:
    """The stage that a task becomes; in a `chain` it needs what the context and earlier stages say.

    `params["task"]` tells apart the tasks of equal answers: uniqueness is judged on parameters.

    Raises ShapeError when the task has no reference, or one that its own verifier would not pass.
    """
    if task.reference is None:
        raise ShapeError(
            "no reference answer; " + ("`musi dataset teach` can ask for one" if task.checks else "nothing to verify by")
        )
    name, reference = ("checked_text", task.reference) if task.checks else reference_kind(task.reference)
    digest = blake2b(f"{context}\x1f{task.instruction}".encode(), digest_size=8).hexdigest()
    params: dict[str, Any] = {"reference": reference, "task": digest} | ({"checks": list(task.checks)} if task.checks else {})
    verdict = REFERENCES[name].verify(reference, params, LANGUAGES[lang])
    if not verdict.passed:
        raise ShapeError(f"its own reference fails: {verdict.reason}")
    memory: tuple[Memory, ...] = ("instruction", "content") if chain else ("instruction",)
    return Stage(
        family=name,
        instruction=task.instruction,
        answer=reference,
        params=canonical_json(params),
        memory=memory,
        distance=distance,
    )


def item_of(records: Sequence[Record], name: str, split: Split, index: int, lang: str) -> Item:
    """The item of one chain, or of several single tasks.

    Raises ShapeError when a task cannot be a stage, when its gold answer does not survive being cut out of the whole, or when the
    item is too long.
    """
    tasks = [task for record in records for task in record.tasks]
    chain = len(records) == 1
    context = records[0].context if chain else ""
    if len(tasks) > MAX_CHAIN:
        raise ShapeError(f"a chain of {len(tasks)} stages, over the limit of {MAX_CHAIN}")
    stages: list[Stage] = []
    distance = 0
    for task in tasks:
        stages.append(stage_of(task, context, chain, distance, lang))
        distance += count_words(stages[-1].answer)
    item_id = f"musi-{name}-{split}-{index:05d}"
    instructions = [stage.instruction for stage in stages]
    style = "numbered" if any("\n" in text for text in instructions) else Stream(item_id, "style").choice(STYLES)
    item = Item(
        id=item_id,
        release=name,
        split=split,
        index=index,
        lang=lang,
        style=style,
        context=context,
        constraints=(),
        stages=tuple(stages),
        prompt=render_prompt(item_id, LANGUAGES[lang], style, context, [], instructions),
        answer=render_answer([stage.answer for stage in stages]),
        canary="",
    )
    for mode in ("strict", "loose"):
        scored = score_response(item, item.answer, range(len(stages)), mode)
        if failed := [stage.reason for stage in scored.stages if not stage.passed]:
            raise ShapeError(f"its reference cannot be told from the form of an answer: {failed[0]}")
    if len(item_line(item)) > MAX_LINE_BYTES:
        raise ShapeError("too long for an item")
    return item


def compose(
    records: Sequence[Record], name: str, split: Split, lang: str, skipped: list[Skipped]
) -> Iterator[tuple[Item, list[Record]]]:
    """Yield items with the records they are made of; records that cannot be stages are appended to `skipped`.

    Chains come first, in the order of the source; then the single tasks, shuffled by the dataset's name.
    """
    index = 0
    singles: list[Record] = []
    for record in _new(records, skipped):
        try:
            item = item_of([record], name, split, index, lang)
        except ShapeError as error:
            skipped.append(Skipped(record.where, str(error)))
            continue
        if len(record.tasks) == 1:
            singles.append(record)
            continue
        yield item, [record]
        index += 1
    for group in _groups(Stream(name, "order").shuffle(singles), name, skipped):
        yield item_of(group, name, split, index, lang), group
        index += 1


def _new(records: Sequence[Record], skipped: list[Skipped]) -> Iterator[Record]:
    """The records whose context and tasks did not occur before."""
    seen: dict[tuple[Any, ...], str] = {}
    for record in records:
        key = (record.context, *((task.instruction, task.reference) for task in record.tasks))
        if (first := seen.setdefault(key, record.where)) != record.where:
            skipped.append(Skipped(record.where, f"repeats {first}"))
        else:
            yield record


def _groups(singles: Sequence[Record], name: str, skipped: list[Skipped]) -> Iterator[list[Record]]:
    """Cut the single tasks into groups; a last one that would stand alone joins the group before."""
    groups: list[list[Record]] = [[]]
    wanted = Stream(name, "length", 0).choice(LENGTHS)
    for record in singles:
        last = groups[-1]
        if len(last) == wanted or (len(last) > 1 and sum(each.chars for each in last) + record.chars > MAX_ITEM_CHARS):
            wanted = Stream(name, "length", len(groups)).choice(LENGTHS)
            groups.append([record])
        else:
            last.append(record)
    if len(groups[-1]) == 1:
        alone = groups.pop()[0]
        if groups and len(groups[-1]) < MAX_CHAIN and sum(each.chars for each in groups[-1]) + alone.chars <= MAX_ITEM_CHARS:
            groups[-1].append(alone)
        else:
            skipped.append(Skipped(alone.where, "nothing to compose it with"))
    yield from (group for group in groups if group)
