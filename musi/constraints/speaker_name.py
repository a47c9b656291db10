"""Every answer starts with a given name and a colon: `42` becomes `Nora: 42`."""

from musi.constraints.constraint import ALL_KINDS, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"name": rng.choice(lang.names)}


def apply(answer: str, params: Params) -> str:
    return f"{params['name']}: {answer}"


def check(text: str, params: Params) -> Verdict:
    return obeyed(clean(text).casefold().startswith(params["name"].casefold() + ":"), f"starts with {params['name']}:")


def strip(text: str, params: Params) -> str:
    return clean(text)[len(params["name"]) + 1 :].lstrip() if check(text, params).passed else text


CONSTRAINT = ConstraintKind(
    name="speaker_name",
    rank=3,
    kinds=ALL_KINDS,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
    paraphrases={
        "en": (
            'Start every answer with your name and a colon, "{name}:"; your name is {name}.',
            'You are {name}. Begin each answer with "{name}:".',
            'Put "{name}:" in front of every answer.',
            'Each answer must begin with "{name}:", followed by a space.',
        )
    },
)
