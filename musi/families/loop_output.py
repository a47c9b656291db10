"""Say what a loop prints: a long answer that pushes later stages away from the prompt.

problem   {"word": "lamp", "start": 4, "stop": 7}     for k in range(4, 7): print("lamp", k)
answer    lamp 4, lamp 5, lamp 6
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language, count_words
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return stretch(rng, lang, rng.randint(6, 20))


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    word, start = rng.choice(lang.nouns), rng.randint(0, 99)
    return {"word": word, "start": start, "stop": start + max(2, round(words / (count_words(word) + 1)))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([f"{params['word']} {k}" for k in range(params["start"], params["stop"])])


def slots(params: Params, lang: Language) -> Slots:
    return {"code": f'for k in range({params["start"]}, {params["stop"]}): print("{params["word"]}", k)'}


FAMILY = Family(
    name="loop_output",
    group="code-like rewriting",
    memory="instruction",
    answer="items",
    capacity=200 * 100 * 8,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
