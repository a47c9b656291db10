"""Cross entropy of the output layer, without ever holding the logits of a whole batch.

Letters: N tokens that count, D n_embd, V vocab_size.
"""

from typing import Any

import torch
from torch import Tensor

from .examples import counted, sent
from .linear import linear

ROWS, DEVICE_ROWS = 512, 16_384  # tokens whose logits are held at once, on the CPU and on other devices


def rows_at_once(device: torch.device) -> int:
    """Tokens whose logits are held at once on a device."""
    return ROWS if device.type == "cpu" else DEVICE_ROWS


class _HeadCrossEntropy(torch.autograd.Function):
    """Loss and its gradients in one pass over chunks of tokens, while the chunk's logits are in cache."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        needs_x, needs_head = ctx.needs_input_grad[0], ctx.needs_input_grad[1]
        losses = torch.empty_like(weights)
        hits = torch.empty_like(targets, dtype=torch.bool)
        grad_x = torch.empty_like(x) if needs_x else None
        grad_head = torch.zeros_like(head) if needs_head else None
        chunk = rows_at_once(x.device)
        for i in range(0, x.shape[0], chunk):
            rows = slice(i, i + chunk)
            logits = linear(x[rows], head)  # (rows, V)
            target = targets[rows].unsqueeze(1)
            at_target = logits.gather(1, target)
            top = logits.amax(1, keepdim=True)
            hits[rows] = (at_target == top).squeeze(1)
            probs = torch.softmax(logits, 1)
            # The most likely token has p >= 1/V, so its log is accurate and gives the log of the softmax's denominator.
            losses[rows] = (top - probs.amax(1, keepdim=True).log() - at_target).squeeze(1)
            if grad_x is not None or grad_head is not None:
                probs.scatter_add_(1, target, torch.full_like(at_target, -1.0)).mul_(weights[rows].unsqueeze(1))
                if grad_x is not None:
                    grad_x[rows] = linear(probs, head.T)
                if grad_head is not None:
                    grad_head.addmm_(probs.T, x[rows])
        ctx.save_for_backward(*(g for g in (grad_x, grad_head) if g is not None))
        ctx.has = (needs_x, needs_head)
        ctx.mark_non_differentiable(hits)
        return (losses * weights).sum(), hits

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        saved = list(ctx.saved_tensors)
        on_cpu = grads[0].device.type == "cpu"  # elsewhere, to ask for a number is to wait for it
        if not on_cpu or grads[0].item() != 1.0:  # 1 for a plain loss: then a pass over a (V, D) tensor is saved
            saved = [x * grads[0] for x in saved]
        grad_x = saved.pop(0) if ctx.has[0] else None
        grad_head = saved.pop(0) if ctx.has[1] else None
        return grad_x, grad_head, None, None


def head_cross_entropy(
    x: Tensor, head: Tensor, targets: Tensor, weights: Tensor, total: float | None = None
) -> tuple[Tensor, Tensor]:
    """Weighted mean of -log p(target) over the tokens whose weight is not 0, in nats.

    Args:
        x: normalised outputs of the last block, (B, T, D).
        head: output matrix, (V, D).
        targets: ids, (B, T). weights: (B, T), >= 0, at least one above 0. On the CPU whatever the device of x, tokens of weight 0
            are left out; on another device all are computed, since to look for them would be to wait for it.
        total: divide by this instead of the sum of the weights: what a part of a batch adds to the mean over all of it.

    Returns:
        The loss (a scalar with gradient to x and head), and for each token that was computed whether its target was the most
        likely one, (N,) bool in row-major order.
    """
    if weights.device.type != "cpu":
        shares = (weights / (weights.sum() if total is None else total)).flatten()
        return _HeadCrossEntropy.apply(x.flatten(0, 1), head, targets.flatten(), shares)
    chosen = weights[weights != 0]  # (N,)
    chosen = sent(chosen / (chosen.sum() if total is None else total), x.device)
    counts = counted(weights, x.device)
    rows = x.flatten(0, 1).index_select(0, counts)  # (N, D)
    return _HeadCrossEntropy.apply(rows, head, targets.flatten()[counts], chosen)
