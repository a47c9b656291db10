"""Answers worked out again, by other means than `solve`: one file per phrasing file, found by looking.

Each exports ANSWERS, family → (params, language) → answer, and KNOWN, (family, params, answer in English) worked out by hand.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from musi.languages import Language

_MODULES = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
ANSWERS: dict[str, Callable[[dict[str, Any], Language], str]] = {
    name: answer for module in _MODULES for name, answer in module.ANSWERS.items()
}
KNOWN: list[tuple[str, dict[str, Any], str]] = [row for module in _MODULES for row in module.KNOWN]
