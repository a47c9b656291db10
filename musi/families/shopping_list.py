"""Repeat one of two shopping lists: content memory, and a long answer.

problem   {"names": ["Ada", "Leo"], "lists": [[[6, "lemons"], [2, "lamps"]], [[9, "keys"], [3, "ropes"]]], "asked": 0}
context   The shopping list of Ada reads: 6 lemons, 2 lamps. The shopping list of Leo reads: 9 keys, 3 ropes.
answer    6 lemons, 2 lamps
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language, count_words
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return _problem(rng, lang, _purchases(rng, rng.sample(lang.things, rng.randint(3, 5))))


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    purchases: list[list[int | str]] = []
    left = float(words)
    while left > 0:
        for purchase in _purchases(rng, rng.shuffle(lang.things)):
            size = 1 + count_words(str(purchase[1]))
            if left < size / 2 and len(purchases) > 1:
                return _problem(rng, lang, purchases)
            left -= size
            purchases.append(purchase)
    return _problem(rng, lang, purchases)


def _purchases(rng: Stream, things: list[str]) -> list[list[int | str]]:
    return [[rng.randint(2, 20), thing] for thing in things]


def _problem(rng: Stream, lang: Language, purchases: list[list[int | str]]) -> Params:
    lists = [purchases, _purchases(rng, rng.sample(lang.things, rng.randint(3, 5)))]
    asked = rng.below(2)
    return {"names": rng.sample(lang.names, 2), "lists": lists[::-1] if asked else lists, "asked": asked}


def _listed(purchases: list[list[int | str]], lang: Language) -> str:
    part = phrasings(lang.code)["shopping_list"].part
    return lang.listed([part.format(count=count, thing=thing) for count, thing in purchases])


def solve(params: Params, lang: Language) -> str:
    return _listed(params["lists"][params["asked"]], lang)


def slots(params: Params, lang: Language) -> Slots:
    (one, other), (ones, others) = params["names"], params["lists"]
    return {
        "one": one,
        "ones": _listed(ones, lang),
        "other": other,
        "others": _listed(others, lang),
        "name": params["names"][params["asked"]],
    }


FAMILY = Family(
    name="shopping_list",
    group="recall of context",
    memory="content",
    answer="items",
    capacity=(19 * 90) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
