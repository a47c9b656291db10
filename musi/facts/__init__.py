"""Frozen fact tables, one JSONL file each: the first line says source, version and licence, every other line is a fact.

They were written once by `python -m musi.facts.regenerate` from pinned packages and are never read from those again.
Names stand in every language, by its code: `{"code": "KE", "country": {"en": "Kenya", "de": "Kenia", …}, …}`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def table(name: str) -> tuple[dict[str, Any], ...]:
    """The facts of table `name`, without its header line."""
    lines = (Path(__file__).parent / f"{name}.jsonl").read_text("utf-8").splitlines()
    return tuple(json.loads(line) for line in lines[1:])
