"""RWKV-4: a language model whose memory of the text is a state of fixed size.

Letters: B batch, T time, L = n_layer, D = n_embd (= dim_att), F = 4 D, V = vocab_size.
Names, shapes and arithmetic are those of BlinkDL's official checkpoints, so that one loads into the other.

Sources: Peng et al. 2023, "RWKV: Reinventing RNNs for the Transformer Era" (arXiv 2305.13048); the official RWKV-LM
repository's v4neo trainer for initialisation and learning-rate groups.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from . import decode
from .change import Delta, LowRank, Merged, changed_linear
from .linear import linear
from .mix import mix
from .wkv import wkv

EVERY = slice(None)
LOG_ZERO = -1e30  # the log of an empty sum; finite, since -inf - (-inf) is not a number


@dataclass(frozen=True)
class RWKV4Config:
    """Shape of a model. `ctx_len` is the length it was trained on, not a limit."""

    n_layer: int
    n_embd: int
    vocab_size: int
    ctx_len: int = 1024


@dataclass(frozen=True)
class State:
    """What the model remembers of a text, one row per sequence.

    att_shift, ffn_shift: the last inputs of attention and feed-forward, after their LayerNorm, (B, L, D).
    wkv: aa, bb, pp of the WKV recurrence, (B, L, 3, D). Scaling aa and bb by e^c and lowering pp by c changes nothing.
    """

    att_shift: Tensor
    wkv: Tensor
    ffn_shift: Tensor

    @classmethod
    def zeros(cls, config: RWKV4Config, batch: int, like: Tensor) -> "State":
        """The state before the first token, on the device and in the dtype of `like`."""
        shift = like.new_zeros(batch, config.n_layer, config.n_embd)
        sums = like.new_zeros(batch, config.n_layer, 3, config.n_embd)
        sums[:, :, 2] = LOG_ZERO
        return cls(shift, sums, shift.clone())

    def select(self, rows: Tensor) -> "State":
        """The state of some rows, in the order given (an index or a boolean mask, (B,))."""
        return State(self.att_shift[rows], self.wkv[rows], self.ffn_shift[rows])

    @staticmethod
    def joined(parts: Sequence["State"]) -> "State":
        """The rows of several states one after the other."""
        columns = zip(*((x.att_shift, x.wkv, x.ffn_shift) for x in parts), strict=True)
        return State(*(torch.cat(column) for column in columns))

    @property
    def bytes_per_sequence(self) -> int:
        """Memory of one sequence's state, in bytes."""
        return sum(x[0].numel() * x.element_size() for x in (self.att_shift, self.wkv, self.ffn_shift))


def _last(x: Tensor, before: Tensor, lengths: Tensor | None) -> Tensor:
    """The vector at each row's own last token; `before` for a row without tokens. (B, T, D) -> (B, D)"""
    if lengths is None:
        return x[:, -1]
    rows = torch.arange(x.shape[0], device=x.device)
    last = x[rows, (lengths - 1).clamp(min=0)]
    return torch.where((lengths > 0).unsqueeze(1), last, before)


class _SquaredReLU(torch.autograd.Function):
    """relu(x)², written over `x` and its gradient over that: fresh memory of this size costs more than the arithmetic."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        positive = x.detach().relu_()
        ctx.save_for_backward(positive)
        return positive * positive

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (positive,) = ctx.saved_tensors
        return positive.mul_(grads[0]).mul_(2.0)


def _squared_relu(x: Tensor) -> Tensor:
    """relu(x)²; `x` is not used again."""
    if torch.is_grad_enabled():
        return cast(Tensor, _SquaredReLU.apply(x))
    return x.relu_().mul_(x)


def _gated(gate: Tensor, x: Tensor) -> Tensor:
    """sigmoid(gate) x; without gradient in place, `gate` is not used again."""
    return torch.sigmoid(gate) * x if torch.is_grad_enabled() else gate.sigmoid_().mul_(x)


class TimeMix(nn.Module):
    """The attention half of a block."""

    def __init__(self, n_embd: int) -> None:
        super().__init__()
        self.time_decay = nn.Parameter(torch.empty(n_embd))
        self.time_first = nn.Parameter(torch.empty(n_embd))
        self.time_mix_k = nn.Parameter(torch.empty(1, 1, n_embd))
        self.time_mix_v = nn.Parameter(torch.empty(1, 1, n_embd))
        self.time_mix_r = nn.Parameter(torch.empty(1, 1, n_embd))
        self.key = nn.Linear(n_embd, n_embd, bias=False)
        self.value = nn.Linear(n_embd, n_embd, bias=False)
        self.receptance = nn.Linear(n_embd, n_embd, bias=False)
        self.output = nn.Linear(n_embd, n_embd, bias=False)

    def forward(
        self,
        x: Tensor,
        shift: Tensor,
        sums: Tensor,
        lengths: Tensor | None,
        delta: Delta,
        name: str,
        impl: str,
        kept: slice = EVERY,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, D), state (B, D) and (B, 3, D) -> outputs of the kept times (B, T', D) and the new state."""
        mixed_k, mixed_v, mixed_r = mix(x, shift, (self.time_mix_k, self.time_mix_v, self.time_mix_r))
        k = changed_linear(mixed_k, self.key.weight, delta.get(f"{name}.key"))
        v = changed_linear(mixed_v, self.value.weight, delta.get(f"{name}.value"))
        r = changed_linear(mixed_r[:, kept], self.receptance.weight, delta.get(f"{name}.receptance"))
        mean, sums = wkv(k.float(), v.float(), -torch.exp(self.time_decay), self.time_first, sums, lengths, impl)
        out = changed_linear(_gated(r, mean[:, kept]), self.output.weight, delta.get(f"{name}.output"))
        return out, _last(x, shift, lengths), sums


