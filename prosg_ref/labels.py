"""Which tokens of a prompt are to be told: what gates are taught.

A token is told where the same words stand in the answer as before it. Which they are is seen in the two tokens before it, or in
the four, since two digits are many numbers' last: whichever says more. A list that is told with semicolons is the same list, so
marks are all alike. At offset 0 a token is also told where an answer is over after the same words: at the number that is counted
to, what is said is that no more comes.

Letters: B batch, T prompt tokens, S answer tokens, V vocabulary.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .examples import SplitBatch, sent
from .tokenizer import AnyTokenizer, texts_of

CONTEXTS = (2, 4)  # tokens before a place by which it is known
FACTOR = 6_364_136_223_846_793_005  # of a hash of several ids, modulo 2^64 (Knuth's MMIX)
NOWHERE = -(2**63)  # the number of no text


def alike(tokenizer: AnyTokenizer) -> Tensor:
    """For each id the one that it counts as in a context: that of the first mark for all marks, (V,)."""
    texts = texts_of(tokenizer)
    marks = [i for i, text in enumerate(texts) if text.strip() and not any(c.isalnum() or c in "\n\ufffd" for c in text)]
    same = torch.arange(len(texts))
    same[marks] = marks[0] if marks else 0
    return same


def told(batch: SplitBatch, offset: int, lost: Tensor, same: Tensor | None = None) -> Tensor:
    """For each token of the prompts, what would be told there, (B, T): the mean of `lost` over the places of the answer where the
    tokens before it stand, counting those that go on with the prompt's token at `offset` from it, or, at offset 0, those where a
    stage's answer is over. The most of these, and of what two tokens before it say, and four.

    `lost` (B, S) is how little each token of the answers is known without being told, 0 to 1. `same` (V,): which ids are alike
    in what stands before.
    """
    prompt, size = batch.prompt, batch.prompt.shape[1]
    if size == 0:
        return lost.new_zeros(prompt.shape)
    text = torch.cat([prompt.gather(1, (batch.prompt_lengths.unsqueeze(1) - 1).clamp(min=0)), batch.inputs], 1)  # (B, 1 + S)
    there = sent(batch.weights > 0, prompt.device)
    if same is None:
        written = prompt, text
    else:
        same = sent(same, prompt.device)
        written = same[prompt], same[text]
    ways = [(batch.targets, prompt.roll(-offset, 1))]  # how an answer goes on, and how it must to tell a token
    if offset == 0:
        ways.append((batch.over.long(), torch.ones_like(prompt)))
    place = torch.arange(size, device=prompt.device)
    shares = []
    for context in CONTEXTS:
        before, known = (_hashed(x, context) for x in written)  # (B, T), (B, 1 + S): of so many tokens up to each
        before, known, counts = before.roll(1, 1), known[:, 1:], there.clone()
        counts[:, : context - 2] = False  # what stands there began before the answer
        every = torch.where(counts, known, NOWHERE).flatten().sort().values
        count = torch.searchsorted(every, before, right=True) - torch.searchsorted(every, before)
        inside = (place >= max(context, -offset)) & (place < batch.prompt_lengths.unsqueeze(1) - max(0, offset))
        for goes_on, asked in ways:
            longer, order = torch.where(counts, _followed(known, goes_on), NOWHERE).flatten().sort()
            sums = F.pad(lost.flatten()[order].double().cumsum(0), (1, 0))
            wanted = _followed(before, asked)
            found = sums[torch.searchsorted(longer, wanted, right=True)] - sums[torch.searchsorted(longer, wanted)]
            shares.append(found / count.clamp(min=1) * inside)
    return torch.stack(shares).amax(0).to(lost.dtype)


def _hashed(ids: Tensor, count: int) -> Tensor:
    """A number for the row and the last `count` tokens up to each, (B, T)."""
    found = torch.arange(1, 1 + len(ids), device=ids.device).unsqueeze(1)
    for back in reversed(range(count)):
        found = _followed(found, ids.roll(back, 1))
    return found


def _followed(before: Tensor, by: Tensor) -> Tensor:
    """The number of a text from that of what stands before and an id; of different texts different ones but for once in 2^64."""
    return (before * FACTOR + by) ^ (before >> 29)
