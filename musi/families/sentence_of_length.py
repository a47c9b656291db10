"""Write a sentence of exactly so many words, with a given name and a given word in it.

problem   {"name": "Nora", "word": "lamp", "others": 2}     the sentence is as long as the gold answer, with two more names
answer    Nora, Tom and Ida talked about the lamp.
"""

from collections.abc import Iterator

from musi.families.family import Family, Params, Slots
from musi.families.sentences import check_writing, is_one_sentence
from musi.languages import Language, count_words
from musi.matching import Verdict
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"name": rng.choice(lang.names), "word": rng.choice(lang.nouns), "others": rng.randint(1, 6)}


def solve(params: Params, lang: Language) -> str:
    name, word, others = params["name"], params["word"], params["others"]
    names = [other for other in Stream("sentence_of_length", name, word).sample(lang.names, others + 1) if other != name]
    return lang.parts("sentence_of_length", names=[lang.join([name, *names[:others]])], word=[word])


def slots(params: Params, lang: Language) -> Slots:
    return {"name": params["name"], "word": params["word"], "length": str(count_words(solve(params, lang)))}


def check(text: str, params: Params, lang: Language) -> Verdict:
    if not is_one_sentence(text):
        return Verdict(False, "not one sentence", text[:80])
    length = count_words(solve(params, lang))
    return check_writing(text, lang, [params["name"], params["word"]], length, length)


def wrong(params: Params, lang: Language) -> Iterator[str]:
    gold = solve(params, lang)
    yield solve({**params, "others": params["others"] + 1}, lang)
    yield lang.word_gap.join([params["name"], params["word"]])
    yield gold.replace(params["name"], "", 1)
    yield gold.replace(params["name"], lang.weekdays[0])
    yield gold.replace(params["word"], lang.weekdays[0])
    yield lang.word_gap.join([gold, gold])
    yield lang.word_gap.join([params["word"]] * count_words(gold))
    yield f"{gold[:-1]} 7"


FAMILY = Family(
    name="sentence_of_length",
    group="short composition",
    memory="instruction",
    answer="open",
    capacity=90 * 200 * 6,
    generate=generate,
    solve=solve,
    slots=slots,
    check=check,
    wrong=wrong,
)
