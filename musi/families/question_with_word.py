"""Write a question with a given name and a given word in it that is not too long.

problem   {"name": "Nora", "word": "lamp", "spare": 3}     the question may have three words more than the gold answer
answer    Has Nora seen the lamp in Oslo?
"""

from collections.abc import Iterator

from musi.families.family import Family, Params, Slots
from musi.families.sentences import check_writing, is_one_sentence
from musi.languages import Language, count_words
from musi.matching import Verdict, clean
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"name": rng.choice(lang.names), "word": rng.choice(lang.nouns), "spare": rng.randint(0, 6)}


def solve(params: Params, lang: Language) -> str:
    name, word = params["name"], params["word"]
    place = Stream("question_with_word", name, word).choice(lang.places)
    return lang.parts("question_with_word", name=[name], word=[word], place=[place])


def most(params: Params, lang: Language) -> int:
    return count_words(solve(params, lang)) + params["spare"]


def slots(params: Params, lang: Language) -> Slots:
    return {"name": params["name"], "word": params["word"], "most": str(most(params, lang))}


def check(text: str, params: Params, lang: Language) -> Verdict:
    if not clean(text).endswith(("?", "？")) or not is_one_sentence(text):
        return Verdict(False, "not one question", text[:80])
    wanted = [params["name"], params["word"]]
    least = count_words(lang.word_gap.join(wanted)) + 2
    return check_writing(text, lang, wanted, least, most(params, lang))


def wrong(params: Params, lang: Language) -> Iterator[str]:
    gold = solve(params, lang)
    yield gold[:-1]
    yield f"{gold[:-1]}."
    yield lang.word_gap.join([params["name"], params["word"]]) + "?"
    yield gold.replace(params["name"], lang.weekdays[0])
    yield gold.replace(params["word"], lang.weekdays[0])
    yield lang.listed([gold[:-1], *lang.names[: params["spare"] + 1]]) + "?"
    yield lang.word_gap.join([gold, gold])
    yield gold.replace(params["word"], f'"{params["word"]}"')


FAMILY = Family(
    name="question_with_word",
    group="short composition",
    memory="instruction",
    answer="open",
    capacity=90 * 200 * 7,
    generate=generate,
    solve=solve,
    slots=slots,
    check=check,
    wrong=wrong,
)
