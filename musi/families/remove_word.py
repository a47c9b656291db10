"""Leave a word out of a sentence.

problem   {"sentence": "The tired baker painted the green gate.", "word": "green"}
answer    The tired baker painted the gate.
"""

from musi.families.family import Family, Params, Slots
from musi.families.sentences import marked_word, sentence_of, words_of
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    sentence = lang.sentence(rng)
    words = words_of(sentence)
    return {"sentence": sentence, "word": words[marked_word(rng, words)]}


def solve(params: Params, lang: Language) -> str:
    return sentence_of([word for word in words_of(params["sentence"]) if word != params["word"]])


def slots(params: Params, lang: Language) -> Slots:
    return params


FAMILY = Family(
    name="remove_word",
    group="text editing",
    memory="instruction",
    answer="passage",
    capacity=90 * 60 * 50 * 200,
    generate=generate,
    solve=solve,
    slots=slots,
)
