"""All families, found by looking: every module of this package that defines `FAMILY` is one."""

from importlib import import_module
from pkgutil import iter_modules

from musi.errors import MusiError
from musi.families.family import Family, Params

FAMILIES: dict[str, Family] = {
    module.FAMILY.name: module.FAMILY
    for info in sorted(iter_modules(__path__), key=lambda info: info.name)
    if hasattr(module := import_module(f"{__name__}.{info.name}"), "FAMILY")
}


def family(name: str, where: str) -> Family:
    """The family called `name`; raises MusiError naming `where` when this version of MuSI has none."""
    try:
        return FAMILIES[name]
    except KeyError:
        raise MusiError(f"{where}: unknown family {name!r}; this MuSI knows {', '.join(FAMILIES)}") from None


__all__ = ["FAMILIES", "Family", "Params", "family"]
