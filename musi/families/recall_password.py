"""Recall the password of one of several people.

problem   {"names": ["Ada", "Leo"], "passwords": ["comet", "daisy"], "asked": 0}
context   The password of Ada is "comet" and the password of Leo is "daisy".
answer    comet
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    return {
        "names": rng.sample(lang.names, size),
        "passwords": rng.sample(lang.nouns, size),
        "asked": rng.below(size),
    }


def solve(params: Params, lang: Language) -> str:
    return params["passwords"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    pairs = lang.parts("recall_password", name=params["names"], word=params["passwords"])
    return {"pairs": pairs, "name": params["names"][params["asked"]]}


FAMILY = Family(
    name="recall_password",
    group="recall of context",
    memory="content",
    answer="text",
    capacity=(90 * 200) ** 2,
    generate=generate,
    solve=solve,
    slots=slots,
)
