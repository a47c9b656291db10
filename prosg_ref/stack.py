"""The trunk of a synthesis module: residual MLP blocks and attention between a prompt's tokens.

Letters: B batch, T prompt tokens, C chunks, L layers, D width of the backbone, W width of the stack, H heads.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .linear import Linear

DISTANCES = (-4, 4, 8, None)  # where each head of attention looks at first, in tokens; None: everywhere
REACH = 32  # distances further than this count as the same
NEARLY_SHUT = -4.0  # where gates start: few tokens of a prompt are to be told
UNSEEN = -1e4  # finite, so that an empty prompt beside longer ones is no NaN


class TokenAttention(nn.Module):
    """Residual attention between a prompt's tokens, to both sides, with a learned bias for every distance; starts as identity.

    Raises ValueError for a width that its heads cannot share. Relative biases: Raffel et al. 2020 (arXiv 1910.10683).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        if width % len(DISTANCES):
            raise ValueError(f"width: {width}, attention needs a multiple of {len(DISTANCES)}")
        self.norm = nn.LayerNorm(width)
        self.qkv = Linear(width, 3 * width, bias=False)
        self.out = zeroed(Linear(width, width, bias=False))
        distance = torch.arange(-REACH, REACH + 1.0)
        near = [torch.zeros(len(distance)) if at is None else -(distance - at).abs() / 4 for at in DISTANCES]
        self.bias = nn.Parameter(torch.stack(near))  # (H, 2 REACH + 1)

    def forward(self, x: Tensor, counted: Tensor) -> Tensor:
        """(B, L, C, W), and which chunks are counted (B, C) -> (B, L, C, W)"""
        batch, n_layer, size, width = x.shape
        heads = self.qkv(self.norm(x)).view(batch, n_layer, size, 3, len(DISTANCES), -1)
        q, k, v = heads.permute(3, 1, 0, 4, 2, 5)  # (L, B, H, C, W / H) each
        place = torch.arange(size, device=x.device)
        distance = (place - place.unsqueeze(1)).clamp(-REACH, REACH) + REACH  # (C, C): of the key from the query
        hidden = torch.where(counted, 0.0, UNSEEN)[:, None, None]  # (B, 1, 1, C)
        mask = (self.bias[:, distance] + hidden).to(q.dtype)  # (B, H, C, C), one for all layers
        y = torch.stack([attended(*each, mask) for each in zip(q, k, v, strict=True)], 1)
        return x + self.out(y.transpose(2, 3).reshape(batch, n_layer, size, width))  # from (B, L, H, C, W / H)


def attended(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Attention under a finite mask that is added to the scores. q, k, v (B, H, C, d), mask (B, H, C, C) -> (B, H, C, d)

    On a processor torch has a fast kernel for masks without a gradient alone; its way for others takes 2.5 times as long as this.
    """
    if q.device.type != "cpu" or not mask.requires_grad:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    x, y, z, bias = (each.flatten(0, 1) for each in (q, k, v, mask))
    return (torch.baddbmm(bias, x, y.transpose(1, 2), alpha=q.shape[3] ** -0.5).softmax(2).to(z.dtype) @ z).view_as(q)


class TransformingStack(nn.Module):
    """LayerNorm, embedding of layer and slot, and residual MLP blocks, shared by every layer and slot. D -> W.

    Blocks of `attention`, the first before the MLP blocks and the others after them, are for tokens alone.
    """

    def __init__(self, d_in: int, width: int, depth: int, attention: int, embedded: tuple[int, int] | None) -> None:
        """`embedded`: how many layers and slots are told apart."""
        super().__init__()
        self.width = width
        self.norm = nn.LayerNorm(d_in, elementwise_affine=False)
        self.embedding = nn.Parameter(torch.randn(*embedded, width) * 0.1) if embedded else None
        self.narrow = Linear(d_in, self.width, bias=False) if self.width != d_in else nn.Identity()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(self.width), Linear(self.width, 4 * self.width), nn.GELU(), Linear(4 * self.width, self.width)
            )
            for _ in range(depth)
        )
        self.attention = nn.ModuleList(TokenAttention(self.width) for _ in range(attention))
        self.out = nn.LayerNorm(self.width)

    def forward(self, layers: Sequence[Tensor], counted: Tensor | None = None) -> Tensor:
        """L times (B, slots or tokens, D) -> (B, L, slots or tokens, W); with one slot, every token gets its embedding.

        `counted` (B, tokens) says which tokens attention sees.
        """
        x = torch.stack([self.narrow(self.norm(x)) for x in layers], 1)
        if self.embedding is not None:
            x = x + self.embedding
        for attend in self.attention[:1]:
            x = attend(x, counted)
        for block in self.blocks:
            x = x + block(x)
        for attend in self.attention[1:]:
            x = attend(x, counted)
        return self.out(x)


def moved(x: Tensor, by: int) -> Tensor:
    """At each position what stands `by` positions from it, zeros beyond the ends. (…, C, W) -> (…, C, W)"""
    return F.pad(x, (0, 0, max(0, -by), max(0, by))).narrow(-2, max(0, by), x.shape[-2])


def zeroed(linear: nn.Linear) -> nn.Linear:
    """The same layer, all its parameters 0."""
    for parameter in linear.parameters():
        nn.init.zeros_(parameter)
    return linear


def nearly_shut(gates: nn.Linear) -> nn.Linear:
    """The same layer, its weights 0 and its biases `NEARLY_SHUT`."""
    nn.init.constant_(zeroed(gates).bias, NEARLY_SHUT)
    return gates
