"""Names and phrases have underscores for spaces: `Port Louis` becomes `Port_Louis`."""

from musi.constraints.constraint import MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream

MAX_SPACES = 4  # a longer answer might be taken for a sentence, which the rule leaves alone
_IN_NAMES = str.maketrans("", "", " -'’")


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    spaced = [answer for answer in answers if " " in answer]
    names = all(answer.count(" ") <= MAX_SPACES and answer.translate(_IN_NAMES).isalpha() for answer in spaced)
    return {} if spaced and names and not any("_" in answer for answer in answers) else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return answer.replace(" ", "_")


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(len(clean(text).split()) <= 1, "has underscores in place of spaces")


def strip(text: str, params: Params, lang: Language) -> str:
    return clean(text).replace("_", " ")


CONSTRAINT = ConstraintKind(
    name="underscores",
    rank=18,
    slot="spaces",
    kinds=frozenset({"text"}),
    excludes=MULTILINE | {"exact", "open"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
