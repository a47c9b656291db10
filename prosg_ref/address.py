"""Which answer is being written, and how far: what tells apart the places where several instructions are answered.

After `[3]` and a line end a backbone hardly knows that this is the third answer. A change of its matrices that is the same for
every prompt lets it know: taught by directions that read, from what stands at the inputs of a target, of which stage a token of
an answer is and how many of the stage's tokens came before it, and held to move what stands there as little as that takes, so
that all else finds what it found. Keys of recall then find an answer by its number (`recall.Recall.keys`).

Letters: B batch, S answer tokens, L layers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from .examples import Example

STAGES = 8  # that are told apart; later ones count as the last
STEPS = 5  # tokens of an answer that are told apart; later ones count as the last
PLACES = STAGES + STEPS + 1  # the last: not in an answer, but in the header before it
GENTLE = 20.0  # weight of how far the change moves what it is not for
AMPLITUDE = 4.0  # of the change of the matrices, so that it learns as fast as what reads it


def written(examples: "Sequence[Example]", size: int) -> tuple[Tensor, Tensor]:
    """For each place of the answers which stage is written there, from 0, and which of its tokens, `STEPS` for those of a header;
    -1 for a header's stage, and past an answer's end. (B, size) each."""
    stages, steps = torch.full((len(examples), size), -1), torch.full((len(examples), size), -1)
    for row, example in enumerate(examples):
        where = 0
        for number, (length, header) in enumerate(zip(example.stages, example.headers, strict=True)):
            begin, end = where + header, where + length
            stages[row, begin:end] = min(number, STAGES - 1)
            steps[row, where:begin] = STEPS
            steps[row, begin:end] = torch.arange(end - begin).clamp(max=STEPS - 1)
            where = end
    return stages, steps


def address_loss(reads: Tensor, inputs: Sequence[Tensor], examples: "Sequence[Example]", weights: Tensor) -> Tensor:
    """Weighted mean cross entropy of the stage and of the token within it, a mean over layers: as directions `reads`
    (L, PLACES, d_in) read them from a target's inputs in each layer, (B, S, d_in)."""
    stages, steps = (x.to(inputs[0].device) for x in written(examples, inputs[0].shape[1]))
    weights = weights.to(inputs[0].device)
    losses = []
    for read, x in zip(reads, inputs, strict=True):
        stage, step = (x.float() @ read.float().T).split((STAGES, STEPS + 1), 2)
        for found, labels in ((stage, stages), (step, steps)):
            counts = weights * (labels >= 0)
            loss = F.cross_entropy(found.transpose(1, 2), labels, ignore_index=-1, reduction="none")
            losses.append((loss * counts).sum() / counts.sum().clamp(min=1e-6))
    return 2 * torch.stack(losses).mean()


def moved_by(after: Sequence[Tensor], before: Sequence[Tensor], there: Tensor) -> Tensor:
    """How far vectors (B, S, d) of the same places moved, as a share of their variance; a mean over those given.

    `there` (B, S) says which places count.
    """
    shares = []
    for x, y in zip(after, before, strict=True):
        still = y[there]
        shares.append((x[there] - still).square().mean() / (still - still.mean(0)).square().mean())
    return torch.stack(shares).mean()
