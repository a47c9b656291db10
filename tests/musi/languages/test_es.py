"""Spanish: numbers in words, joining, lowering, sorting, agreement of sentences and of the word lists."""

import pytest

from musi.languages import LANGUAGES
from musi.languages.language import plain_letters
from musi.rng import Stream

SPANISH = LANGUAGES["es"]


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "cero"),
        (1, "uno"),
        (16, "dieciséis"),
        (21, "veintiuno"),
        (22, "veintidós"),
        (30, "treinta"),
        (31, "treinta y uno"),
        (99, "noventa y nueve"),
        (100, "cien"),
        (101, "ciento uno"),
        (200, "doscientos"),
        (555, "quinientos cincuenta y cinco"),
        (770, "setecientos setenta"),
        (923, "novecientos veintitrés"),
        (1_000, "mil"),
        (1_001, "mil uno"),
        (1_100, "mil cien"),
        (2_116, "dos mil ciento dieciséis"),
        (9_999, "nueve mil novecientos noventa y nueve"),
    ],
)
def test_number_words(n, words):
    assert SPANISH.number_words(n) == words


def test_number_words_are_different():
    assert len({SPANISH.number_words(n) for n in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["a"], "a"),
        (["a", "b"], "a y b"),
        (["a", "b", "c"], "a, b y c"),
        (["mar", "isla"], "mar e isla"),
        (["Ana", "Íñigo"], "Ana e Íñigo"),
        (["aguja", "hilo"], "aguja e hilo"),
        (["agua", "hielo"], "agua y hielo"),
        (["mar", '"isla"'], 'mar e "isla"'),
    ],
)
def test_join(parts, text):
    assert SPANISH.join(parts) == text


def test_questions_are_lowered_behind_their_opening_mark():
    assert SPANISH.lower_first("¿Qué hora es?") == "¿qué hora es?"
    assert SPANISH.lower_first("Escribe el número.") == "escribe el número."


def test_accents_do_not_count_in_sorting_but_n_tilde_is_a_letter():
    words = ["caña", "canto", "cana", "ñu", "nuez", "oso", "río", "rima"]
    assert sorted(words, key=SPANISH.sort_key) == ["cana", "canto", "caña", "nuez", "ñu", "oso", "rima", "río"]


def test_nouns_sort_apart_and_nothing_asks_for_e_instead_of_y():
    assert len({plain_letters(noun) for noun in SPANISH.nouns}) == len(SPANISH.nouns)
    for word in (*SPANISH.nouns, *SPANISH.names, *SPANISH.places):
        assert SPANISH.join(["a", word]) == f"a y {word}"
    assert all(noun[0].isascii() for noun in SPANISH.nouns)  # an acronym has no accents


def test_sentences_of_one_length_agree_in_gender():
    """The articles, by the number of words: exchanging a word for its like never breaks agreement."""
    articles: dict[int, set[tuple[str, ...]]] = {}
    for i in range(400):
        words = SPANISH.sentence(Stream("sentences", i))[:-1].split()
        articles.setdefault(len(words), set()).add(tuple(word.lower() for word in words if word.lower() in ("el", "la")))
    assert articles == {7: {("el", "el")}, 8: {("la", "la")}, 10: {("el", "la", "la")}, 11: {("la", "el", "el")}}
