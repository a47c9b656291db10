"""Problems of recall are fair: what is asked about stands in the context once, and the context holds what the answer needs."""

import pytest

from musi.families import FAMILIES
from musi.languages import LANGUAGES, count_words
from musi.rng import Stream

RECALL = {name: kind for name, kind in FAMILIES.items() if kind.group == "recall of context"}
ONCE = ("names", "towns", "stations", "things", "sentences", "rooms", "colours", "passwords")
DERIVED = {"figure_difference", "step_number"}  # the answer is worked out, not told
TWICE = {("copy_message", "sentences"), ("what_said", "sentences")}  # nothing asks which of two equal sentences is meant
every_family = pytest.mark.parametrize("kind", RECALL.values(), ids=RECALL)
every_language = pytest.mark.parametrize("lang", LANGUAGES.values(), ids=LANGUAGES)


def problems(kind, lang):
    """Fifty short problems, and long ones where the family has them."""
    if not kind.asks(lang):
        pytest.skip(f"{kind.name} is not phrased in {lang.label}")
    drawn = [kind.generate(Stream("fair", kind.name, i), lang) for i in range(50)]
    if kind.stretch:
        drawn += [kind.stretch(Stream("fair", kind.name, words), lang, words) for words in (5, 40, 150, 300, 700)]
    return drawn


@every_language
@every_family
def test_nothing_asked_about_stands_twice(kind, lang):
    for params in problems(kind, lang):
        for column in ONCE:
            if column in params and (kind.name, column) not in TWICE:
                assert len(set(params[column])) == len(params[column]), (column, params)


@every_language
@every_family
def test_every_wording_of_the_context_tells_the_answer(kind, lang):
    for params in problems(kind, lang):
        answer = kind.solve(params, lang)
        for template in kind.tells(lang):
            told = template.format(**kind.slots(params, lang))
            if kind.name not in DERIVED:
                assert all(piece in told for piece in answer.split(lang.comma)), (told, answer)


@every_language
@pytest.mark.parametrize("name", [name for name, kind in RECALL.items() if kind.stretch])
@pytest.mark.parametrize("words", [5, 10, 40, 150, 300, 500, 700])
def test_long_answers_have_the_length_asked_for(name, lang, words):
    kind = RECALL[name]
    if not kind.asks(lang):
        pytest.skip(f"{name} is not phrased in {lang.label}")
    stop = "." if lang.word_gap else "。"  # one sentence is the shortest message there is
    for i in range(5):
        answer = kind.solve(kind.stretch(Stream("long", name, words, i), lang, words), lang)
        assert abs(count_words(answer) - words) <= max(words / 5, 4) or (name == "copy_message" and answer.count(stop) == 1), (
            answer
        )


def test_the_difference_asked_for_is_positive():
    kind, lang = FAMILIES["figure_difference"], LANGUAGES["en"]
    assert all(int(kind.solve(params, lang)) > 0 for params in problems(kind, lang))


def test_one_wrong_line_or_value_of_a_format_fails():
    lang = LANGUAGES["en"]
    csv, table, record = (FAMILIES[name] for name in ("csv_rows", "markdown_table", "json_object"))
    people = {"names": ["Ada", "Leo"], "ages": [31, 42], "towns": ["Pisa", "Riga"]}
    assert csv.verify("name,age\nAda, 31\nLeo, 42\n", people, lang).passed
    assert table.verify("|name|town|\n|:--|--:|\n|Ada|Pisa|\n|Leo|Riga|", people, lang).passed
    for text in ("Ada,31\nLeo,42", "name,age\nLeo,42\nAda,31", "name;age\nAda;31\nLeo;42", 'name,age\n"Ada",31\nLeo,42'):
        assert not csv.verify(text, people, lang).passed
    for text in ("| name | town |\n| Ada | Pisa |\n| Leo | Riga |", "name | town\n--- | ---\nAda | Pisa\nLeo | Riga"):
        assert not table.verify(text, people, lang).passed
    ada = {"name": "Ada", "age": 31, "town": "Pisa"}
    assert record.verify('```json\n{"town": "Pisa", "name": "Ada", "age": 31}\n```', ada, lang).passed
    for text in ('{"name": "Ada", "age": "31", "town": "Pisa"}', '{"Name": "Ada", "age": 31, "town": "Pisa"}', '{"name": "Ada"}'):
        assert not record.verify(text, ada, lang).passed
