"""Count how often a letter occurs in a pair of words.

problem   {"words": ["kettle", "needle"], "letter": "e"}
answer    5
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    """Rarely a letter that does not occur: the answer is then 0."""
    words = rng.sample(plain(lang.nouns), 2)
    letter = rng.choice("".join(words) if rng.chance(0.95) else [x for x in lang.alphabet if x.isascii()])
    return {"words": words, "letter": letter.lower()}


def solve(params: Params, lang: Language) -> str:
    return str("".join(params["words"]).lower().count(params["letter"]))


def slots(params: Params, lang: Language) -> Slots:
    first, second = params["words"]
    return {"first": first, "second": second, "letter": params["letter"]}


FAMILY = Family(
    name="count_letter",
    group="word games",
    memory="instruction",
    answer="integer",
    capacity=200 * 199,
    generate=generate,
    solve=solve,
    slots=slots,
)
