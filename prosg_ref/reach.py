"""How far what is asked for reaches: of a prompt's tokens, those are to be told that follow what an instruction points at.

A gate that sees its own token does not know that somebody asks for what Vera said, and so keeps what all others said as well,
which drowns it. Here what instructions point at is handed on from token to token, forwards and backwards, as far as each token
lets it through: to the end of a sentence, or over a whole list. What arrives opens the gates.

Letters: B batch, T prompt tokens, K kinds of reach.

Source: decays that a token sets itself, as in gated linear attention (Yang et al. 2023, arXiv 2312.06635); summed up for all
tokens at once by logarithms (Heinsen 2023, arXiv 2311.06281).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .linear import Linear
from .recall import Asked
from .stack import zeroed

KEPT = (1.5, 3.5)  # logits of the share that a token hands on, at first, of the shortest and the longest kind of reach
NOTHING = 1e-30  # what a token is pointed at with that is not; has a logarithm


class Reach(nn.Module):
    """What is added to the logits of gates; nothing at first."""

    def __init__(self, width: int, kinds: int, offsets: int) -> None:
        super().__init__()
        self.shape = 2 * kinds, offsets
        self.keep = zeroed(Linear(2 * width, kinds))
        self.open = zeroed(Linear(2 * width, 2 * kinds * offsets))
        with torch.no_grad():
            self.keep.bias.copy_(torch.linspace(*KEPT, kinds))

    def forward(self, asked: Asked, pointed: Tensor) -> Tensor:
        """pointed: how much each token of the prompts is pointed at, (B, T). -> (B, T, offsets)"""
        handed_on = F.logsigmoid(self.keep(asked.pair).float()).cumsum(1).transpose(1, 2)  # (B, K, T)
        here = pointed.clamp(min=NOTHING).log().unsqueeze(1)
        after = (handed_on + (here - handed_on).logcumsumexp(2)).exp()
        before = ((here + handed_on).flip(2).logcumsumexp(2).flip(2) - handed_on).exp()
        near = torch.cat([after, before], 1)  # (B, 2 K, T)
        opens = self.open(asked.pair).unflatten(2, self.shape)  # (B, T, 2 K, offsets)
        return torch.einsum("bkt,btko->bto", near, opens.float())
