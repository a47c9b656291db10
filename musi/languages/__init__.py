"""The languages a release can be written in, by code; one file per language."""

from musi.languages.en import ENGLISH
from musi.languages.language import Language

LANGUAGES: dict[str, Language] = {"en": ENGLISH}

__all__ = ["LANGUAGES", "Language"]
