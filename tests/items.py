"""Items made by hand, so that a test can say exactly what is asked."""

from collections.abc import Sequence
from typing import Any

from musi.compose import apply_rules, count_words, render_answer, render_prompt
from musi.constraints import CONSTRAINTS
from musi.families import FAMILIES
from musi.languages import LANGUAGES
from musi.schema import CANARY, Constraint, Item, Stage, canonical_json

ENGLISH = LANGUAGES["en"]


def item_of(
    stages: Sequence[tuple[str, dict[str, Any]]], rules: Sequence[tuple[str, dict[str, str]]] = (), style: str = "numbered"
) -> Item:
    """An item with the given (family, params) and (constraint, params), each in its first wording."""
    made: list[Stage] = []
    contexts: list[str] = []
    for name, params in stages:
        family = FAMILIES[name]
        slots = family.slots(params, ENGLISH)
        if family.contexts is not None:
            contexts.append(family.contexts["en"][0].format(**slots))
        plain = family.solve(params)
        answer = apply_rules(plain, family.answer, rules)
        made.append(
            Stage(
                family=name,
                instruction=family.paraphrases["en"][0].format(**slots),
                answer=answer,
                params=canonical_json(params),
                memory=(family.memory, "constraint") if answer != plain else (family.memory,),
                distance=sum(count_words(stage.answer) for stage in made),
            )
        )
    constraints = tuple(
        Constraint(name=name, text=CONSTRAINTS[name].paraphrases["en"][0].format(**params), params=canonical_json(params))
        for name, params in rules
    )
    context = " ".join(contexts)
    instructions = [stage.instruction for stage in made]
    key = "musi-0.1.0-train-00000"
    return Item(
        id=key,
        release="0.1.0",
        split="train",
        index=0,
        lang="en",
        style=style,
        context=context,
        constraints=constraints,
        stages=tuple(made),
        prompt=render_prompt(key, ENGLISH, style, context, [rule.text for rule in constraints], instructions),
        answer=render_answer([stage.answer for stage in made]),
        canary=CANARY,
    )
