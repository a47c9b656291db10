"""The WKV recurrence by the Triton kernel of `fla` (flash-linear-attention), for CUDA: an optional extra.

That kernel knows no lengths and takes time_decay where we have its negative exponential; the difference is made up here.
With TRITON_INTERPRET=1 in the environment Triton runs it on the CPU, slowly: so it is tested without a GPU.
"""

import logging
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

log = logging.getLogger(__name__)

NOTHING = -1e38  # the key of a token that adds nothing, even to an empty sum, whose log is -1e30


@cache
def kernel() -> Callable[..., tuple[Tensor, Tensor]] | None:
    """fla's function, or None after one warning when the package is not there or does not load."""
    try:
        from fla.ops.rwkv4 import fused_recurrent_rwkv4
    except Exception as error:  # a package of another version may fail at import in any way
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        log.warning("wkv: no fla (%s); using the slower pure-torch scan. Install musi[cuda] to mend.", reason)
        return None
    found: Callable[..., tuple[Tensor, Tensor]] = fused_recurrent_rwkv4
    return found


def wkv_fla(k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Same contract as `wkv_naive`, computed in float32; call `kernel()` first to know that it is there.

    Tokens after a row's end get a key that adds nothing; that each of them still lowers pp by w is taken back at the end.
    """
    function = kernel()
    assert function is not None
    dtype, time = k.dtype, k.shape[1]
    k, v, w, u, state = (x.float() for x in (k, v, w, u, state))
    inside = (torch.arange(time, device=k.device) < lengths.unsqueeze(1)).unsqueeze(2)  # (B, T, 1)
    some = (lengths > 0).view(-1, 1, 1)
    start = torch.where(some, state, torch.ones_like(state))  # an empty sum without a token would be 0 / 0
    keys = torch.where(inside, k, torch.full_like(k, NOTHING))
    out, last = function(torch.log(-w), u, keys, v, start.unsqueeze(2))
    aa, bb, pp = last.squeeze(2).unbind(1)  # (B, C) each
    pp = pp - (time - lengths).unsqueeze(1) * w
    after = torch.where(some, torch.stack([aa, bb, pp], 1), state)
    return torch.where(inside, out, torch.zeros_like(out)).to(dtype), after.to(dtype)
