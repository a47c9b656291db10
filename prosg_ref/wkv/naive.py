"""The WKV recurrence as a loop over time: the oracle every faster path is held against.

Shapes: B batch, T time, C channels (dim_att).
"""

import torch
from torch import Tensor


def wkv_naive(k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """WKV in any float dtype, differentiable by autograd, one step of time after the other.

    Args:
        k, v: keys and values, (B, T, C).
        w: log decay per step, -exp(time_decay), (C,), negative.
        u: bonus of the current token, time_first, (C,).
        state: (B, 3, C): aa, bb, pp, where exp(pp) * aa and exp(pp) * bb are the decayed sums of exp(k) v and exp(k).
        lengths: (B,) int64, tokens of each row that count; later outputs are 0 and leave the state alone.

    Returns:
        out (B, T, C) and the state after each row's own last token (B, 3, C).

    Source: Peng et al. 2023, "RWKV: Reinventing RNNs for the Transformer Era", appendix on the numerically stable form.
    """
    aa, bb, pp = state.unbind(1)  # (B, C) each
    outs = []
    for t in range(k.shape[1]):
        kt, vt = k[:, t], v[:, t]
        q = torch.maximum(pp, u + kt)
        e1, e2 = torch.exp(pp - q), torch.exp(u + kt - q)
        out = (e1 * aa + e2 * vt) / (e1 * bb + e2)

        q = torch.maximum(pp + w, kt)
        e1, e2 = torch.exp(pp + w - q), torch.exp(kt - q)
        alive = (t < lengths).unsqueeze(1)  # (B, 1)
        aa = torch.where(alive, e1 * aa + e2 * vt, aa)
        bb = torch.where(alive, e1 * bb + e2, bb)
        pp = torch.where(alive, q, pp)
        outs.append(torch.where(alive, out, torch.zeros_like(out)))
    return torch.stack(outs, 1), torch.stack([aa, bb, pp], 1)
