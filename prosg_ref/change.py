"""Changes of one weight W (d_out, d_in) of a backbone, for the length of a call: what ΔW is to its forward pass.

Letters: B batch, T time, r rank.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from .linear import linear


class LowRank(NamedTuple):
    """A change of one weight W (d_out, d_in) per example, as factors: W[b] + b[b].T @ a[b]."""

    a: Tensor  # (B, r, d_in)
    b: Tensor  # (B, r, d_out)


class Merged(NamedTuple):
    """One weight with its change already added, the same for all rows."""

    weight: Tensor  # (d_out, d_in)


class Added(NamedTuple):
    """What is added to the product at each token of this call, whatever the input."""

    values: Tensor  # (B, T, d_out)


class Tap(NamedTuple):
    """Keeps what stands at the matrix's input, and changes the matrix no further than `change` does."""

    inputs: list[Tensor]  # (B, T, d_in)
    change: LowRank | Merged | Added | None = None


Change = LowRank | Merged | Tap | Added
Delta = Mapping[str, Change]  # by the name of the matrix, e.g. "blocks.0.ffn.value"


def changed_linear(x: Tensor, weight: Tensor, change: Change | None) -> Tensor:
    """x Wᵀ under a change of W, (B, T, d_in) -> (B, T, d_out)."""
    if isinstance(change, Tap):
        change.inputs.append(x)
        return changed_linear(x, weight, change.change)
    if isinstance(change, Merged):
        return linear(x, change.weight)
    out = linear(x, weight)  # (B, T, d_out)
    if isinstance(change, Added):
        return out + change.values
    if change is None:
        return out
    time, rank, d_in, d_out = x.shape[1], change.a.shape[1], x.shape[2], out.shape[2]
    if time * rank * (d_in + d_out) <= (time + rank) * d_in * d_out:
        return torch.baddbmm(out, torch.bmm(x, change.a.transpose(1, 2)), change.b)
    whole = torch.bmm(change.a.transpose(1, 2), change.b)  # (B, d_in, d_out): cheaper than the factors on long texts
    return torch.baddbmm(out, x, whole)
