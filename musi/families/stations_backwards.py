"""List the stations of the park railway in reverse order: order memory, and a long answer.

problem   {"stations": ["lamp", "river", "owl", "lamp 2"]}
context   The stations of the park railway are, in this order: lamp, river, owl, lamp 2.
answer    lamp 2, owl, river, lamp
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language, count_words
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"stations": rng.sample(lang.nouns, rng.randint(4, 6))}


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    """Stations on a long line may share a word: the second one that has it is numbered."""
    pool = list(lang.nouns)
    if words > len(pool):
        pool += [f"{noun} 2" for noun in lang.nouns]
    stations: list[str] = []
    left = float(words)
    for station in rng.shuffle(pool):
        size = count_words(station)
        if left < size / 2:
            break
        left -= size
        stations.append(station)
    return {"stations": stations}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(params["stations"][::-1])


def slots(params: Params, lang: Language) -> Slots:
    return {"stations": lang.listed(params["stations"])}


FAMILY = Family(
    name="stations_backwards",
    group="recall of context",
    memory="order",
    answer="items",
    capacity=150**4,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
