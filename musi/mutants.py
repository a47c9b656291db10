"""Wrong answers made from a gold answer: every one must fail, or the verifier is too lenient.

gold 18        mutants 17, 19, 118, 180, "18 or 25", "The answer is 18", "", the instruction, the prompt, another answer
gold a, b, c   mutants "b, a, c", "a, b", "a, b, c, a", …
gold 18 over   mutants also "18": the same answer with a constraint dropped
"""

from collections.abc import Iterator

from musi.compose import apply_rules
from musi.constraints import constraint
from musi.references import Reference, stage_kind
from musi.schema import Item, load_params

NOT_AN_ANSWER = "I am not sure"


def mutants(item: Item, k: int, other: str) -> Iterator[tuple[str, str]]:
    """(kind of mutant, text) for stage `k` (from 0) of `item`; `other` is the plain answer of some other problem."""
    stage = item.stages[k]
    kind = stage_kind(stage.family, item.id)
    params = load_params(stage.params)
    gold = kind.solve(params)
    rules = [(rule.name, load_params(rule.params)) for rule in item.constraints]

    yield "empty", ""
    if isinstance(kind, Reference) and kind.many_answers:
        return
    yield "instruction echoed", stage.instruction
    yield "prompt echoed", item.prompt
    yield "no answer", NOT_AN_ANSWER
    for name, answer in _wrong_answers(kind.answer, gold):
        yield name, apply_rules(answer, kind.answer, rules)
    if not kind.verify(other, params).passed:
        yield "another answer", apply_rules(other, kind.answer, rules)
        yield "hedge", apply_rules(f"{gold} or {other}", kind.answer, rules)
        yield "hedge", apply_rules(f"{other}, {gold}", kind.answer, rules)
    yield "sentence around the answer", apply_rules(f"The answer is {gold}", kind.answer, rules)
    for dropped in rules:
        if kind.answer not in constraint(dropped[0], item.id).kinds:
            continue
        answer = apply_rules(gold, kind.answer, [rule for rule in rules if rule is not dropped])
        if answer != stage.answer:
            yield f"{dropped[0]} dropped", answer


def _wrong_answers(kind: str, gold: str) -> Iterator[tuple[str, str]]:
    if kind == "integer":
        yield "plus one", str(int(gold) + 1)
        yield "minus one", str(int(gold) - 1)
        yield "inside a longer number", f"1{gold}"
        if int(gold):
            yield "inside a longer number", f"{gold}0"
        yield "decimal", f"{gold}.5"
    elif kind == "items":
        items = gold.split(", ")
        for i in range(len(items) - 1):
            if items[i] != items[i + 1]:
                yield "neighbours swapped", ", ".join([*items[:i], items[i + 1], items[i], *items[i + 2 :]])
                break
        yield "last item dropped", ", ".join(items[:-1])
        yield "item added", f"{gold}, {items[0]}"
        yield "separators dropped", " ".join(items)
    else:
        yield "last letter dropped", gold.rstrip(".")[:-1]
        yield "letter doubled", gold[0] + gold
        if kind == "exact" and gold.swapcase() != gold:
            yield "case swapped", gold.swapcase()
