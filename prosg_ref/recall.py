"""A word or figure of the prompt, found by what is asked: where an instruction ends, what the answer to it begins with.

A recurrent state of a few thousand numbers keeps what a text is about, not who came from where. Here the last word of an
instruction points back at the token of the prompt with which its answer begins; ΔW gets outer products for it and for the tokens
after it, each of a key that its place of the answer finds it by and of what the token says (`synthesis.TargetSynthesis`). To
point is easy once every token has seen what follows its other mentions in the prompt: who is asked for has been named before.

Letters: B batch, T prompt tokens, S answer tokens, L layers, D width of the backbone, W width of what is made here, N places of
answers where something is due.

Source: heads that look for earlier mentions of a token (Olsson et al. 2022, arXiv 2209.11895) and pointers (Vinyals et al. 2015,
arXiv 1506.03134); that a prompt's tokens find these by being equal is built in here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .adapters import Reading
from .address import STAGES
from .linear import Linear
from .spelling import PRIVATE, glued, spelt
from .stack import UNSEEN, TokenAttention, TransformingStack, moved, nearly_shut, zeroed

if TYPE_CHECKING:
    from .examples import Example

SPAN = 4  # tokens that are told from where one points: a word, or a figure of so many digits
AFTER = (0, 1, 2, 4)  # of another mention of a token, how far from it one looks
EQUAL = 0.99  # cosine of two embeddings from which on they are of the same token
PIECES = 4  # tokens of an answer that one of the prompt may be spelt in: a name in capitals has more
LOST = 0.3  # probability that the backbone does not say a token, from which on it is to be told
WITHIN = 32  # tokens of a stage, headers and all, among which its answer begins: a record's first value is the 17th or later
ELSEWHERE, OTHERS = 4.0, 6.0  # weights of keys finding anything at other places of an answer, and where other stages begin


@dataclass(frozen=True)
class Asked:
    """What every token of a prompt would point with: gates (B, T), 0 past its end, and vectors of it and the one before. Where
    instructions are counted, also how probable it is that one ends there, (B, T)."""

    gates: Tensor
    pair: Tensor  # (B, T, 2 W)
    inside: Tensor  # (B, T)
    ends: Tensor | None = None


class Told(NamedTuple):
    """What some tokens of a prompt point at."""

    keys: Tensor  # (B, L, R, d_in), in the measure of their gates
    shares: Tensor  # (B, R, T), of the prompt's tokens that say what is told there
    pointed: Tensor  # (B, T), how much each token is pointed at


class Recall(nn.Module):
    """Gates, pointers and keys of a prompt's tokens. At first nothing is found: every key is 0."""

    def __init__(self, n_layer: int, d_model: int, width: int, d_in: int, counts: bool = False) -> None:
        """`d_model`: D of the backbone. `width`: of everything here. `counts`: keys know the number of their instruction."""
        super().__init__()
        self.shape = n_layer, d_in
        self.norm = nn.LayerNorm(d_model, elementwise_affine=False)
        self.inwards = Linear(d_model, width, bias=False) if width != d_model else nn.Identity()
        self.narrow = Linear(width, width // 4, bias=False)
        self.mentions = Linear(len(AFTER) * (width // 4), width, bias=False)
        self.stack = TransformingStack(width, width, depth=1, attention=1, embedded=None)
        self.q = Linear(2 * width, width // 2, bias=False)
        self.k = Linear(2 * width, width // 2, bias=False)
        self.gate = nearly_shut(Linear(2 * width, 1))
        self.key = nn.Sequential(Linear(width, width // 4), zeroed(Linear(width // 4, SPAN * n_layer * d_in)))
        self.end = nearly_shut(Linear(2 * width, 1)) if counts else None
        self.order = nn.Parameter(torch.zeros(STAGES, width // 4)) if counts else None
        with torch.no_grad():
            self.k.weight.copy_(self.q.weight)  # what is alike points at itself from the start
            for attend in self.stack.attention:
                nn.init.normal_(cast(TokenAttention, attend).out.weight, std=0.05)

    def forward(self, reading: Reading) -> Asked:
        known = self.norm(reading.embedded)  # (B, T, D)
        x = self.inwards(self.norm(torch.stack(tuple(reading.outputs)).mean(0)) + known)  # (B, T, W)
        inside = torch.arange(x.shape[1], device=x.device) < reading.lengths.unsqueeze(1)
        same = (known @ known.transpose(1, 2) > EQUAL * known.shape[2]) & inside.unsqueeze(1)  # (B, T, T)
        same = same & ~torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
        shares = same / same.sum(2, keepdim=True).clamp(min=1)
        narrow = self.narrow(x)
        x = x + self.mentions(shares @ torch.cat([moved(narrow, after) for after in AFTER], 2))
        x = self.stack([x], inside)[:, 0]
        pair = torch.cat([x, moved(x, -1)], 2)
        ends = None if self.end is None else torch.sigmoid(self.end(pair).float()).squeeze(2) * inside
        return Asked(torch.sigmoid(self.gate(pair).float()).squeeze(2) * inside, pair, inside, ends)

    def points(self, asked: Asked, rows: Tensor, places: Tensor) -> Tensor:
        """Where tokens point: log of their shares of the prompt's tokens. Rows and places (N,) -> (N, T)"""
        q, k = self.q(asked.pair[rows, places]), self.k(asked.pair)
        scores = torch.einsum("nd,ntd->nt", q, k[rows]).float() / q.shape[1] ** 0.5
        return scores.masked_fill(~asked.inside[rows], UNSEEN).log_softmax(1)

    def keys(self, asked: Asked, rows: Tensor, places: Tensor) -> Tensor:
        """What answers are found by, token by token and layer by layer. Rows and places (N,) -> (N, SPAN, L, d_in)"""
        x = asked.pair[rows, places]
        narrow, wide = self.key
        x = narrow(x[:, : x.shape[1] // 2])
        if self.order is not None and asked.ends is not None:
            before = (asked.ends.cumsum(1) - asked.ends)[rows, places].clamp(max=STAGES - 1).detach()  # instructions before this
            numbers = torch.arange(STAGES, device=before.device)
            x = x + (1 - (before.unsqueeze(1) - numbers).abs()).clamp(min=0).to(x.dtype) @ self.order
        keys: Tensor = wide(x).unflatten(1, (SPAN, *self.shape))
        return keys / self.shape[1] ** 0.5

    def widest(self, asked: Asked, count: int) -> Told:
        """What is told by the `count` tokens with the widest gates, or by all; R is SPAN times as many."""
        gates, places = asked.gates.topk(min(count, asked.gates.shape[1]), 1)
        rows = torch.arange(len(gates), device=gates.device).unsqueeze(1).expand_as(places).flatten()
        keys = self.keys(asked, rows, places.flatten()).unflatten(0, gates.shape) * gates[..., None, None, None]
        points = self.points(asked, rows, places.flatten()).exp().unflatten(0, gates.shape)
        after = torch.stack([F.pad(points, (k, 0))[..., : points.shape[2]] for k in range(SPAN)], 2)
        pointed = (gates.unsqueeze(2) * points).sum(1)
        return Told(keys.flatten(1, 2).transpose(1, 2), after.flatten(1, 2), pointed)


@dataclass(frozen=True)
class Dues:
    """Places of a batch's answers whose token is in the prompt and lost on the backbone, one a stage at most, (N,) each.

    right: where in the prompt as many of the answer's next tokens stand as anywhere, up to SPAN, (N, T).
    told: at each place of the answers, which of these tokens it is, from 0, -1 elsewhere, (N, S). others: where other stages'
    answers begin, (N, S). whole: which examples are answered rightly all through, (B,).
    """

    rows: Tensor
    asked: Tensor  # in the prompt: where the instruction ends
    right: Tensor
    told: Tensor
    others: Tensor
    whole: Tensor


def dues(examples: "Sequence[Example]", lost: Tensor, texts: Sequence[str] = ()) -> Dues:
    """What the instructions of examples ask for; `lost` (B, S) is how probable it is that the backbone does not say a token.

    A stage's answer begins with the word of the first of its first tokens that is lost, so after its header and what a rule puts
    first. `texts` (V,) is how each id is read (`spelling.folded`), so that a word in capitals, which has other tokens and more
    of them, is told by the one of the prompt, and `seventy` by a 7; without, ids are compared.
    """
    size = max(len(example.prompt) for example in examples) - 1
    rows, ends, rights, tolds, others = [], [], [], [], []
    for row, (example, probable) in enumerate(zip(examples, (lost > LOST).tolist(), strict=True)):
        where, begins, unknown = 0, [], len(example.stages)
        prompt, answer = ([texts[i] if texts else chr(PRIVATE + i) for i in ids] for ids in (example.prompt[:-1], example.answer))
        headers = example.headers or (0,) * unknown
        for k, (length, asked, header) in enumerate(zip(example.stages, example.asked or (-1,) * unknown, headers, strict=True)):
            begin, end = where + header, where + length
            first = next((s for s in range(begin, min(end, where + WITHIN)) if probable[s]), None)
            where = end
            if first is not None:
                while first > begin and glued(answer[first - 1], answer[first]):
                    first -= 1
                begins.append((first, -1 if k in example.spoilt else asked, end))
        for first, asked, end in begins:
            said = answer[first : min(end, first + SPAN * PIECES)]
            found = spelt(prompt, said, SPAN)
            longest = max(map(len, found), default=0)
            if not longest or not 0 <= asked < len(prompt):
                continue
            slots = next(each for each in found if len(each) == longest)
            rows.append(row)
            ends.append(asked)
            rights.append([len(each) == longest for each in found] + [False] * (size - len(prompt)))
            tolds.append([slots[s - first] if 0 <= s - first < longest else -1 for s in range(lost.shape[1])])
            starts = {s for s, _, _ in begins} - {first}
            others.append([s in starts for s in range(lost.shape[1])])
    device = lost.device
    return Dues(
        torch.tensor(rows, dtype=torch.int64, device=device),
        torch.tensor(ends, dtype=torch.int64, device=device),
        torch.tensor(rights, dtype=torch.bool, device=device).view(-1, size),
        torch.tensor(tolds, dtype=torch.int64, device=device).view(-1, lost.shape[1]),
        torch.tensor(others, dtype=torch.bool, device=device).view(-1, lost.shape[1]),
        answered(examples, device),
    )


def answered(examples: "Sequence[Example]", device: torch.device) -> Tensor:
    """Which examples are answered rightly all through, (B,); of the others it is not known what their prompt has to tell."""
    return torch.tensor([not example.spoilt for example in examples], device=device)


def pointer_loss(recall: Recall, asked: Asked, due: Dues) -> Tensor:
    """Mean over what is due of minus the log of the share that points at it, and binary cross entropy of the gates: each is to
    say what that share is, and 0 where nothing is due. Of an example that is spoilt it is not known where nothing is due."""
    shares = recall.points(asked, due.rows, due.asked).masked_fill(~due.right, UNSEEN).logsumexp(1)
    labels = torch.zeros_like(asked.gates).index_put((due.rows, due.asked), shares.detach().exp())
    with torch.autocast(labels.device.type, enabled=False):
        gates = (F.binary_cross_entropy(asked.gates, labels, reduction="none") * asked.inside * due.whole.unsqueeze(1)).sum()
    return (gates - shares.sum()) / max(1, len(due.rows))


def end_loss(asked: Asked, examples: "Sequence[Example]") -> Tensor:
    """Binary cross entropy of where instructions end, over all tokens, for each that ends."""
    assert asked.ends is not None
    labels = torch.zeros(asked.ends.shape)
    for row, example in enumerate(examples):
        for place in example.asked:
            if 0 <= place < labels.shape[1]:
                labels[row, place] = 1
    with torch.autocast(asked.ends.device.type, enabled=False):
        loss = F.binary_cross_entropy(asked.ends, labels.to(asked.ends.device), reduction="none") * asked.inside
    return loss.sum() / labels.sum().clamp(min=1)


def key_loss(recall: Recall, asked: Asked, inputs: Sequence[Tensor], there: Tensor, due: Dues) -> Tensor:
    """How far keys are from finding 1 at their place of the answer and 0 at all others, a mean square.

    inputs: of each layer, what stands at the matrix's input at every place of the answers, (B, S, d_in); `there` (B, S) says
        which places are no padding.
    """
    keys = recall.keys(asked, due.rows, due.asked)  # (N, SPAN, L, d_in)
    at = due.told.unsqueeze(1) == torch.arange(SPAN, device=due.told.device).unsqueeze(1)  # (N, SPAN, S)
    begins = due.others.unsqueeze(1)
    off = there[due.rows].unsqueeze(1) & ~at & ~begins
    losses = []
    for layer, x in enumerate(inputs):
        found = torch.einsum("nkd,nsd->nks", keys[:, :, layer], x[due.rows])
        one = (1 - found[at]).square().sum() / at.sum().clamp(min=1)
        rest = (found.square() * off).sum() / off.sum().clamp(min=1)
        starts = (found.square() * begins).sum() / (begins.sum() * SPAN).clamp(min=1)
        losses.append(one + ELSEWHERE * rest + OTHERS * starts)
    return torch.stack(losses).mean()
