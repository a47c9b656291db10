"""Ridge regression as a layer's memory: keys, the values they are to find, and the change of the weight by which they do.

Letters: B batch, C prompt tokens or chunks of them, r rank.

Source: von Oswald et al. 2023 (arXiv 2309.05858).
"""

from typing import cast

import torch
from torch import Tensor, nn

from .change import LowRank
from .linear import Linear, linear
from .stack import zeroed

NOTHING_LEFT = 1e-4  # of a key's square without the mean: from here on it is rounding, and finds nothing


def regression(v: Tensor, u: Tensor, weight: Tensor, ridge: Tensor) -> LowRank:
    """Uᵀ (K Kᵀ + λ)⁻¹ K / n as factors of the rank C or d_in, whichever is less.

    k_t is v_t without the direction of the weighted mean of all v, brought to the norm `weight`; n is the weighted mean of the
    norms before, so that a query which is one of the v finds about its own value. That value is u_t, less the weighted mean of
    all u, times `weight`. What lies in the direction of the mean finds nothing, in a query as well. Both means are taken out in
    the share G / (G + 1), with G the sum of all squared weights, so that a lone key is still found.
    v (B, C, d_in), u (B, C, d_out), weight (B, C, 1), 0 for what is not there.
    """
    sizes = weight.square()
    mass = sizes.sum(1, keepdim=True)  # (B, 1, 1)
    share = (sizes / mass.clamp(min=1e-6)).transpose(1, 2)  # (B, 1, C)
    out = mass / (mass + 1)
    u = (u - out * torch.bmm(share, u)) * weight
    size, d_in = v.shape[1:]
    if size > d_in:  # the smaller of the two systems, and the smaller rank
        mean = torch.bmm(share, v)  # (B, 1, d_in)
        along = torch.bmm(v, mean.transpose(1, 2)) / mean.square().sum(2, keepdim=True).clamp(min=1e-12)  # (B, C, 1)
        k = v - out * along * mean
        factor, norm = _factor(v.square().sum(2), k.square().sum(2), weight, share)
        k = k * factor
        system = torch.baddbmm(ridge * torch.eye(d_in, device=v.device), k.transpose(1, 2), k)
        b = torch.bmm(_inverse(system), torch.bmm(k.transpose(1, 2), u)) / norm
        return LowRank(torch.eye(d_in, device=v.device).expand(v.shape[0], -1, -1), b)
    # Means, norms and weights are put on matrices (C, C), so that v and u, the largest things here, are read once.
    gram = _gram(v)
    squares = gram.diagonal(dim1=1, dim2=2)
    with_mean = torch.bmm(share, gram)  # (B, 1, C)
    along = with_mean / torch.bmm(with_mean, share.transpose(1, 2)).clamp(min=1e-12)
    gram = gram - out * (2 - out) * along.transpose(1, 2) * with_mean
    factor, norm = _factor(squares, gram.diagonal(dim1=1, dim2=2), weight, share)
    system = gram * factor * factor.transpose(1, 2) + ridge * torch.eye(size, device=v.device)
    solution = _inverse(system) * factor / norm
    return LowRank(v, torch.bmm(solution - out * share.transpose(1, 2) * torch.bmm(along, solution), u))


def _gram(v: Tensor) -> Tensor:
    """v vᵀ, (B, C, d) -> (B, C, C); for a single prompt by the faster of two products."""
    return linear(v[0], v[0]).unsqueeze(0) if len(v) == 1 else torch.bmm(v, v.transpose(1, 2))


def _inverse(system: Tensor) -> Tensor:
    """The inverse of symmetric positive definite matrices (B, n, n): by Cholesky in half the time; its gradient takes longer."""
    if torch.is_grad_enabled():
        return torch.linalg.inv_ex(system).inverse
    return torch.cholesky_inverse(torch.linalg.cholesky_ex(system).L)


def _factor(squares: Tensor, without_mean: Tensor, weight: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """What brings keys to the norm `weight` (B, C, 1), from their squared norms (B, C) with the mean and without; and the mean
    norm by `share` (B, 1, C)."""
    left = without_mean > NOTHING_LEFT * squares
    norms = torch.where(left, without_mean, 1.0).sqrt().unsqueeze(2)
    mean = torch.bmm(share, norms * left.unsqueeze(2))  # (B, 1, 1)
    return left.unsqueeze(2) * weight / norms, torch.where(mean > 0, mean, 1.0)


class InputKey(nn.Module):
    """What a value is found by: the matrix's own inputs at t and t - 1, mixed and weighed channel by channel, and compared in the
    space of x + Q P x, with P and Q of the rank `metric`, a layer's own."""

    def __init__(self, n_layer: int, d_in: int, metric: int) -> None:
        super().__init__()
        self.now = nn.Parameter(torch.zeros(n_layer, 1, d_in))
        self.before = nn.Parameter(torch.ones(n_layer, 1, d_in))
        layers = range(n_layer if metric else 0)
        self.p = nn.ModuleList(Linear(d_in, metric, bias=False) for _ in layers)
        self.q = nn.ModuleList(zeroed(Linear(metric, d_in, bias=False)) for _ in layers)

    def forward(self, inputs: Tensor, layer: int) -> Tensor:
        """(B, C, d_in) -> the same shape."""
        x = inputs * self.now[layer]
        x[:, 1:] += inputs[:, :-1] * self.before[layer]
        return self.compared(x, layer)

    def compared(self, x: Tensor, layer: int) -> Tensor:
        """The same vectors in the space in which they are compared."""
        return x + self.q[layer](self.p[layer](x)) if self.p else x

    @torch.no_grad()
    def set_metric(self, layer: int, change: Tensor) -> None:
        """Make the space that of x + `change` x, (d_in, d_in); for a metric of full rank."""
        p, q = cast(nn.Linear, self.p[layer]), cast(nn.Linear, self.q[layer])
        p.weight.copy_(torch.eye(len(change)))
        q.weight.copy_(change)

    def of_input(self, a: Tensor, layer: int) -> Tensor:
        """What has the product with an input that `a` has with it in the changed space. (B, r, d_in) -> the same shape"""
        p, q = cast(nn.Linear, self.p[layer]), cast(nn.Linear, self.q[layer])
        return a + linear(linear(a, q.weight.T), p.weight.T)
