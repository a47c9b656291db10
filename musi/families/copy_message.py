"""Copy a message that the context gives, word for word: content memory, and a long answer.

problem   {"sentences": ["The tired baker painted the green gate."]}
context   The message on the board reads: "The tired baker painted the green gate."
answer    The tired baker painted the green gate.
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language, count_words
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"sentences": [lang.sentence(rng) for _ in range(rng.randint(1, 2))]}


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    sentences = [lang.sentence(rng)]
    left = words - count_words(sentences[0])
    while left > (size := count_words(sentence := lang.sentence(rng))) / 2:
        sentences.append(sentence)
        left -= size
    return {"sentences": sentences}


def solve(params: Params, lang: Language) -> str:
    return lang.word_gap.join(params["sentences"])


def slots(params: Params, lang: Language) -> Slots:
    return {"message": solve(params, lang)}


FAMILY = Family(
    name="copy_message",
    group="recall of context",
    memory="content",
    answer="passage",
    capacity=90 * 60 * 50 * 200,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
