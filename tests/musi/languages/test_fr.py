"""French: numbers in words by hand, agreement of the sentences, no elision to be made, no-break spaces in prompts only."""

import re

import pytest

from musi.families import FAMILIES
from musi.generate import build_item
from musi.languages import LANGUAGES
from musi.languages.language import plain_letters
from musi.matching import match_integer
from musi.rng import Stream

FRENCH = LANGUAGES["fr"]
MARKS = re.compile(r" [?!:;](?= |$)", re.MULTILINE)
ELIDED = re.compile(r"\b(?:de|que|le|la|ne|se|je) [aàâeéèêiîoôuyh][a-zà-ÿ]{2,}", re.IGNORECASE)
ASPIRATED = ("hamac", "hamster", "hangar", "haricot", "hibou", "yacht", "yaourt", "onze")


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "zéro"),
        (16, "seize"),
        (17, "dix-sept"),
        (21, "vingt et un"),
        (22, "vingt-deux"),
        (70, "soixante-dix"),
        (71, "soixante et onze"),
        (77, "soixante-dix-sept"),
        (80, "quatre-vingts"),
        (81, "quatre-vingt-un"),
        (91, "quatre-vingt-onze"),
        (99, "quatre-vingt-dix-neuf"),
        (100, "cent"),
        (101, "cent un"),
        (200, "deux cents"),
        (280, "deux cent quatre-vingts"),
        (347, "trois cent quarante-sept"),
        (1_000, "mille"),
        (1_999, "mille neuf cent quatre-vingt-dix-neuf"),
        (2_200, "deux mille deux cents"),
        (9_080, "neuf mille quatre-vingts"),
    ],
)
def test_numbers_in_words(n, words):
    assert FRENCH.number_words(n) == words


@pytest.mark.parametrize(("text", "passes"), [("12 345", True), ("12\u00a0345", True), ("12\u202f345", True), ("123 45", False)])
def test_digits_may_be_grouped_by_spaces(text, passes):
    assert match_integer(text, "12345", FRENCH.thousands).passed == passes


def test_words_before_which_de_and_que_stand_are_never_elided():
    for word in FRENCH.names + FRENCH.places + FRENCH.things:
        assert plain_letters(word)[0] not in "aeiouhy", word


def test_nouns_differ_by_more_than_accents():
    assert len(set(map(plain_letters, FRENCH.nouns))) == len(FRENCH.nouns)


def test_sentences_have_one_form_and_many_words():
    sentences = {FRENCH.sentence(Stream("fr", i)) for i in range(2_000)}
    assert len(sentences) > 1_990
    assert all(re.fullmatch(r"L[ea] [^ ]+ [^ ]+ a [^ ]+ l[ea] [^ ]+ [^ ]+\.", sentence) for sentence in sentences)


def test_no_word_that_a_slot_puts_in_wants_an_elision():
    for kind in FAMILIES.values():
        for i, template in enumerate((*kind.asks(FRENCH), *kind.tells(FRENCH))):
            text = template.format(**kind.slots(kind.generate(Stream("elision", i), FRENCH), FRENCH))
            wanting = [found for found in ELIDED.findall(text) if not found.split()[1].lower().startswith(ASPIRATED)]
            assert not wanting, text


def test_high_marks_have_a_no_break_space_in_prompts_and_none_in_answers():
    for i in range(60):
        item = build_item("train", i, lang="fr")
        assert not MARKS.search(item.prompt), item.prompt
        assert "\u00a0" not in item.answer
