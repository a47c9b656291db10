"""One set of tests over all constraints: applied they hold, dropped they fail, stripped they leave the answer."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi.compose import apply_rules
from musi.constraints import CONSTRAINTS, constraint
from musi.constraints.constraint import ALL_KINDS
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.languages import LANGUAGES
from musi.rng import Stream
from musi.score import score_stage
from tests.items import item_of

ENGLISH = LANGUAGES["en"]
every_rule = pytest.mark.parametrize("rule", CONSTRAINTS.values(), ids=CONSTRAINTS)


def cases(rule, per_family=15):
    """(family, problem, rule's params) of every family that the rule concerns."""
    for kind in FAMILIES.values():
        if kind.answer in rule.kinds:
            for i in range(per_family):
                rng = Stream("constraints", rule.name, kind.name, i)
                yield kind, kind.generate(rng, ENGLISH), rule.generate(rng, ENGLISH)


def test_at_least_four():
    assert len(CONSTRAINTS) >= 4


def test_ranks_are_distinct():
    assert len({rule.rank for rule in CONSTRAINTS.values()}) == len(CONSTRAINTS)


@every_rule
def test_metadata_is_complete(rule):
    assert CONSTRAINTS[rule.name] is rule
    assert rule.kinds
    assert rule.kinds <= ALL_KINDS
    assert not rule.kinds & rule.excludes
    assert len(set(rule.paraphrases["en"])) >= 4


@every_rule
def test_wording_is_filled(rule):
    for i in range(20):
        params = rule.generate(Stream("wording", i), ENGLISH)
        for template in rule.paraphrases["en"]:
            text = template.format(**params)
            assert text[0].isupper()
            assert text[-1] in '."'
            assert "{" not in text
            assert all(value in text for value in params.values())


@every_rule
def test_applied_rule_is_obeyed_and_stripped_to_the_answer(rule):
    for kind, problem, params in cases(rule):
        text = rule.apply(kind.solve(problem), params)
        assert rule.check(text, params).passed, text
        assert kind.verify(rule.strip(text, params), problem).passed, text


@every_rule
def test_dropped_rule_is_not_obeyed(rule):
    for kind, problem, params in cases(rule):
        plain = kind.solve(problem)
        if rule.apply(plain, params) != plain:
            assert not rule.check(plain, params).passed, plain


@every_rule
def test_strip_leaves_an_answer_without_the_mark_right(rule):
    """A stage whose rule was forgotten still counts as answered right, only not as obeyed."""
    for kind, problem, params in cases(rule):
        assert kind.verify(rule.strip(kind.solve(problem), params), problem).passed


@every_rule
@given(text=st.text(max_size=100))
def test_any_text_is_checked_and_stripped(rule, text):
    params = rule.generate(Stream("any"), ENGLISH)
    assert rule.check(text, params).reason
    assert isinstance(rule.strip(text, params), str)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_all_rules_that_may_meet_are_satisfied_together_by_gold(count):
    for names in combinations(CONSTRAINTS, count):
        excluded = {kind for name in names for kind in CONSTRAINTS[name].excludes}
        for kind in FAMILIES.values():
            if kind.answer in excluded:
                continue
            for i in range(3):
                rng = Stream("together", *names, kind.name, i)
                rules = [(name, CONSTRAINTS[name].generate(rng, ENGLISH)) for name in names]
                item = item_of([(kind.name, kind.generate(rng, ENGLISH))], rules)
                scored = score_stage(item, 0, item.stages[0].answer)
                assert scored.passed, (names, item.stages[0].answer, scored.reason)


def test_one_broken_rule_of_two_is_named_and_the_answer_stays_right():
    rules = [("speaker_name", {"name": "Nora"}), ("end_word", {"word": "over"})]
    item = item_of([("add_numbers", {"numbers": [4, 5, 9]})], rules)
    assert item.stages[0].answer == "Nora: 18 over"
    scored = score_stage(item, 0, "Nora: 18")
    assert scored.answer_right
    assert not scored.rules_obeyed
    assert scored.reason == "does not obey: ends with the word over"


def test_order_of_application_is_by_rank_not_by_listing():
    rules = [("quote_marks", {}), ("uppercase", {}), ("end_word", {"word": "over"}), ("speaker_name", {"name": "Nora"})]
    for listed in (rules, rules[::-1]):
        assert apply_rules("blue lamp", "text", listed) == '"NORA: BLUE LAMP OVER"'


@pytest.mark.parametrize(
    ("name", "params", "text", "obeys"),
    [
        ("end_word", {"word": "over"}, "18 over", True),
        ("end_word", {"word": "over"}, "18 Over.", True),
        ("end_word", {"word": "over"}, "**18 over**", True),
        ("end_word", {"word": "over"}, "over", False),
        ("end_word", {"word": "over"}, "18 moreover", False),
        ("end_word", {"word": "over"}, "18over", False),
        ("end_word", {"word": "over"}, "over 18", False),
        ("quote_marks", {}, '"18"', True),
        ("quote_marks", {}, "“18”", True),
        ("quote_marks", {}, "'18'", False),
        ("quote_marks", {}, '"18', False),
        ("quote_marks", {}, '"1" or "8"', False),
        ("quote_marks", {}, '""', False),
        ("semicolons", {}, "a; b", True),
        ("semicolons", {}, "a, b", False),
        ("semicolons", {}, "a; b, c", False),
        ("speaker_name", {"name": "Nora"}, "Nora: 18", True),
        ("speaker_name", {"name": "Nora"}, "NORA:18", True),
        ("speaker_name", {"name": "Nora"}, "Nora 18", False),
        ("speaker_name", {"name": "Nora"}, "Eleonora: 18", False),
        ("uppercase", {}, "BLUE LAMP", True),
        ("uppercase", {}, "18", True),
        ("uppercase", {}, "Blue Lamp", False),
    ],
)
def test_check(name, params, text, obeys):
    assert CONSTRAINTS[name].check(text, params).passed == obeys


def test_unknown_constraint_names_the_place():
    with pytest.raises(MusiError, match=r"^item 7: unknown constraint 'nope'; this MuSI knows .*uppercase"):
        constraint("nope", "item 7")
