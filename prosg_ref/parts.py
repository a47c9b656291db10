"""Parts of a synthesis module: which of its parameters a recipe means, and how fast they learn."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from musi.errors import MusiError


def named(synthesis: nn.Module, parts: Sequence[str], where: str) -> list[tuple[str, nn.Parameter]]:
    """The parameters whose names contain any of `parts`. Raises MusiError where there is none."""
    every = list(synthesis.named_parameters())
    found = [(name, parameter) for name, parameter in every if any(part in name for part in parts)]
    if not found:
        known = {part for name, _ in every for part in name.removeprefix("parts.").split(".")[:2]}
        words = ", ".join(sorted(part for part in known if not part.isdigit()))
        raise MusiError(f"{where}: no parameter's name contains any of {', '.join(parts)}; there are {words}")
    return found


def shrink(synthesis: nn.Module, factors: Mapping[str, float], where: str) -> None:
    """Multiply the parameters whose names contain a key by its factor. Raises MusiError where there is none."""
    for part, factor in factors.items():
        for _, parameter in named(synthesis, [part], where):
            parameter.data.mul_(factor)


def synthesis_groups(synthesis: nn.Module, lr: float, key_share: float) -> list[dict[str, Any]]:
    """Parameter groups of a synthesis module: what keys are made with at `key_share` of the rate, the rest at it."""
    every = [(name, p) for name, p in synthesis.named_parameters() if p.requires_grad]
    keys = [p for name, p in every if ".v." in name]
    rest = [p for name, p in every if ".v." not in name]
    return [{"params": rest, "lr": lr}, *([{"params": keys, "lr": key_share * lr}] if keys else [])]
