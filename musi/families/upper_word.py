"""Write a sentence again with one word in capital letters.

problem   {"sentence": "The tired baker painted the green gate.", "word": "baker"}
answer    The tired BAKER painted the green gate.
"""

from musi.families.family import Family, Params, Slots
from musi.families.remove_word import generate
from musi.families.sentences import sentence_of, words_of
from musi.languages import Language


def solve(params: Params, lang: Language) -> str:
    return sentence_of([word.upper() if word == params["word"] else word for word in words_of(params["sentence"])])


def slots(params: Params, lang: Language) -> Slots:
    return params


FAMILY = Family(
    name="upper_word",
    group="text editing",
    memory="instruction",
    answer="exact",
    capacity=90 * 60 * 50 * 200,
    generate=generate,
    solve=solve,
    slots=slots,
)
