"""One set of tests over all constraints: applied they hold, dropped they fail, stripped they leave the answer."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi.compose import apply_rules
from musi.constraints import CONSTRAINTS, constraint, offered
from musi.constraints.constraint import ALL_KINDS
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.languages import LANGUAGES
from musi.rng import Stream
from musi.score import score_stage
from tests.items import item_of

ENGLISH = LANGUAGES["en"]
every_rule = pytest.mark.parametrize("rule", CONSTRAINTS.values(), ids=CONSTRAINTS)
SPOKEN = [(rule, lang) for lang in LANGUAGES.values() for rule in offered(lang)]
in_every_language = pytest.mark.parametrize(("rule", "lang"), SPOKEN, ids=[f"{rule.name}-{lang.code}" for rule, lang in SPOKEN])

NOT_OFFERED: dict[str, set[str]] = {"zh": {"forbidden_letter", "lowercase", "uppercase"}}
"""What a language cannot state: the one list of exceptions, which may only shrink."""


def cases(rule, lang, per_family=6):
    """(family, problem, rule's params) of every family that the rule concerns."""
    for kind in FAMILIES.values():
        if kind.answer in rule.kinds and kind.asks(lang):
            for i in range(per_family):
                rng = Stream("constraints", rule.name, kind.name, i)
                problem = kind.generate(rng, lang)
                params = rule.generate(rng, lang, [kind.solve(problem, lang)])
                if params is not None:
                    yield kind, problem, params


def test_at_least_fourteen():
    assert len(CONSTRAINTS) >= 14


def test_ranks_are_distinct():
    assert len({rule.rank for rule in CONSTRAINTS.values()}) == len(CONSTRAINTS)


@every_rule
def test_metadata_is_complete(rule):
    assert CONSTRAINTS[rule.name] is rule
    assert rule.kinds
    assert rule.kinds <= ALL_KINDS
    assert not rule.kinds & rule.excludes
    assert {lang.code for lang in LANGUAGES.values() if not rule.says(lang)} == {
        code for code, names in NOT_OFFERED.items() if rule.name in names
    }


@in_every_language
def test_wording_is_filled(rule, lang):
    assert len(set(rule.says(lang))) >= 4
    for _, _, params in cases(rule, lang, 2):
        for template in rule.says(lang):
            text = template.format(**params)
            assert text[-1] in '."。”»」'
            assert "{" not in text


@in_every_language
def test_every_rule_concerns_some_family(rule, lang):
    assert list(cases(rule, lang, 20))


@in_every_language
def test_applied_rule_is_obeyed_and_stripped_to_the_answer(rule, lang):
    for kind, problem, params in cases(rule, lang):
        text = rule.apply(kind.solve(problem, lang), params, lang)
        assert rule.check(text, params, lang).passed, text
        assert kind.verify(rule.strip(text, params, lang), problem, lang).passed, text


@in_every_language
def test_dropped_rule_is_not_obeyed(rule, lang):
    for kind, problem, params in cases(rule, lang):
        plain = kind.solve(problem, lang)
        if rule.apply(plain, params, lang) != plain:
            assert not rule.check(plain, params, lang).passed, plain


@in_every_language
def test_strip_leaves_an_answer_without_the_mark_right(rule, lang):
    """A stage whose rule was forgotten still counts as answered right, only not as obeyed."""
    for kind, problem, params in cases(rule, lang):
        assert kind.verify(rule.strip(kind.solve(problem, lang), params, lang), problem, lang).passed


@every_rule
@given(text=st.text(max_size=100))
def test_any_text_is_checked_and_stripped(rule, text):
    _, _, params = next(cases(rule, ENGLISH, 20))
    assert rule.check(text, params, ENGLISH).reason
    assert isinstance(rule.strip(text, params, ENGLISH), str)


@pytest.mark.parametrize("lang", LANGUAGES.values(), ids=LANGUAGES)
@pytest.mark.parametrize("count", [2, 3])
def test_all_rules_that_may_meet_are_satisfied_together_by_gold(count, lang):
    """Every combination of rules of different slots, each on some family of every kind of answer they allow."""
    kinds = {kind.answer: kind for kind in FAMILIES.values() if kind.asks(lang)}
    for rules in combinations(offered(lang), count):
        if len({rule.slot for rule in rules}) < count:
            continue
        excluded = frozenset().union(*(rule.excludes for rule in rules))
        for answer, kind in kinds.items():
            if answer in excluded:
                continue
            rng = Stream("together", *(rule.name for rule in rules), kind.name)
            problem = kind.generate(rng, lang)
            settled = []
            for rule in sorted(rules, key=lambda rule: rule.rank):
                plain = apply_rules(kind.solve(problem, lang), answer, settled, lang)
                params = rule.generate(rng, lang, [plain] if answer in rule.kinds else [])
                if params is not None:
                    settled.append((rule.name, params))
            item = item_of([(kind.name, problem)], settled, lang=lang.code)
            scored = score_stage(item, 0, item.stages[0].answer)
            assert scored.passed, (settled, item.stages[0].answer, scored.reason)


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
        assert apply_rules("blue lamp", "text", listed, ENGLISH) == '"NORA: BLUE LAMP OVER"'


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
    assert CONSTRAINTS[name].check(text, params, ENGLISH).passed == obeys


def test_rules_may_be_nested_either_way():
    item = item_of([("add_numbers", {"numbers": [4, 5, 9]})], [("speaker_name", {"name": "Nora"}), ("quote_marks", {})])
    assert item.stages[0].answer == '"Nora: 18"'
    assert score_stage(item, 0, '"Nora: 18"').passed
    assert score_stage(item, 0, 'Nora: "18"').passed
    assert not score_stage(item, 0, "Nora: 18").passed
    assert not score_stage(item, 0, '"18"').passed


def test_unknown_constraint_names_the_place():
    with pytest.raises(MusiError, match=r"^item 7: unknown constraint 'nope'; this MuSI knows .*uppercase"):
        constraint("nope", "item 7")
