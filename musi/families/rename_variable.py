"""Rename a variable in a line of code.

problem   {"names": ["lamp", "tree", "boat"], "old": 1, "new": "sock", "form": 0, "factor": 2}
answer    lamp = sock * 2 + boat
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream

FORMS = (
    "{0} = {1} * {n} + {2}",
    "{0} = {1} + {2} * {n}",
    "{0} = ({1} + {2}) / {n}",
    "{0} = {0} + {1} - {2} * {n}",
    "{0} = {1} * {1} - {n} * {2}",
    "{0} = max({1}, {2}) + {n}",
    "{0} = [{1}, {2}] * {n}",
)


def generate(rng: Stream, lang: Language) -> Params:
    new, *names = [word.lower() for word in rng.sample(plain(lang.nouns), 4)]
    form, factor = rng.below(len(FORMS)), rng.randint(2, 9)
    return {"names": names, "old": rng.below(3), "new": new, "form": form, "factor": factor}


def code(params: Params, names: list[str]) -> str:
    return FORMS[params["form"]].format(*names, n=params["factor"])


def solve(params: Params, lang: Language) -> str:
    names, old = params["names"], params["old"]
    return code(params, [*names[:old], params["new"], *names[old + 1 :]])


def slots(params: Params, lang: Language) -> Slots:
    names = params["names"]
    return {"code": code(params, names), "old": names[params["old"]], "new": params["new"]}


FAMILY = Family(
    name="rename_variable",
    group="code-like rewriting",
    memory="instruction",
    answer="exact",
    capacity=200 * 199 * 198 * 197,
    generate=generate,
    solve=solve,
    slots=slots,
)
