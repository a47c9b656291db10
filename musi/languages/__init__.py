"""The languages a release can be written in, by code; one file per language, found by looking: it defines `LANGUAGE`."""

from importlib import import_module
from pkgutil import iter_modules

from musi.languages.language import Language, count_words

LANGUAGES: dict[str, Language] = {
    module.LANGUAGE.code: module.LANGUAGE
    for info in sorted(iter_modules(__path__), key=lambda info: info.name)
    if hasattr(module := import_module(f"{__name__}.{info.name}"), "LANGUAGE")
}

__all__ = ["LANGUAGES", "Language", "count_words"]
