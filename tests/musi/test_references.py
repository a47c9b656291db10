"""Verifiers of stages from outside: reference answers, and rules that a program checks."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi.checks import CHECKS, check_fault, run_checks
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.languages import LANGUAGES
from musi.references import REFERENCES, canonical_number, reference_kind, stage_kind

ENGLISH = LANGUAGES["en"]


@pytest.mark.parametrize(("reference", "kind", "stored"), [
    ("18", "reference_integer", "18"), ("1,200", "reference_integer", "1200"), ("16.00", "reference_integer", "16"),
    ("-7", "reference_integer", "-7"), ("-0", "reference_integer", "0"), (".5", "reference_number", "0.5"),
    ("1,200.50", "reference_number", "1200.5"), ("5pi", "reference_text", "5pi"), ("1,20", "reference_text", "1,20"),
    ("007", "reference_text", "007"), ("02139", "reference_text", "02139"), ("0", "reference_integer", "0"),
    ("Paris", "reference_text", "Paris"), ("a\nb", "reference_passage", "a\nb"),
    ("word " * 13, "reference_passage", "word " * 13),
])  # fmt: skip
def test_the_strictest_kind_is_chosen(reference, kind, stored):
    assert reference_kind(reference) == (kind, stored)
    assert REFERENCES[kind].verify(stored, {"reference": stored}, ENGLISH).passed


RIGHT = {
    "reference_integer": (
        "18",
        ["18", " 18. ", "**18**", "018", "+18"],
        ["", "17", "118", "18 or 19", "It is 18", "18.5", "1,8"],
    ),
    "reference_number": ("1.5", ["1.5", "1.50", "`1.5`"], ["", "1.6", "11.5", "1.51", "15", "01.5", "1.5 or 2", "x1.5"]),
    "reference_text": ("Blue Lamp", ["blue  lamp.", "BLUE LAMP"], ["", "blue", "blue lamps", "a blue lamp"]),
    "reference_passage": ('"Go," she said.', ['"go," she said', '"Go," she  said.'], ["", "Go", '"Go," he said.']),
}


@pytest.mark.parametrize("name", RIGHT)
def test_reference_verifiers_are_strict(name):
    gold, right, wrong = RIGHT[name]
    for text in right:
        assert REFERENCES[name].verify(text, {"reference": gold}, ENGLISH).passed, text
    for text in wrong:
        assert not REFERENCES[name].verify(text, {"reference": gold}, ENGLISH).passed, text


def test_kinds_are_found_by_name_and_never_shadow_a_family():
    assert not REFERENCES.keys() & FAMILIES.keys()
    assert stage_kind("reference_text", "here").name == "reference_text"
    assert stage_kind("capital_of", "here") is FAMILIES["capital_of"]
    with pytest.raises(MusiError, match="here: unknown family 'nope'"):
        stage_kind("nope", "here")


@given(st.text())
def test_numbers_and_verifiers_take_any_text(text):
    number = canonical_number(text)
    assert number is None or canonical_number(number) == number
    for kind in REFERENCES.values():
        kind.verify(text, {"reference": text, "checks": [{"name": "punctuation:no_comma"}]}, ENGLISH)


CASES = [
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"}, "GO to NASA", "Go to NASA"),
    ("change_case:english_capital", {}, "ALL OF IT 7", "All"),
    ("change_case:english_lowercase", {}, "all of it", "All"),
    ("combination:two_responses", {}, "one\n******\ntwo", "one ****** one"),
    ("count:keywords_multiple", {f"keyword{k}": f"w{k}" for k in range(1, 6)},
     "w1 " + "w2 " * 2 + "w3 " * 3 + "w4 " * 5 + "w5 " * 7, "w1 w2 w3 w4 w5"),
    ("count:unique_word_count", {"N": 3}, "one two Three", "one two One"),
    ("count:word_count_range", {"min_words": 2, "max_words": 3}, "one two", "one two three four"),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[name] of [city]", "[name] of []"),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Hi\nP.S. Bye", "Hi P.S. Bye"),
    ("detectable_format:constrained_response", {}, "My answer is yes.", "Yes."),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "{a: 1}"),
    ("detectable_format:multiple_sections", {"section_spliter": "Part", "num_sections": 2}, "Part 1 a Part 2 b", "Part 1"),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n- b", "* a\n* b\n* c"),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* and **b**", "*a* and b"),
    ("detectable_format:title", {}, "<<A title>>\ntext", "<< >> text"),
    ("format:no_whitespace", {}, "alltogether", "all together"),
    ("keywords:existence", {"keywords": ["war", "peace"]}, "War and peace.", "warm peace"),
    ("keywords:forbidden_words", {"forbidden_words": ["war"]}, "a warm day", "the War"),
    ("keywords:frequency", {"keyword": "dose", "frequency": 2, "relation": "less than"}, "one dose", "dose by dose"),
    ("keywords:letter_frequency", {"letter": "a", "let_frequency": 3, "let_relation": "at least"}, "A banana", "ban"),
    ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"},
     "One.\n\nSo it goes.", "So.\n\nIt goes."),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "one\n***\ntwo", "one\n\ntwo"),
    ("length_constraints:number_words", {"num_words": 3, "relation": "at least"}, "one two three", "one two"),
    ("punctuation:no_comma", {}, "no, that is not it".replace(",", ""), "no, never"),
    ("startend:end_checker", {"end_phrase": "Peace!"}, "War and peace!", "Peace! And war"),
    ("startend:quotation", {}, '"quoted"', 'not "quoted"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "right", "wrong"), CASES, ids=[case[0] for case in CASES])
def test_every_rule_passes_and_fails(name, arguments, right, wrong):
    rule = {"name": name} | arguments
    assert check_fault(rule) is None
    assert run_checks(right, [rule]).passed
    failed = run_checks(wrong, [rule])
    assert (failed.passed, failed.reason) == (False, f"does not obey: {name}")


def test_every_rule_has_a_case():
    assert sorted(CHECKS) == [case[0] for case in CASES]


@pytest.mark.parametrize("rule", [
    {}, {"name": "nope"}, {"name": ["x"]}, {"name": "keywords:existence"}, {"name": "keywords:existence", "keywords": []},
    {"name": "keywords:existence", "keywords": [" "]}, {"name": "keywords:existence", "keywords": [3]},
    {"name": "count:unique_word_count", "N": True}, {"name": "count:unique_word_count", "N": "3"},
    {"name": "startend:end_checker", "end_phrase": ""},
    {"name": "length_constraints:number_words", "num_words": 3, "relation": "about"},
])  # fmt: skip
def test_a_faulty_rule_is_told(rule):
    assert check_fault(rule)


@pytest.mark.parametrize("text", ["[" * 100_000, "<<" * 10_000, "<<" + "a" * 19_000, "*" * 19_999, "* " * 9_000, "a\n \n" * 4_000,
                                  "\n" * 19_999, "```" + "\n" * 19_000 + "x", "=" * 19_000, "{" * 19_000,
                                  '"' * 19_999])  # fmt: skip
def test_no_rule_is_slow_on_hostile_text(text):
    rules = [{"name": name} | arguments for name, arguments, _, _ in CASES]
    started = time.perf_counter()
    run_checks(text, rules)
    assert time.perf_counter() - started < 1
