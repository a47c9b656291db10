"""One set of tests over all families and languages: phrasing, gold, reformatted gold, hostile text, second solutions."""

import json
import re
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import musi.facts
from musi.errors import MusiError
from musi.families import FAMILIES, Family, family
from musi.families.family import Group
from musi.generate import OOD_FAMILIES, PARTITIONS, partition, problem_key, recipe
from musi.languages import LANGUAGES, Language, count_words
from musi.matching import MATCHERS, Verdict
from musi.phrasing import phrasings
from musi.rng import Stream
from musi.schema import SPLITS, Memory, canonical_json
from tests.musi.answers import ANSWERS, KNOWN

every_family = pytest.mark.parametrize("kind", FAMILIES.values(), ids=FAMILIES)
SPOKEN = [(kind, lang) for lang in LANGUAGES.values() for kind in FAMILIES.values() if kind.asks(lang)]
in_every_language = pytest.mark.parametrize(("kind", "lang"), SPOKEN, ids=[f"{kind.name}-{lang.code}" for kind, lang in SPOKEN])
ENGLISH = LANGUAGES["en"]

NOT_OFFERED: dict[str, set[str]] = {
    "zh": {  # play with letters, letter case, alphabetical order, or spaces between words
        "acrostic", "alternate_case", "caesar_shift", "camel_case", "count_letter", "first_letters", "letter_at", "longest_word",
        "remove_vowels", "remove_word", "rename_variable", "replace_word", "reverse_letters", "snake_case", "sort_words",
        "spell_out", "upper_word", "word_lengths", "words_starting_with", "words_without_letter",
    }
}  # fmt: skip
"""What a language cannot ask: the one list of exceptions, which may only shrink."""


def problems(kind: Family, count: int, lang: Language = ENGLISH) -> list[dict[str, Any]]:
    """The first problems that a fixed stream draws."""
    return [kind.generate(Stream("test", kind.name, i), lang) for i in range(count)]


# --- answers worked out again, by other means than `solve` ------------------------------------------------------------------


def test_every_family_has_a_second_solution():
    """An open family has no one answer: its check is tested by hand (tests/musi/test_composition.py)."""
    assert set(ANSWERS) == {name for name, kind in FAMILIES.items() if kind.answer != "open"}


@in_every_language
def test_answer_follows_from_the_params(kind, lang):
    if kind.answer == "open":
        return
    for params in problems(kind, 60, lang):
        assert kind.solve(params, lang) == ANSWERS[kind.name](params, lang)


@pytest.mark.parametrize(("name", "params", "answer"), KNOWN)
def test_known_answers(name, params, answer):
    assert FAMILIES[name].solve(params, ENGLISH) == answer


# --- the whole set ------------------------------------------------------------------------------------------------------------


def test_all_kinds_of_memory_are_covered():
    """Constraint memory comes from constraints, the other three from families."""
    assert {kind.memory for kind in FAMILIES.values()} == set(get_args(Memory)) - {"constraint"}
    assert len(FAMILIES) >= 45
    assert {kind.group for kind in FAMILIES.values()} == set(get_args(Group))
    assert sum(kind.stretch is not None for kind in FAMILIES.values()) >= 6
    assert set(FAMILIES) >= OOD_FAMILIES


@every_family
def test_metadata_is_complete(kind):
    assert FAMILIES[kind.name] is kind
    assert kind.answer in {*MATCHERS, "open"}
    assert (kind.answer == "open") == (kind.check is not None) == (kind.wrong is not None)
    assert kind.asks(ENGLISH)
    assert {lang.code for lang in LANGUAGES.values() if not kind.asks(lang)} == {
        code for code, names in NOT_OFFERED.items() if kind.name in names
    }


@pytest.mark.parametrize("lang", LANGUAGES.values(), ids=LANGUAGES)
def test_phrasings_are_of_families_and_constraints_that_exist(lang):
    from musi.constraints import CONSTRAINTS

    for name, phrasing in phrasings(lang.code).items():
        assert name in FAMILIES or name in CONSTRAINTS
        assert bool(phrasing.asks) == (name in FAMILIES)
        assert bool(phrasing.says) == (name in CONSTRAINTS)


def test_unknown_family_names_the_place_and_the_known_ones():
    with pytest.raises(MusiError, match=r"^here: unknown family 'nope'; this MuSI knows .*capital_of"):
        family("nope", "here")


# --- phrasing ---------------------------------------------------------------------------------------------------------------


