"""Short composition: hand-written answers that must pass, and such as must fail."""

import json

import pytest

from musi.families import FAMILIES
from musi.languages import LANGUAGES, count_words
from musi.rng import Stream
from musi.schema import canonical_json

ENGLISH = LANGUAGES["en"]
NAMES = [name for name, kind in FAMILIES.items() if kind.group == "short composition"]
PAIR = {"words": ["lamp", "river"], "spare": 2}  # a gold answer of 11 words, so 13 at most
LENGTH = {"name": "Nora", "word": "lamp", "others": 1}  # 7 words
QUESTION = {"name": "Nora", "word": "lamp", "spare": 1}  # 8 words at most
TEXT = {"words": ["lamp", "river"], "size": 20}  # 8 to 32 words
LETTERS = {"letters": ["b", "s"], "counts": [2, 3]}
WITHOUT = {"letters": ["a", "e"], "count": 4}
ACROSTIC = {"words": ["owl", "tea"]}

RIGHT = [
    ("sentence_with_words", PAIR, "The lamp shines on the river."),
    ("sentence_with_words", PAIR, "the lamp shines on the river"),
    ("sentence_with_words", PAIR, "THE LAMP, IN 1920, SHONE ON A RIVER!"),
    ("sentence_with_words", PAIR, "Don't drop my lamp into that well-known river, please."),
    ("sentence_with_words", PAIR, "**River** and lamp are both words."),
    ("sentence_with_words", PAIR, "By the river they lit a lamp and sang until it was dawn."),
    ("sentence_of_length", LENGTH, "Nora bought a lamp in the morning."),
    ("sentence_of_length", LENGTH, "Yesterday, Nora sold her favourite old lamp"),
    ("question_with_word", QUESTION, "Where did Nora put the lamp?"),
    ("question_with_word", QUESTION, "nora, is that your lamp ?"),
    ("short_text", TEXT, "A lamp burned by the river. Nobody saw it, and the night – a long one – went on."),
    ("short_text", TEXT, "The river ran past an old lamp that stood there: forgotten."),
    ("words_starting_with", LETTERS, "boat, bell, sock, star, spoon"),
    ("words_starting_with", LETTERS, "BOAT; BELL; SOCK; STAR; SPOON."),
    ("words_starting_with", LETTERS, "Boat,bell,snow,sing,slowly"),
    ("words_without_letter", WITHOUT, "boot, bird, lily, sky"),
    ("acrostic", ACROSTIC, "onion, window, lamp, tiger, engine, anchor"),
]
WRONG = [
    ("sentence_with_words", PAIR, "The lamps shine on the river."),
    ("sentence_with_words", PAIR, "The lamp shines on the sea."),
    ("sentence_with_words", PAIR, "lamp and river"),
    ("sentence_with_words", PAIR, "lamp, river, lamp, river"),
    ("sentence_with_words", PAIR, "The lamp shines. The river flows."),
    ("sentence_with_words", PAIR, "Here is a sentence: the lamp shines on the river."),
    ("sentence_with_words", PAIR, 'The "lamp" shines on the "river".'),
    ("sentence_with_words", PAIR, "The lamp shines\non the river."),
    ("sentence_with_words", PAIR, "By the river they lit a lamp and they sang until it was dawn."),
    ("sentence_of_length", LENGTH, "Nora bought a lamp this morning."),
    ("sentence_of_length", LENGTH, "Nora bought a lamp early in the morning."),
    ("sentence_of_length", LENGTH, "Leo bought a lamp in the morning."),
    ("sentence_of_length", LENGTH, "Nora bought a rug in the morning."),
    ("sentence_of_length", LENGTH, "Nora lamp lamp lamp lamp lamp lamp."),
    ("question_with_word", QUESTION, "Nora put the lamp there."),
    ("question_with_word", QUESTION, "Nora, lamp?"),
    ("question_with_word", QUESTION, "Where did Leo put the lamp?"),
    ("question_with_word", QUESTION, "Where did Nora put the lamp that Leo had?"),
    ("question_with_word", QUESTION, "Hello Nora! Where is the lamp?"),
    ("short_text", TEXT, "A lamp by the river."),
    ("short_text", TEXT, "A lamp burned by the river. A lamp burned by the river."),
    ("short_text", TEXT, "A lamp burned by the river for 7 nights in a row."),
    ("short_text", TEXT, "A lamp burned by the sea and nobody saw it."),
    ("short_text", TEXT, "lamp river lamp river lamp river lamp river lamp river"),
    ("short_text", TEXT, " ".join(["A lamp burned by the river and", *["then another one came and"] * 6])),
    ("words_starting_with", LETTERS, "boat, bell, sock, star"),
    ("words_starting_with", LETTERS, "boat, bell, sock, star, spoon, snow"),
    ("words_starting_with", LETTERS, "boat, bell, sock, star, sock"),
    ("words_starting_with", LETTERS, "sock, star, spoon, boat, bell"),
    ("words_starting_with", LETTERS, "boat, bell, sock, star, lamp"),
    ("words_starting_with", LETTERS, "boat, be, sock, star, spoon"),
    ("words_starting_with", LETTERS, "boat, bell, sock, star, silver spoon"),
    ("words_starting_with", LETTERS, "boat, bell, sock, star and spoon"),
    ("words_starting_with", LETTERS, "b, s"),
    ("words_without_letter", WITHOUT, "boot, bird, lily"),
    ("words_without_letter", WITHOUT, "boot, bird, lily, lamp"),
    ("words_without_letter", WITHOUT, "boot, bird, lily, été"),
    ("words_without_letter", WITHOUT, "boot, bird, boot, sky"),
    ("acrostic", ACROSTIC, "onion, window, lamp, tiger, engine"),
    ("acrostic", ACROSTIC, "onion, window, lamp, tiger, anchor, engine"),
    ("acrostic", ACROSTIC, "o, w, l, t, e, a"),
    ("acrostic", ACROSTIC, "owl, tea"),
]


