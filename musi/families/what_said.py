"""Quote what somebody said at the hearing, word for word.

problem   {"names": ["Ada", "Leo"], "sentences": ["The old king sold the kite.", "The shy cook lost the jar."], "asked": 1}
context   Two witnesses spoke at the hearing. Ada said: "The old king sold the kite." Leo said: "The shy cook lost the jar."
answer    The shy cook lost the jar.
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    return {
        "names": rng.sample(lang.names, size),
        "sentences": [lang.sentence(rng) for _ in range(size)],
        "asked": rng.below(size),
    }


def solve(params: Params, lang: Language) -> str:
    return params["sentences"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    part = phrasings(lang.code)["what_said"].part
    rows = zip(params["names"], params["sentences"], strict=True)
    return {
        "quotes": lang.word_gap.join([part.format(name=name, sentence=sentence) for name, sentence in rows]),
        "name": params["names"][params["asked"]],
    }


FAMILY = Family(
    name="what_said",
    group="recall of context",
    memory="content",
    answer="passage",
    capacity=60**2 * 10**6,
    generate=generate,
    solve=solve,
    slots=slots,
)
