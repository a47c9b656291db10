"""Replace a word of a sentence by another one.

problem   {"sentence": "The tired baker painted the green gate.", "old": "baker", "new": "sailor"}
answer    The tired sailor painted the green gate.
"""

from musi.families.family import Family, Params, Slots
from musi.families.sentences import marked_word, sentence_of, words_of
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    """The new word stands in the same place of another sentence, so that it is of the same kind where sentences are alike."""
    sentence = lang.sentence(rng)
    words = words_of(sentence)
    folded = {word.casefold() for word in words}
    index = marked_word(rng, words)
    while True:
        others = words_of(lang.sentence(rng))
        new = others[index] if len(others) == len(words) else ""
        if new.isalpha() and new.casefold() not in folded:
            return {"sentence": sentence, "old": words[index], "new": new}


def solve(params: Params, lang: Language) -> str:
    return sentence_of([params["new"] if word == params["old"] else word for word in words_of(params["sentence"])])


def slots(params: Params, lang: Language) -> Slots:
    return params


FAMILY = Family(
    name="replace_word",
    group="text editing",
    memory="instruction",
    answer="passage",
    capacity=90 * 60 * 50 * 200,
    generate=generate,
    solve=solve,
    slots=slots,
)
