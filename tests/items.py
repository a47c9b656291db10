"""Items made by hand, so that a test can say exactly what is asked."""

from collections.abc import Sequence
from typing import Any

from musi.compose import apply_rules, is_bound, render_answer, render_prompt
from musi.constraints import CONSTRAINTS
from musi.families import FAMILIES
from musi.generate import release_name
from musi.languages import LANGUAGES, count_words
from musi.schema import CANARY, Constraint, Item, Stage, canonical_json


def item_of(
    stages: Sequence[tuple[str, dict[str, Any]]],
    rules: Sequence[tuple[str, dict[str, Any]]] = (),
    style: str = "numbered",
    lang: str = "en",
) -> Item:
    """An item with the given (family, params) and (constraint, params), each in its first wording."""
    language = LANGUAGES[lang]
    made: list[Stage] = []
    contexts: list[str] = []
    for name, params in stages:
        family = FAMILIES[name]
        slots = family.slots(params, language)
        if tells := family.tells(language):
            contexts.append(tells[0].format(**slots))
        plain = family.solve(params, language)
        answer = apply_rules(plain, family.answer, rules, language)
        bound = is_bound(answer, plain, family.answer, rules)
        made.append(
            Stage(
                family=name,
                instruction=family.asks(language)[0].format(**slots),
                answer=answer,
                params=canonical_json(params),
                memory=(family.memory, "constraint") if bound else (family.memory,),
                distance=sum(count_words(stage.answer) for stage in made),
            )
        )
    constraints = tuple(
        Constraint(name=name, text=CONSTRAINTS[name].says(language)[0].format(**params), params=canonical_json(params))
        for name, params in rules
    )
    context = language.word_gap.join(contexts)
    instructions = [stage.instruction for stage in made]
    key = f"musi-{release_name(lang)}-train-00000"
    return Item(
        id=key,
        release=release_name(lang),
        split="train",
        index=0,
        lang=lang,
        style=style,
        context=context,
        constraints=constraints,
        stages=tuple(made),
        prompt=render_prompt(key, language, style, context, [rule.text for rule in constraints], instructions),
        answer=render_answer([stage.answer for stage in made]),
        canary=CANARY,
    )
