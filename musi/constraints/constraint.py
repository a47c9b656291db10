"""What a rule over all answers is made of: its wording, its effect on a gold answer, its check and how to look past it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from musi.languages import Language
from musi.matching import MATCHERS, AnswerKind, Verdict
from musi.rng import Stream

Params = dict[str, str]


@dataclass(frozen=True)
class ConstraintKind:
    """One kind of rule.

    `apply` turns a plain answer into one that obeys; `check` says whether a text obeys; `strip` takes the rule's mark off,
    as far as it is there, so that the family's verifier judges the answer alone. `rank` orders several rules: they are
    applied from the lowest to the highest and stripped the other way. A rule concerns only some `kinds` of answers, and
    contradicts those it `excludes`: the two are never composed.
    """

    name: str
    rank: int
    kinds: frozenset[AnswerKind]
    generate: Callable[[Stream, Language], Params]
    apply: Callable[[str, Params], str]
    check: Callable[[str, Params], Verdict]
    strip: Callable[[str, Params], str]
    paraphrases: Mapping[str, tuple[str, ...]]
    excludes: frozenset[AnswerKind] = frozenset()


ALL_KINDS: frozenset[AnswerKind] = frozenset(MATCHERS)


def obeyed(passed: bool, rule: str) -> Verdict:
    """Verdict on a rule, with `rule` saying what it asks."""
    return Verdict(passed, "obeyed" if passed else f"does not obey: {rule}", "")
