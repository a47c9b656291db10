"""Replace a word of a sentence by another one.

problem   {"sentence": "The tired baker painted the green gate.", "old": "baker", "new": "sailor"}
answer    The tired sailor painted the green gate.
"""

from musi.families.family import Family, Params, Slots
from musi.families.sentences import marked_word, sentence_of, words_of
from musi.languages import Language
from musi.rng import Stream

LONGEST_ARTICLE = 3


def generate(rng: Stream, lang: Language) -> Params:
    """The new word stands in the same place of another sentence and behind the same article, so that it fits in."""
    while True:
        sentence = lang.sentence(rng)
        words, others = words_of(sentence), words_of(lang.sentence(rng))
        index = marked_word(rng, words)
        if len(others) != len(words) or min(len(words[index]), len(others[index])) <= LONGEST_ARTICLE:
            continue
        old, new = words[index], others[index]
        article = max((i for i in range(index) if len(words[i]) <= LONGEST_ARTICLE), default=0)
        if new.isalpha() and new.casefold() not in sentence.casefold() and words[article] == others[article]:
            return {"sentence": sentence, "old": old, "new": new}


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