@in_every_language
def test_paraphrases_are_many_and_different(kind, lang):
    templates = kind.asks(lang)
    assert len(templates) >= 8
    slots = kind.slots(problems(kind, 1, lang)[0], lang)
    assert len({template.format(**slots).casefold() for template in templates}) == len(templates)


@in_every_language
def test_instructions_are_filled_and_well_formed(kind, lang):
    """A start that may be lowered in running prose, full stop or question mark at the end, no hole left."""
    for params in problems(kind, 12, lang):
        slots = kind.slots(params, lang)
        for template in kind.asks(lang):
            assert not template.startswith("{"), "would lower the first letter of a slot"
            text = template.format(**slots)
            first = text.split()[0].strip(",.:?")
            assert first not in (*lang.names, *lang.weekdays, "I")
            assert text[0].isupper() or not text[0].isascii() or not lang.alphabet
            assert text[-1] in ".?。？"
            assert not set(text) & set("\n|")
            assert "{" not in template.replace("{", "", template.count("}"))
            assert "  " not in text
            assert text == text.strip()


@in_every_language
def test_every_slot_is_used(kind, lang):
    """A slot that no template uses is a template that forgot to ask for it."""
    slots = kind.slots(problems(kind, 1, lang)[0], lang)
    templates = kind.asks(lang) + kind.tells(lang)
    assert all(any(f"{{{name}}}" in template for template in templates) for name in slots)


@in_every_language
def test_every_paraphrase_asks_for_the_same_problem(kind, lang):
    """No paraphrase drops a slot that the others use; one thing may be offered in two forms, as `4 + 5` and `4 and 5`."""
    slots = kind.slots(problems(kind, 1, lang)[0], lang)
    asked = [frozenset(name for name in slots if f"{{{name}" in ask) for ask in kind.asks(lang)]
    if len(set(asked)) > 1:
        values = [" ".join(slots[name] for name in used) for used in asked]
        assert len({tuple(sorted(set(re.findall(r"[0-9]+", text)))) for text in values}) == 1, asked


@in_every_language
def test_contexts_are_filled(kind, lang):
    tells = kind.tells(lang)
    assert bool(tells) == (kind.memory in ("content", "order"))
    if not tells:
        return
    assert len(tells) >= 4
    for params in problems(kind, 12, lang):
        slots = kind.slots(params, lang)
        for template in tells:
            text = template.format(**slots)
            assert text.rstrip('"“”»「」')[-1] in ".。!?"
            assert "\n" not in text
            assert "  " not in text


# --- problems ---------------------------------------------------------------------------------------------------------------


@in_every_language
def test_params_survive_canonical_json(kind, lang):
    for params in problems(kind, 30, lang):
        text = canonical_json(params)
        assert json.loads(text) == params
        assert canonical_json(json.loads(text)) == text


@every_family
def test_problems_depend_on_the_stream_alone(kind):
    assert problems(kind, 30) == problems(kind, 30)


@every_family
def test_capacity_is_not_overstated(kind):
    """A small family is drawn until nothing new comes; the size of a large one is told by what comes once and twice (Chao)."""
    draws = min(12 * kind.capacity, 2_000)
    counts = Counter(canonical_json(params) for params in problems(kind, draws))
    if 12 * kind.capacity <= 2_000:
        assert len(counts) >= kind.capacity * 0.95
    else:
        once, twice = (sum(count == times for count in counts.values()) for times in (1, 2))
        assert len(counts) + once**2 / (2 * max(twice, 1)) >= min(kind.capacity, draws**2 / 40) / 10


@in_every_language
def test_every_partition_has_problems(kind, lang):
    """Each split draws from its own part of the problems of an open family; none may be empty."""
    if kind.closed:
        return
    found = {partition(problem_key(kind.name, canonical_json(params))) for params in problems(kind, 600, lang)}
    assert found == set(range(PARTITIONS))


def test_partitions_of_splits_and_seasons_are_disjoint():
    taken = [part for split in SPLITS for part in recipe(split).partitions]
    assert sorted([*taken, *recipe("test_iid", "en", True).partitions]) == list(range(PARTITIONS))


@in_every_language
def test_stretched_answers_have_about_the_words_asked_for(kind, lang):
    if kind.stretch is None:
        return
    for words in (10, 60, 200, 600):
        for i in range(5):
            params = kind.stretch(Stream("stretch", kind.name, words, i), lang, words)
            gold = kind.solve(params, lang)
            assert 0.7 * words - 6 <= count_words(gold) <= 1.35 * words + 12, (words, gold)
            assert kind.verify(gold, params, lang).passed
            assert len(gold) < 15_000