class ChannelMix(nn.Module):
    """The feed-forward half of a block."""

    def __init__(self, n_embd: int) -> None:
        super().__init__()
        self.time_mix_k = nn.Parameter(torch.empty(1, 1, n_embd))
        self.time_mix_r = nn.Parameter(torch.empty(1, 1, n_embd))
        self.key = nn.Linear(n_embd, 4 * n_embd, bias=False)
        self.receptance = nn.Linear(n_embd, n_embd, bias=False)
        self.value = nn.Linear(4 * n_embd, n_embd, bias=False)

    def forward(self, x: Tensor, shift: Tensor, lengths: Tensor | None, delta: Delta, name: str) -> tuple[Tensor, Tensor]:
        """(B, T, D), state (B, D) -> (B, T, D) and the new state."""
        mixed_k, mixed_r = mix(x, shift, (self.time_mix_k, self.time_mix_r))
        k = changed_linear(mixed_k, self.key.weight, delta.get(f"{name}.key"))
        r = changed_linear(mixed_r, self.receptance.weight, delta.get(f"{name}.receptance"))
        v = changed_linear(_squared_relu(k), self.value.weight, delta.get(f"{name}.value"))
        return _gated(r, v), _last(x, shift, lengths)


class Block(nn.Module):
    """One layer; the first also normalises the embeddings (ln0)."""

    def __init__(self, n_embd: int, first: bool) -> None:
        super().__init__()
        if first:
            self.ln0 = nn.LayerNorm(n_embd)
        self.ln1 = nn.LayerNorm(n_embd)
        self.ln2 = nn.LayerNorm(n_embd)
        self.att = TimeMix(n_embd)
        self.ffn = ChannelMix(n_embd)

    def forward(
        self,
        x: Tensor,
        att_shift: Tensor,
        sums: Tensor,
        ffn_shift: Tensor,
        lengths: Tensor | None,
        delta: Delta,
        name: str,
        impl: str,
        last_only: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, T, D), state (B, D), (B, 3, D), (B, D) -> (B, T, D) and the new state in the same order.

        last_only: give the last token's output only, (B, 1, D); T >= 2, and without `lengths`.
        """
        if last_only:  # the feed-forward half needs the token before it as well
            out, att_shift, sums = self.att(self.ln1(x), att_shift, sums, None, delta, f"{name}.att", impl, slice(-2, None))
            x = x[:, -2:] + out
            before, last = self.ln2(x).split(1, 1)
            out, ffn_shift = self.ffn(last, before[:, 0], None, delta, f"{name}.ffn")
            return x[:, 1:] + out, att_shift, sums, ffn_shift
        out, att_shift, sums = self.att(self.ln1(x), att_shift, sums, lengths, delta, f"{name}.att", impl)
        x = x + out
        out, ffn_shift = self.ffn(self.ln2(x), ffn_shift, lengths, delta, f"{name}.ffn")
        return x + out, att_shift, sums, ffn_shift


class RWKV4(nn.Module):
    """The language model.

    `wkv_impl` chooses the path of the WKV recurrence (see `prosg_ref.wkv`). With `gradient_checkpointing` a training pass
    keeps one tensor (B, T, D) per block and computes the rest again on the way back: a third more time, the same numbers.
    """

    def __init__(self, config: RWKV4Config) -> None:
        super().__init__()
        self.config = config
        self.wkv_impl = "auto"
        self.gradient_checkpointing = False
        self.emb = nn.Embedding(config.vocab_size, config.n_embd)
        self.blocks = nn.ModuleList(Block(config.n_embd, first=i == 0) for i in range(config.n_layer))
        self.ln_out = nn.LayerNorm(config.n_embd)
        self.head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self._places = {name: i for i, (name, _) in enumerate(self.named_parameters())}  # as in `decode.tensors`
        self.init_weights()

    @property
    def layers(self) -> list[Block]:
        """The blocks, from the embedding to the head."""
        return cast(list[Block], list(self.blocks))

    def hidden(
        self,
        tokens: Tensor,
        state: State | None = None,
        lengths: Tensor | None = None,
        delta: Delta | None = None,
        trace: list[Tensor] | None = None,
        last_only: bool = False,
    ) -> tuple[Tensor, State]:
        """Run the blocks; `logits(hidden)` are the logits.

        Args:
            tokens: ids, (B, T), T >= 1, padded on the right with any id.
            state: continue from here; None: the start of a text.
            lengths: (B,) tokens of each row that count; a row's state stops at its own last one. None: all.
            delta: changes of weights that hold for this call.
            trace: when given, what the first block gets and the output of every block, (B, T, D) each, are appended to it.
            last_only: compute no more than the output after each row's last token, (B, 1, D).

        Returns:
            The normalised output of the last block (B, T, D) and the state after the last token of each row.
        """
        x = self.emb(tokens).to(self.ln_out.weight.dtype)  # the matrices may have 16 bits
        state = State.zeros(self.config, tokens.shape[0], x) if state is None else state
        delta = {} if delta is None else delta
        parts: tuple[list[Tensor], list[Tensor], list[Tensor]] = ([], [], [])  # per layer: att_shift, wkv, ffn_shift
        again = self.gradient_checkpointing and torch.is_grad_enabled()
        cut = last_only and lengths is None and trace is None and x.shape[1] > 1
        x = self.layers[0].ln0(x)
        if trace is not None:
            trace.append(x)
        for i, block in enumerate(self.layers):
            before = state.att_shift[:, i], state.wkv[:, i], state.ffn_shift[:, i]
            args = (x, *before, lengths, delta, f"blocks.{i}", self.wkv_impl, cut and i == self.config.n_layer - 1)
            if again:
                x, *after = checkpoint(block, *args, use_reentrant=False, preserve_rng_state=False)
            else:
                x, *after = block(*args)
            for part, new in zip(parts, after, strict=True):
                part.append(new)
            if trace is not None:
                trace.append(x)
        x = self.ln_out(x)
        if last_only:
            x = _last(x, torch.zeros_like(x[:, 0]), lengths).unsqueeze(1)
        return x, State(*(torch.stack(part, 1) for part in parts))

    def forward(
        self,
        tokens: Tensor,
        state: State | None = None,
        lengths: Tensor | None = None,
        delta: Delta | None = None,
        last_only: bool = False,
    ) -> tuple[Tensor, State]:
        """Logits (B, T, V), or with `last_only` those after each row's last token (B, V); arguments as in `hidden`.

        One token a row without gradient, as in decoding, runs in one call of C++ where it can (`prosg_ref.decode`).
        """
        delta = {} if delta is None else delta
        plain = all(isinstance(change, LowRank | Merged) for change in delta.values())
        if tokens.shape[1] == 1 and lengths is None and plain and decode.fits(self, tokens):
            return self._step(tokens, state, delta, last_only)
        x, state = self.hidden(tokens, state, lengths, delta, last_only=last_only)
        return self.logits(x[:, 0] if last_only else x), state

    def _step(self, tokens: Tensor, state: State | None, delta: Delta, last_only: bool) -> tuple[Tensor, State]:
        weights = decode.tensors(self)
        if state is None:
            state = State.zeros(self.config, tokens.shape[0], self.ln_out.weight)
        low_rank: dict[int, LowRank] = {}
        for name, change in delta.items():
            place = self._places[f"{name}.weight"]
            if isinstance(change, Merged):
                weights[place] = change.weight
            elif isinstance(change, LowRank):
                low_rank[place] = change
        parts = (state.att_shift, state.wkv, state.ffn_shift)
        logits, *after = decode.step(weights, tokens[:, 0], parts, low_rank)
        return logits if last_only else logits.unsqueeze(1), State(*after)

    def logits(self, x: Tensor) -> Tensor:
        """The output layer: normalised outputs of the last block (…, D) -> (…, V)."""
        return linear(x, self.head.weight)

    def with_16_bit_weights(self, dtype: torch.dtype = torch.float16) -> "RWKV4":
        """A copy for inference with the blocks' matrices in 16 bits; everything else, activations too, stays float32.

        dtype: float16, or bfloat16, which rounds 8 times as much and changed greedy answers, unless the checkpoint is stored
            in bfloat16, as the shipped one. A float16 head changed some too.
        """
        with torch.device("meta"):
            copy = RWKV4(self.config)
        tensors = {name: x.detach().clone() for name, x in self.state_dict().items()}
        for name, x in tensors.items():
            if x.dim() == 2 and name.startswith("blocks."):
                tensors[name] = x.to(dtype)
        copy.load_state_dict(tensors, assign=True)
        copy.wkv_impl = self.wkv_impl
        return copy.requires_grad_(False).eval()

    @torch.no_grad()
    def init_weights(self) -> None:
        """Initialise as the official trainer does; i is the layer, h and j a channel, r01 = i/(L-1), r10 = 1 - i/L.

        | parameter                                                    | initial value                                |
        |--------------------------------------------------------------|----------------------------------------------|
        | emb                                                          | uniform in +-1e-4                            |
        | head                                                         | orthogonal, gain 0.5 sqrt(V/D) (0.5 if V<=D) |
        | att.value, ffn.key                                           | orthogonal, gain sqrt(out/in) if out > in    |
        | att.key, att.receptance, att.output, ffn.value, .receptance  | 0                                            |
        | att.time_decay                                               | -5 + 8 (h/(D-1))^(0.7 + 1.3 r01)             |
        | att.time_first                                               | log 0.3 + 0.5 ((h+1) mod 3 - 1)              |
        | att.time_mix_k, ffn.time_mix_k, ffn.time_mix_r               | (j/D)^r10                                    |
        | att.time_mix_v                                               | (j/D)^r10 + 0.3 r01                          |
        | att.time_mix_r                                               | (j/D)^(0.5 r10)                              |
        | LayerNorm                                                    | 1 and 0                                      |
        """
        n_layer, n_embd, vocab = self.config.n_layer, self.config.n_embd, self.config.vocab_size
        self.emb.weight.uniform_(-1e-4, 1e-4)
        nn.init.orthogonal_(self.head.weight, gain=0.5 * math.sqrt(max(vocab / n_embd, 1.0)))
        j = torch.arange(n_embd, dtype=torch.float32)
        for i, block in enumerate(self.layers):
            r01, r10 = i / max(n_layer - 1, 1), 1 - i / n_layer
            mix = ((j / n_embd) ** r10).view(1, 1, -1)
            att, ffn = block.att, block.ffn
            att.time_decay.copy_(-5 + 8 * (j / max(n_embd - 1, 1)) ** (0.7 + 1.3 * r01))
            att.time_first.copy_(math.log(0.3) + 0.5 * ((j + 1) % 3 - 1))
            att.time_mix_k.copy_(mix)
            att.time_mix_v.copy_(mix + 0.3 * r01)
            att.time_mix_r.copy_(mix**0.5)
            ffn.time_mix_k.copy_(mix)
            ffn.time_mix_r.copy_(mix)
            nn.init.orthogonal_(att.value.weight)
            nn.init.orthogonal_(ffn.key.weight, gain=2.0)
            for zero in (att.key, att.receptance, att.output, ffn.value, ffn.receptance):
                zero.weight.zero_()

    def lr_groups(self, lr: float) -> list[dict[str, object]]:
        """Parameter groups of the official trainer: time_decay at 2 lr, time_first at 3 lr, the rest at lr."""
        factors = {"time_decay": 2.0, "time_first": 3.0}
        groups: dict[float, list[nn.Parameter]] = {1.0: [], 2.0: [], 3.0: []}
        for name, parameter in self.named_parameters():
            groups[factors.get(name.rsplit(".", 1)[-1], 1.0)].append(parameter)
        return [{"params": params, "lr": lr * factor} for factor, params in groups.items()]
