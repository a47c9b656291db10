"""Write a sentence that holds two given words and is not too long.

problem   {"words": ["lamp", "river"], "spare": 3}     the sentence may have three words more than the gold answer
answer    In Oslo, Nora told us about the lamp and the river.
"""

from collections.abc import Iterator

from musi.families.family import Family, Params, Slots
from musi.families.sentences import check_writing, is_one_sentence
from musi.languages import Language, count_words
from musi.matching import Verdict
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, 2), "spare": rng.randint(0, 9)}


def solve(params: Params, lang: Language) -> str:
    first, second = params["words"]
    rng = Stream("sentence_with_words", first, second)
    name, place = [rng.choice(lang.names)], [rng.choice(lang.places)]
    return lang.parts("sentence_with_words", name=name, place=place, first=[first], second=[second])


def most(params: Params, lang: Language) -> int:
    return count_words(solve(params, lang)) + params["spare"]


def slots(params: Params, lang: Language) -> Slots:
    first, second = params["words"]
    return {"first": first, "second": second, "most": str(most(params, lang))}


def check(text: str, params: Params, lang: Language) -> Verdict:
    if not is_one_sentence(text):
        return Verdict(False, "not one sentence", text[:80])
    wanted = params["words"]
    least = count_words(lang.word_gap.join(wanted)) + 2
    return check_writing(text, lang, wanted, least, most(params, lang))


def wrong(params: Params, lang: Language) -> Iterator[str]:
    gold = solve(params, lang)
    first, second = params["words"]
    yield lang.word_gap.join([first, second])
    yield lang.join([first, second])
    yield lang.listed([gold[:-1], *lang.names[: params["spare"] + 1]])
    yield gold.replace(first, lang.weekdays[0])
    yield gold.replace(second, lang.weekdays[1])
    yield lang.word_gap.join([gold, gold])
    yield gold.replace(first, f'"{first}"')


FAMILY = Family(
    name="sentence_with_words",
    group="short composition",
    memory="instruction",
    answer="open",
    capacity=200 * 199 * 10,
    generate=generate,
    solve=solve,
    slots=slots,
    check=check,
    wrong=wrong,
)
