"""The WKV recurrence as a pair of Triton kernels, for graphics processors.

A program holds `BLOCK` channels of one row and walks through its tokens, with the keys and values of the next ones on their way
while one is worked on. The forward pass keeps the state before every token for the way back. With TRITON_INTERPRET=1 in the
environment Triton runs both on the CPU, slowly: so they are tested without a GPU.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 32  # channels of a program: one warp
STAGES = tl.constexpr(6)  # tokens on their way from memory


@triton.jit
def _forward(k, v, w, u, state, lengths, out, last, states, time, channels, block: tl.constexpr, keep: tl.constexpr):
    row = tl.program_id(0)
    c = tl.program_id(1) * block + tl.arange(0, block)
    there = c < channels
    first = row * 3 * channels + c
    a = tl.load(state + first, mask=there, other=0.0)
    b = tl.load(state + first + channels, mask=there, other=0.0)
    p = tl.load(state + first + 2 * channels, mask=there, other=0.0)
    decay, bonus = tl.load(w + c, mask=there, other=0.0), tl.load(u + c, mask=there, other=0.0)
    begin = row.to(tl.int64) * time
    for t in tl.range(0, tl.load(lengths + row), num_stages=STAGES):
        at = (begin + t) * channels + c
        key, value = tl.load(k + at, mask=there, other=0.0), tl.load(v + at, mask=there, other=0.0)
        if keep:
            kept = (begin + t) * 3 * channels + c
            tl.store(states + kept, a, mask=there)
            tl.store(states + kept + channels, b, mask=there)
            tl.store(states + kept + 2 * channels, p, mask=there)
        q = tl.maximum(p, bonus + key)
        e1, e2 = tl.exp(p - q), tl.exp(bonus + key - q)
        tl.store(out + at, (e1 * a + e2 * value) / (e1 * b + e2), mask=there)
        q = tl.maximum(p + decay, key)
        e1, e2 = tl.exp(p + decay - q), tl.exp(key - q)
        a, b, p = e1 * a + e2 * value, e1 * b + e2, q
    tl.store(last + first, a, mask=there)
    tl.store(last + first + channels, b, mask=there)
    tl.store(last + first + 2 * channels, p, mask=there)


@triton.jit
def _backward(k, v, w, u, states, lengths, grad_out, grad_last, gk, gv, gw, gu, gs, time, channels, block: tl.constexpr):
    row = tl.program_id(0)
    c = tl.program_id(1) * block + tl.arange(0, block)
    there = c < channels
    first = row * 3 * channels + c
    ga = tl.load(grad_last + first, mask=there, other=0.0)
    gb = tl.load(grad_last + first + channels, mask=there, other=0.0)
    gp = tl.load(grad_last + first + 2 * channels, mask=there, other=0.0)
    decay, bonus = tl.load(w + c, mask=there, other=0.0), tl.load(u + c, mask=there, other=0.0)
    gw_sum, gu_sum = tl.zeros([block], tl.float32), tl.zeros([block], tl.float32)
    begin = row.to(tl.int64) * time
    steps = tl.load(lengths + row)
    for i in tl.range(0, steps, num_stages=STAGES):
        t = steps - 1 - i
        at = (begin + t) * channels + c
        kept = (begin + t) * 3 * channels + c
        key, value = tl.load(k + at, mask=there, other=0.0), tl.load(v + at, mask=there, other=0.0)
        gy = tl.load(grad_out + at, mask=there, other=0.0)
        a = tl.load(states + kept, mask=there, other=0.0)
        b = tl.load(states + kept + channels, mask=there, other=0.0)
        p = tl.load(states + kept + 2 * channels, mask=there, other=0.0)
        # The update of the sums.
        d = p + decay - key
        q = tl.maximum(d, 0.0)
        e1, e2 = tl.exp(d - q), tl.exp(-q)
        through_x, through_k = e1 * (a * ga + b * gb), e2 * (value * ga + gb)
        through_max = gp - through_x - through_k
        share = tl.where(d > 0.0, 1.0, tl.where(d < 0.0, 0.0, 0.5))  # as torch.maximum splits a tie
        gx = through_x + share * through_max
        gk_t, gv_t = through_k + (1.0 - share) * through_max, e2 * ga
        ga, gb = e1 * ga, e1 * gb
        gw_sum += gx
        # The output: numerator over denominator.
        d = p - bonus - key
        q = tl.maximum(d, 0.0)
        e1, e2 = tl.exp(d - q), tl.exp(-q)
        inverse = 1.0 / (e1 * b + e2)
        gn = gy * inverse
        gd = -gn * (e1 * a + e2 * value) * inverse
        through_u = e2 * (value * gn + gd)
        tl.store(gk + at, gk_t + through_u, mask=there)
        tl.store(gv + at, gv_t + e2 * gn, mask=there)
        gu_sum += through_u
        ga, gb, gp = ga + e1 * gn, gb + e1 * gd, gx + e1 * (a * gn + b * gd)
    tl.store(gs + first, ga, mask=there)
    tl.store(gs + first + channels, gb, mask=there)
    tl.store(gs + first + 2 * channels, gp, mask=there)
    tl.store(gw + row * channels + c, gw_sum, mask=there)
    tl.store(gu + row * channels + c, gu_sum, mask=there)


class _WKV(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: Tensor, lengths: Tensor) -> Any:
        batch, time, channels = k.shape
        keep = any(ctx.needs_input_grad)
        out, last = torch.zeros_like(k), torch.empty_like(state)
        states = k.new_empty(batch, time, 3, channels) if keep else k
        grid = batch, triton.cdiv(channels, BLOCK)
        _forward[grid](k, v, w, u, state, lengths, out, last, states, time, channels, BLOCK, keep, num_warps=1)
        ctx.save_for_backward(k, v, w, u, states, lengths)
        return out, last

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        k, v, w, u, states, lengths = ctx.saved_tensors
        batch, time, channels = k.shape
        grad_out, grad_last = (g.contiguous() for g in grads)
        gk, gv, gs = torch.zeros_like(k), torch.zeros_like(v), torch.empty_like(grad_last)
        gw, gu = k.new_empty(batch, channels), k.new_empty(batch, channels)
        _backward[batch, triton.cdiv(channels, BLOCK)](
            k, v, w, u, states, lengths, grad_out, grad_last, gk, gv, gw, gu, gs, time, channels, BLOCK, num_warps=1
        )
        return gk, gv, gw.sum(0), gu.sum(0), gs, None


def wkv_gpu(k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Same contract as `wkv_naive`, computed in float32, on a device that Triton compiles for."""
    dtype = k.dtype
    k, v, w, u, state = (x.float().contiguous() for x in (k, v, w, u, state))
    out, last = _WKV.apply(k, v, w, u, state, lengths.contiguous())
    return out.to(dtype), last.to(dtype)
