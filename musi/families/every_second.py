"""List every second lot of the auction: order memory, and a long answer.

problem   {"lots": ["lamp", "clock", "vase", "drum", "sled"]}
context   The lots of the auction come up in this order: lamp, clock, vase, drum, sled.
answer    lamp, vase, sled
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language, count_words
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"lots": rng.sample(lang.nouns, rng.randint(5, 9))}


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    """A long auction may sell a thing of one name again."""
    lots: list[str] = []
    left = float(words)
    while True:
        for lot in rng.shuffle(lang.nouns):
            if len(lots) % 2 == 0:
                size = count_words(lot)
                if left < size / 2:
                    return {"lots": lots}
                left -= size
            lots.append(lot)


def solve(params: Params, lang: Language) -> str:
    return lang.listed(params["lots"][::2])


def slots(params: Params, lang: Language) -> Slots:
    return {"lots": lang.listed(params["lots"])}


FAMILY = Family(
    name="every_second",
    group="recall of context",
    memory="order",
    answer="items",
    capacity=150**5,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
