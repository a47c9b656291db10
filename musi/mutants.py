"""Wrong answers made from a gold answer: every one must fail, or the verifier is too lenient.

gold 18        mutants 17, 19, 118, 180, "18 or 25", "The answer is 18", "", the instruction, the prompt, another answer
gold a, b, c   mutants "b, a, c", "a, b", "a, b, c, a", …
gold 18 over   mutants also "18": the same answer with a constraint dropped
"""

import json
from collections.abc import Iterator

from musi.compose import apply_rules
from musi.constraints import constraint
from musi.families import Family
from musi.languages import LANGUAGES, Language
from musi.references import Reference, stage_kind
from musi.schema import Item, load_params

NOT_AN_ANSWER = "I am not sure"
CASE = ("case swapped", "uppercase dropped", "lowercase dropped")  # these differ from the gold in letter case alone


def mutants(item: Item, k: int, other: str) -> Iterator[tuple[str, str]]:
    """(kind of mutant, text) for stage `k` (from 0) of `item`; `other` is the plain answer of some other problem.

    A change that gives the gold answer again is none: `January` less a letter is right under a rule that asks for German.
    """
    right = item.stages[k].answer.casefold().split()
    return (mutant for mutant in _changed(item, k, other) if mutant[0] in CASE or mutant[1].casefold().split() != right)


def _changed(item: Item, k: int, other: str) -> Iterator[tuple[str, str]]:
    stage = item.stages[k]
    kind = stage_kind(stage.family, item.id)
    params, lang = load_params(stage.params), LANGUAGES[item.lang]
    gold = kind.solve(params, lang)
    rules = [(rule.name, load_params(rule.params)) for rule in item.constraints]

    def ruled(answer: str) -> str:
        return apply_rules(answer, kind.answer, rules, lang)

    yield "empty", ""
    if isinstance(kind, Reference) and kind.many_answers:
        return
    yield "instruction echoed", stage.instruction
    yield "prompt echoed", item.prompt
    yield "no answer", NOT_AN_ANSWER
    if isinstance(kind, Family) and kind.wrong is not None:
        for text in kind.wrong(params, lang):
            yield "wrong in this family", ruled(text)
    if kind.answer != "open":
        for name, answer in _wrong_answers(kind.answer, gold, lang):
            if (text := ruled(answer)) != stage.answer:  # February without its last letter is Februar, right in German
                yield name, text
        yield "sentence around the answer", ruled(f"The answer is {gold}")
    if not kind.verify(other, params, lang).passed:
        yield "another answer", ruled(other)
        if kind.answer != "open":
            yield "hedge", ruled(f"{gold} or {other}")
            yield "hedge", ruled(f"{other}{lang.comma}{gold}")
    for dropped in rules:
        if kind.answer not in constraint(dropped[0], item.id).kinds:
            continue
        answer = apply_rules(gold, kind.answer, [rule for rule in rules if rule is not dropped], lang)
        if answer != stage.answer:
            yield f"{dropped[0]} dropped", answer


def _wrong_answers(kind: str, gold: str, lang: Language) -> Iterator[tuple[str, str]]:
    if kind == "integer":
        yield "plus one", str(int(gold) + 1)
        yield "minus one", str(int(gold) - 1)
        yield "inside a longer number", f"1{gold}"
        if int(gold):
            yield "inside a longer number", f"{gold}0"
        yield "decimal", f"{gold}.5"
    elif kind == "items":
        items = gold.split(lang.comma)
        for i in range(len(items) - 1):
            if items[i] != items[i + 1]:
                yield "neighbours swapped", lang.listed([*items[:i], items[i + 1], items[i], *items[i + 2 :]])
                break
        yield "last item dropped", lang.listed(items[:-1])
        yield "item added", lang.listed([*items, items[0]])
        yield "separators dropped", " ".join(items)
    elif kind == "block":
        lines = gold.split("\n")
        yield "last line dropped", "\n".join(lines[:-1])
        yield "line added", f"{gold}\n{lines[-1]}"
        yield "lines joined", " ".join(lines)
        yield "last letter dropped", gold[:-1]
    elif kind == "json":
        value = json.loads(gold)
        yield "bracket dropped", gold[:-1]
        yield "wrapped in a list", f"[{gold}]"
        if isinstance(value, dict):
            yield "key dropped", json.dumps(dict(list(value.items())[1:]), ensure_ascii=False)
            yield "key added", json.dumps({**value, "x": 1}, ensure_ascii=False)
            yield "values as text", json.dumps({key: f"{each} " for key, each in value.items()}, ensure_ascii=False)
        else:
            yield "item dropped", json.dumps(value[:-1], ensure_ascii=False)
            yield "item added", json.dumps([*value, value[0]], ensure_ascii=False)
    else:
        yield "last letter dropped", gold.rstrip(".。")[:-1]
        yield "letter doubled", gold[0] + gold
        if kind == "exact" and gold.swapcase() != gold:
            yield "case swapped", gold.swapcase()