@pytest.mark.parametrize(("name", "params", "text"), RIGHT)
def test_right_answers_pass(name, params, text):
    assert FAMILIES[name].verify(text, params, ENGLISH) == (True, "obeys every rule", text.removesuffix("."))


@pytest.mark.parametrize(("name", "params", "text"), WRONG)
def test_wrong_answers_fail(name, params, text):
    verdict = FAMILIES[name].verify(text, params, ENGLISH)
    assert not verdict.passed
    assert verdict.reason


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_gold_passes_and_its_spoiled_forms_and_the_instruction_fail(name, code):
    kind, lang = FAMILIES[name], LANGUAGES[code]
    for i in range(100 if kind.asks(lang) else 0):
        params = json.loads(canonical_json(kind.generate(Stream("composition", name, i), lang)))
        gold = kind.solve(params, lang)
        for text in (gold, gold.upper(), gold.lower()):
            assert kind.verify(text, params, lang).passed, text
        spoiled = [*kind.wrong(params, lang), *(ask.format(**kind.slots(params, lang)) for ask in kind.asks(lang))]
        for text in ("", "I am not sure", *spoiled):
            assert not kind.verify(text, params, lang).passed, text


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("words", [20, 60, 250, 700])
def test_a_text_has_about_as_many_words_as_asked_for(code, words):
    kind, lang = FAMILIES["short_text"], LANGUAGES[code]
    for i in range(20 if kind.asks(lang) else 0):
        params = kind.stretch(Stream("stretch", i), lang, words)
        assert abs(count_words(kind.solve(params, lang)) - words) <= max(0.05 * words, 8)


def test_accents_do_not_change_a_letter():
    check = FAMILIES["words_starting_with"].verify
    assert check("école, été, sol, sac, sud", {"letters": ["e", "s"], "counts": [2, 3]}, ENGLISH).passed


def test_the_given_words_alone_are_no_chinese_text():
    """Without spaces two words run together: they are of the right length and yet say nothing."""
    chinese = LANGUAGES["zh"]
    params = {"words": ["蜘蛛", "自行车"], "size": 7}
    assert not FAMILIES["short_text"].verify("蜘蛛自行车", params, chinese).passed
    assert not FAMILIES["short_text"].verify("蜘蛛，自行车。", params, chinese).passed
    assert FAMILIES["short_text"].verify("蜘蛛骑着自行车。", params, chinese).passed
