"""All constraints, found by looking: every module of this package that defines `CONSTRAINT` is one."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from musi.constraints.constraint import ConstraintKind, Params
from musi.errors import MusiError
from musi.languages import Language

CONSTRAINTS: dict[str, ConstraintKind] = {
    module.CONSTRAINT.name: module.CONSTRAINT
    for info in sorted(iter_modules(__path__), key=lambda info: info.name)
    if hasattr(module := import_module(f"{__name__}.{info.name}"), "CONSTRAINT")
}


def constraint(name: str, where: str) -> ConstraintKind:
    """The constraint called `name`; raises MusiError naming `where` when this version of MuSI has none."""
    try:
        return CONSTRAINTS[name]
    except KeyError:
        raise MusiError(f"{where}: unknown constraint {name!r}; this MuSI knows {', '.join(CONSTRAINTS)}") from None


@cache
def offered(lang: Language) -> tuple[ConstraintKind, ...]:
    """The constraints that a language phrases."""
    return tuple(rule for rule in CONSTRAINTS.values() if rule.says(lang))


__all__ = ["CONSTRAINTS", "ConstraintKind", "Params", "constraint", "offered"]
