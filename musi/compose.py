"""Stages, constraints and context become a prompt and its gold answer, for all stages together or for one alone.

Here are 2 tasks.                                [1]
                                                 18 over
Notes: The storeroom holds 6 lamps and 9 jars.   [2]
                                                 6 over
End every answer with the word "over".
                                                 ^ gold answer
1. Add the numbers 4, 5 and 9.
2. How many lamps are in the storeroom?

Give the 2 answers in the order of the tasks. …
"""

from collections.abc import Sequence

from musi.constraints import constraint
from musi.families import FAMILIES
from musi.languages import LANGUAGES, Language
from musi.matching import AnswerKind
from musi.rng import Stream
from musi.schema import Item, load_params

STYLES = ("numbered", "prose", "bullets", "letter", "table")
SEPARATOR = "\n\n"  # stands between a prompt and its answer wherever the two are joined


def render_prompt(key: str, lang: Language, style: str, context: str, rules: Sequence[str], instructions: Sequence[str]) -> str:
    """The prompt for `instructions`; its wording is drawn from `key` and the number of instructions alone.

    The single-stage control therefore differs from the whole prompt in the number of tasks and in what follows from it.
    """
    rng = Stream(key, "phrasing", len(instructions) > 1)
    n = len(instructions)
    opening = rng.choice((lang.openings if n > 1 else lang.single_openings)[style]).format(n=n)
    blocks = [opening]
    if context:
        blocks.append(rng.choice(lang.context_leads) + lang.word_gap + context)
    if len(rules) == 1:
        blocks.append(rules[0])
    elif rules:
        blocks.append("\n".join([lang.rules_lead, *(f"* {rule}" for rule in rules)]))
    blocks.append(_RENDERERS[style](rng, lang, instructions))
    answer_format = rng.choice(lang.formats if n > 1 else lang.single_formats).format(n=n)
    if style == "letter":
        writer, reader = rng.sample(lang.names, 2)
        blocks.insert(0, rng.choice(lang.letter_greetings).format(name=reader))
        blocks.append(rng.choice(lang.letter_closings).format(name=writer))
        answer_format = lang.postscript.format(text=answer_format)
    blocks.append(answer_format)
    return "\n\n".join(blocks)


def _numbered(rng: Stream, lang: Language, instructions: Sequence[str]) -> str:
    return "\n".join(f"{k}. {instruction}" for k, instruction in enumerate(instructions, start=1))


def _bullets(rng: Stream, lang: Language, instructions: Sequence[str]) -> str:
    return "\n".join(f"- {instruction}" for instruction in instructions)


def _prose(rng: Stream, lang: Language, instructions: Sequence[str]) -> str:
    if len(instructions) == 1:
        return instructions[0]
    middle = rng.shuffle(lang.middle_connectives)
    last = len(instructions) - 1
    sentences = []
    for k, instruction in enumerate(instructions):
        if k == 0:
            connective = rng.choice(lang.first_connectives)
        elif k == last:
            connective = rng.choice(lang.last_connectives)
        else:
            connective = middle[k % len(middle)]
        sentences.append(connective + lang.word_gap + lang.lower_first(instruction))
    return lang.word_gap.join(sentences)


def _table(rng: Stream, lang: Language, instructions: Sequence[str]) -> str:
    rows = [f"| {k} | {instruction} |" for k, instruction in enumerate(instructions, start=1)]
    return "\n".join([f"| {lang.table_head[0]} | {lang.table_head[1]} |", "| --- | --- |", *rows])


_RENDERERS = {"numbered": _numbered, "prose": _prose, "bullets": _bullets, "letter": _prose, "table": _table}


def apply_rules(answer: str, kind: AnswerKind, rules: Sequence[tuple[str, dict]], lang: Language) -> str:
    """The answer as it stands under every rule (name, params) that concerns its kind."""
    ranked = sorted(((constraint(name, "rules"), params) for name, params in rules), key=lambda pair: pair[0].rank)
    for rule, params in ranked:
        if kind in rule.kinds:
            answer = rule.apply(answer, params, lang)
    return answer


def render_answer(answers: Sequence[str]) -> str:
    """Answers under their headers: `[1]`, the first answer, `[2]`, …"""
    return "\n".join(f"[{k}]\n{answer}" for k, answer in enumerate(answers, start=1))


def is_bound(answer: str, plain: str, kind: AnswerKind, rules: Sequence[tuple[str, dict]]) -> bool:
    """Whether a stage needs constraint memory: a rule changed its answer, or limits what may be written freely."""
    return answer != plain or (kind == "open" and any(constraint(name, "rules").slot == "limit" for name, _ in rules))


def single_prompt(item: Item, k: int) -> str:
    """The control prompt that asks stage `k` (from 0) of `item` alone, under the same context and constraints."""
    return _prompt_of(item, item.stages[k].instruction)


def rephrased_single_prompt(item: Item, k: int) -> str:
    """The same control with another paraphrase of the instruction, to measure how consistent a model is.

    A stage that did not come from a family (imported data) has no other paraphrase and is asked in the same words.
    """
    stage = item.stages[k]
    instruction = stage.instruction
    if stage.family in FAMILIES:
        kind, lang = FAMILIES[stage.family], LANGUAGES[item.lang]
        slots = kind.slots(load_params(stage.params), lang)
        others = [text for ask in kind.asks(lang) if (text := ask.format(**slots)) != instruction]
        instruction = Stream(item.id, "again", k).choice(others)
    return _prompt_of(item, instruction)


def _prompt_of(item: Item, instruction: str) -> str:
    rules = [rule.text for rule in item.constraints]
    return render_prompt(item.id, LANGUAGES[item.lang], item.style, item.context, rules, [instruction])


def multi_example(item: Item) -> tuple[str, str]:
    """The whole prompt and its gold answer, as text to train on; join them with `SEPARATOR`."""
    return item.prompt, item.answer


def single_example(item: Item, k: int) -> tuple[str, str]:
    """The single-stage control of stage `k` (from 0) and its gold answer, as text to train on."""
    return single_prompt(item, k), render_answer([item.stages[k].answer])
