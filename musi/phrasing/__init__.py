"""How families ask and constraints are stated: one folder per language, TOML files read once on first use.

musi/phrasing/en/facts.toml
    [capital_of]
    asks = ["What is the capital of {country}?", …]      the instruction, eight or more
musi/phrasing/en/recall.toml
    [recall_bringer]
    part = "{name} brings {thing}"                       a piece that the family repeats and joins
    tells = ["For the picnic, {parts}.", …]              what the context tells, four or more
    asks = [...]
musi/phrasing/en/constraints.toml
    [end_word]
    words = ["over", "done", …]                          the words of the language that the rule draws from or goes by
    says = ['End every answer with the word "{word}".', …]

A language offers the families and constraints that its files phrase. Braces are slots of `str.format`.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from musi.errors import MusiError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Phrasing:
    """Templates of one family (`asks`, perhaps `tells` and `part`) or of one constraint (`says`, perhaps `words`)."""

    asks: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    part: str = ""


@cache
def phrasings(lang: str) -> dict[str, Phrasing]:
    """Every phrasing of a language by the name of its family or constraint.

    Raises MusiError naming the file when a name stands in two files or a key is unknown.
    """
    found: dict[str, Phrasing] = {}
    for path in sorted((FOLDER / lang).glob("*.toml")):
        for name, entry in tomllib.loads(path.read_text("utf-8")).items():
            if name in found:
                raise MusiError(f"{path}: {name} is phrased a second time; keep one")
            if unknown := set(entry) - set(Phrasing.__dataclass_fields__):
                raise MusiError(f"{path}: {name}: unknown key {min(unknown)}; see the head of musi/phrasing/__init__.py")
            fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
            found[name] = Phrasing(**fields)
    return found