# --- verifiers ----------------------------------------------------------------------------------------------------------------


@in_every_language
def test_gold_passes_however_it_is_formatted(kind, lang):
    for params in problems(kind, 25, lang):
        gold = kind.solve(params, lang)
        texts = [gold, f"  {gold}\n", f"```\n{gold}\n```"]
        if kind.answer in ("integer", "text", "exact", "items", "passage"):
            bare = gold.removesuffix(".")
            texts += [f"{bare}.", f"**{gold}**", f"__{gold}__", f"`{gold}`", f"*{gold}*"]
            texts += [gold.replace(" ", "  "), gold.replace(" ", "\n")]
        if kind.answer in ("text", "items", "passage"):
            texts += [gold.lower(), gold.upper()]
        if kind.answer == "items":
            texts += [gold.replace(", ", ","), gold.replace(", ", " , ")]
        for text in texts:
            assert kind.verify(text, params, lang).passed, text


@in_every_language
def test_wrong_answers_fail(kind, lang):
    """What is wrong for every kind of answer; `test_mutants.py` tries the special ones."""
    drawn = problems(kind, 26, lang)
    for params, other_params in pairwise(drawn):
        gold, other = kind.solve(params, lang), kind.solve(other_params, lang)
        wrong = ["", " ", ".", "**", "I do not know", canonical_json(params) + "x"]
        if kind.answer != "open":
            wrong += [f"{gold} {gold}", f"The answer is {gold}", f"{gold}!", f"({gold})", gold[:-2]]
            wrong += [f"{gold} or {other}", f"{gold}, {other}", f"x{gold}", f"{gold}x", f"Answer: {gold}"]
            if other.casefold() != gold.casefold():
                wrong.append(other)
        else:
            assert kind.wrong is not None
            wrong += list(kind.wrong(params, lang))
        for text in wrong:
            assert not kind.verify(text, params, lang).passed, text


@in_every_language
@settings(max_examples=25)
@given(text=st.text(max_size=200))
def test_any_text_gives_a_verdict(kind, lang, text):
    params = problems(kind, 1, lang)[0]
    verdict = kind.verify(text, params, lang)
    assert isinstance(verdict, Verdict)
    assert verdict == kind.verify(text, params, lang)


HOSTILE = [
    "9" * 100_000,
    "-" * 100_000,
    " " * 100_000,
    "\n" * 100_000,
    "1," * 50_000,
    "1,111" * 20_000,
    "```" * 33_000,
    "```a\n" * 20_000,
    "*" * 100_000,
    "_`*" * 33_000,
    "e\u0301" * 50_000,
    "\u0130" * 100_000,
    "\ufdfa" * 100_000,
    "\x00" * 100_000,
    "\ud800" * 100_000,
    "[1]" * 33_000,
    "a, " * 33_000,
    '"' * 100_000,
    '{"a":' * 20_000,
    "[" * 100_000,
    "| a " * 25_000,
    "- a\n" * 25_000,
    "word " * 20_000,
    "a" * 100_000,
    "、" * 100_000,
]
MAX_MILLISECONDS = 10


@every_family
def test_hostile_text_fails_fast(kind):
    """100 kB of anything in at most 10 ms; the best of three times, since a busy machine is no slow verifier."""
    params = problems(kind, 1)[0]
    for text in HOSTILE:
        took = []
        for _ in range(3):
            start = time.process_time()
            assert not kind.verify(text, params, ENGLISH).passed
            took.append(time.process_time() - start)
        assert min(took) * 1_000 <= MAX_MILLISECONDS, text[:10]


def test_fact_tables_are_clean():
    """Timeless facts with source and licence at the head of the file, every text in every language."""
    for path in sorted(Path(musi.facts.__file__).parent.glob("*.jsonl")):
        lines = path.read_text("utf-8").splitlines()
        assert {"source", "licence", "attribution"} <= set(json.loads(lines[0]))
        rows = [json.loads(line) for line in lines[1:]]
        assert tuple(rows) == musi.facts.table(path.stem)
        for row in rows:
            for value in row.values():
                if isinstance(value, dict):
                    assert set(value) >= set(LANGUAGES)
                    assert all(text == text.strip() and text for text in value.values())
