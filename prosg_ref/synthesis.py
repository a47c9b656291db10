"""The modules that make ΔW of what a backbone read: from its state, from every prompt token, or from nothing at all.

Letters: B batch, T prompt tokens, C chunks, L layers, D width of the backbone, W width of the stack, H heads, r rank. Every
source starts at ΔW = 0 exactly, so an untrained ProSG is its backbone bit for bit.

Sources: Luo et al. 2023, "Prompt synthetic gradients" (arXiv 2311.01981) for `state`; for `tokens`, outer products
summed over the prompt as in fast-weight programmers (Schlag et al. 2021, arXiv 2102.11174) and Generative Adapter
(Chen et al. 2024, arXiv 2411.05877), told apart by ridge regression (von Oswald et al. 2023, arXiv 2309.05858).
"""

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple, cast

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from .adapters import Adapter, Reading
from .address import AMPLITUDE, PLACES
from .change import LowRank
from .linear import Linear
from .reach import Reach
from .recall import Asked, Recall, Told
from .regression import InputKey, regression
from .stack import TransformingStack, moved, nearly_shut, zeroed

Source = Literal["state", "tokens", "constant"]
Key = Literal["learned", "input"]
Offset = Annotated[int, Field(ge=-1024, le=1024)]
MIN_RIDGE = 0.01  # below, float32 does not solve the system


class ProSGConfig(BaseModel):
    """What to synthesise and from what.

    source: `state` (the state after the prompt), `tokens` (one outer product per prompt token), or the control
        `constant` (a learned ΔW that ignores the prompt, as LoRA's).
    targets: matrices of every block that are changed.
    rank: r of `state` and `constant`; the rank of `tokens` is the number of the prompt's chunks.
    depth: residual MLP blocks in the transforming stack.
    width: of the stack; 0: the backbone's. A narrow one is what keeps the synthesis of a large model cheap.
    scale: factor on ΔW; `state` and `constant` use it as alpha / r.
    state_embedding: whether the stack is told which layer and slot it reads.
    ridge: `tokens` only; λ at the start. The smaller, the better a prompt's tokens are told apart, and the larger ΔW can be.
    chunk: `tokens` only; so many tokens share one outer product, made of their mean.
    key: `tokens` only; what a value is found by: a vector `learned` from the stack, or what stood at the matrix's own
        `input` at that token and the one before, as in the gradient of a weight.
    attention: `tokens` only; blocks of attention between the prompt's tokens in the stack, so that what is written at a token can
        come from anywhere in the prompt: the word before the last one, or what the instruction asks for. Time grows with T².
    metric: `key: input` only; rank of a learned change of the space in which inputs are compared. 0: none but weights.
    offsets: `tokens` only; by target, where a key's value may come from, in tokens from the one that follows the key, each with a
        gate of its own. A target that is not named has 0, which tells a text again in its own order; -4 tells a list of words
        backwards, 2 every second one.
    recall: `tokens` only; so many tokens of a prompt, those with the widest gates, each point at the token of it that an answer
        is to begin with (`prosg_ref.recall`). 0: none.
    reach: with `recall` only; in so many kinds what is pointed at is handed on to the tokens around it, whose gates it opens
        (`prosg_ref.reach`). 0: none.
    address: with `recall` only; rank of a change of all other matrices of a block that is the same for every prompt, by which
        answers know their number (`prosg_ref.address`). 0: none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    targets: tuple[str, ...] = Field(default=("ffn.value", "att.value"), min_length=1)
    rank: int = Field(default=4, ge=1, le=1024)
    depth: int = Field(default=1, ge=0, le=64)
    width: int = Field(default=0, ge=0, le=20_000)
    scale: float = Field(default=1.0, gt=0)
    state_embedding: bool = True
    ridge: float = Field(default=0.3, gt=0)
    chunk: int = Field(default=1, ge=1, le=4096)
    key: Key = "learned"
    attention: int = Field(default=0, ge=0, le=16)
    metric: int = Field(default=0, ge=0, le=4096)
    offsets: dict[str, Annotated[tuple[Offset, ...], Field(min_length=1, max_length=16)]] = Field(default={}, max_length=64)
    recall: int = Field(default=0, ge=0, le=64)
    reach: int = Field(default=0, ge=0, le=16)
    address: int = Field(default=0, ge=0, le=1024)

    @model_validator(mode="after")
    def _fit_together(self) -> "ProSGConfig":
        for name in ("attention", "chunk", "key", "offsets", "recall"):
            if self.source != "tokens" and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} is for `source: tokens`; set that, or leave it out")
        if self.key == "learned" and self.metric:
            raise ValueError("metric is for `key: input`; set that, or leave metric out")
        if self.recall and self.chunk > 1:
            raise ValueError("recall is of single tokens; leave it or chunk out")
        for name in ("reach", "address"):
            if getattr(self, name) and not self.recall:
                raise ValueError(f"{name} is for recall; set that, or leave {name} out")
        for target in self.offsets:
            if target not in self.targets:
                raise ValueError(f"offsets: {target!r} is not in targets")
        return self

    def directions(self, target: str) -> tuple[int, ...]:
        """Where values of a target's keys may come from."""
        return self.offsets.get(target, (0,))

    @property
    def taps(self) -> tuple[str, ...]:
        """Matrices whose inputs the synthesis wants to see."""
        return self.targets if self.source == "tokens" and self.key == "input" else ()


@dataclass(frozen=True)
class Synthesised:
    """ΔW by matrix. For the source `tokens` also the gates by target and offset, (B, L, C), 0 past a prompt's
    end; by matrix what each token says, (B, C, 2 W), as `TargetSynthesis.value` takes it; and by target what its tokens would
    point with."""

    delta: dict[str, LowRank]
    gates: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    says: dict[str, Tensor] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)


class StateSynthesis(nn.Module):
    """ΔW of rank r from the state after the prompt: per layer, all slots through the stack, then two heads."""

    def __init__(self, config: ProSGConfig, adapter: Adapter) -> None:
        super().__init__()
        self.config, self.matrix = config, adapter.matrix
        slots = len(adapter.slots)
        self.stack = _stack(config, adapter, slots)
        width = slots * self.stack.width
        self.a, self.b = nn.ModuleDict(), nn.ModuleDict()
        for target in config.targets:
            d_in, d_out = adapter.targets[target]
            self.a[_key(target)] = Linear(width, config.rank * d_in)
            self.b[_key(target)] = zeroed(Linear(width, config.rank * d_out, bias=False))
        self.gain = nn.Parameter(torch.ones(adapter.n_layer, len(config.targets)))

    def forward(self, reading: Reading) -> Synthesised:
        x = self.stack(reading.features.unbind(1)).flatten(2)  # (B, L, slots W)
        batch, n_layer = x.shape[:2]
        delta: dict[str, LowRank] = {}
        for j, target in enumerate(self.config.targets):
            a = self.a[_key(target)](x).view(batch, n_layer, self.config.rank, -1)
            a = a / math.sqrt(a.shape[-1])
            b = self.b[_key(target)](x).view(batch, n_layer, self.config.rank, -1)
            b = b * (self.config.scale * self.gain[:, j].view(1, -1, 1, 1))
            delta |= {self.matrix(i, target): LowRank(a[:, i], b[:, i]) for i in range(n_layer)}
        return Synthesised(delta)


class Opened(NamedTuple):
    """Of a prompt's tokens, or of chunks of them: which are there, the stack's output at t and t - 1, the gates, and what is
    pointed at."""

    inside: Tensor  # (B, T)
    counted: Tensor  # (B, C)
    pair: Tensor  # (B, L, C, 2 W)
    gates: Tensor  # (B, L, C, offsets), 0 where nothing is
    told: Told | None


class TokenSynthesis(nn.Module):
    """ΔW from a prompt's tokens, each target with a stack and heads of its own, so that none must undo what another does."""

    def __init__(self, config: ProSGConfig, adapter: Adapter) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({_key(target): TargetSynthesis(config, adapter, target) for target in config.targets})
        self.address: ConstantSynthesis | None = None
        if config.address:
            others = tuple(target for target in adapter.targets if target not in config.targets)
            if not others:
                raise ValueError("address: changes the other matrices of a block, and there are none; leave one out of targets")
            change = ProSGConfig(source="constant", targets=others, rank=config.address, scale=AMPLITUDE)
            self.address = ConstantSynthesis(change, adapter)
            self.reads = nn.ParameterDict(
                {_key(t): torch.zeros(adapter.n_layer, PLACES, adapter.targets[t][0]) for t in config.targets}
            )

    def part(self, target: str) -> "TargetSynthesis":
        return cast(TargetSynthesis, self.parts[_key(target)])

    def read_by(self, target: str) -> Tensor:
        """With `address`, the directions that read places of answers from a target's inputs, (L, PLACES, d_in)."""
        return self.reads[_key(target)]

    def forward(self, reading: Reading) -> Synthesised:
        every = self.address(reading) if self.address is not None else Synthesised({})
        for part in self.parts.values():
            found = part(reading)
            every.delta.update(found.delta)
            every.gates.update(found.gates)
            every.says.update(found.says)
            every.asked.update(found.asked)
        return every


class TargetSynthesis(nn.Module):
    """ΔW = scale · Uᵀ (K Kᵀ + λ)⁻¹ K over the prompt's tokens, or over chunks of them: what W + ΔW must have learnt for key k_t
    to find value u_t, by ridge regression; for one kind of matrix, in every layer.

    What a token says is a layer's own function of its embedding and of the stack's output at t and at t - 1; the last of its
    matrices, the widest, stands behind all else that is linear, where it has the fewest rows. The gates are linear in the
    stack's output, so that what is written can come from one token and what it is found by (k_t) from the one before. A key's
    value u_t is what the tokens at its offsets say, in the shares of their gates, and the sum of these weighs it. The direction
    of the mean key is taken out of each, so that what they share finds nothing; they are brought to unit norm, and the root of
    the weight is put on key and value. The inverse is what a plain sum of u_t k_tᵀ lacks: without it the many other tokens of a
    prompt drown the one that is asked for. λ is learned. With `recall` ΔW also has products, beside the regression, of what a few
    tokens point at and of learned keys.

    Ridge regression as a layer's memory: von Oswald et al. 2023 (arXiv 2309.05858).
    """

    def __init__(self, config: ProSGConfig, adapter: Adapter, target: str) -> None:
        super().__init__()
        self.config, self.matrix, self.target = config, adapter.matrix, target
        d_in, d_out = adapter.targets[target]
        self.stack = _stack(config, adapter, 1)
        pair = 2 * self.stack.width
        self.norm = nn.LayerNorm(adapter.width, elementwise_affine=False)
        self.says = nn.ModuleList(
            nn.Sequential(Linear(pair + adapter.width, pair), nn.GELU(), zeroed(Linear(pair, d_out, bias=False)))
            for _ in range(adapter.n_layer)
        )
        self.v = Linear(pair, d_in) if config.key == "learned" else InputKey(adapter.n_layer, d_in, config.metric)
        self.gate = nearly_shut(Linear(pair, len(config.directions(target))))
        shape = adapter.n_layer, adapter.width, self.stack.width, d_in
        self.recall = Recall(*shape, counts=bool(config.address)) if config.recall else None
        self.reach = Reach(self.stack.width, config.reach, len(config.directions(target))) if config.reach else None
        self.gain = nn.Parameter(torch.ones(adapter.n_layer))
        self.log_ridge = nn.Parameter(torch.full((adapter.n_layer,), math.log(config.ridge)))

    def opened(self, reading: Reading, asked: Asked | None) -> Opened:
        """Everything about a prompt's tokens but what they say and are found by; `asked` is what its recall makes of them."""
        inside = torch.arange(reading.embedded.shape[1], device=reading.lengths.device) < reading.lengths.unsqueeze(1)  # (B, T)
        counted = F.pad(inside, (0, -inside.shape[1] % self.config.chunk)).unflatten(1, (-1, self.config.chunk)).any(2)
        x = self.stack([_chunks(x, inside, self.config.chunk) for x in reading.outputs], counted)  # (B, L, C, W)
        pair = torch.cat([x, moved(x, -1)], -1)
        logits = self.gate(pair).float()
        told: Told | None = None
        if self.recall is not None and asked is not None:
            told = self.recall.widest(asked, self.config.recall)
            if self.reach is not None:
                logits = logits + self.reach(asked, told.pointed).unsqueeze(1)
        return Opened(inside, counted, pair, 2 * torch.sigmoid(logits) * counted[:, None, :, None], told)

    def by_offset(self, gates: Tensor) -> dict[tuple[str, int], Tensor]:
        """Gates (B, L, C, offsets) by target and offset."""
        offsets = self.config.directions(self.target)
        return {(self.target, offset): each for offset, each in zip(offsets, gates.unbind(3), strict=True)}

    def forward(self, reading: Reading) -> Synthesised:
        config = self.config
        asked = self.recall(reading) if self.recall is not None else None
        inside, counted, pair, gates, told = self.opened(reading, asked)
        embedded = self.norm(_chunks(reading.embedded, inside, config.chunk))  # (B, C, D)
        total = gates.sum(3, keepdim=True)
        weight = torch.where(total > 0, total, 1.0).sqrt() * (total > 0)
        shares = gates / torch.where(total > 0, total, 1.0)
        learned = self.v(pair) if config.key == "learned" else None
        ridge = self.log_ridge.exp().clamp(min=MIN_RIDGE)
        offsets = config.directions(self.target)
        delta: dict[str, LowRank] = {}
        said: dict[str, Tensor] = {}
        for i in range(pair.shape[1]):  # layer by layer, while its keys are in cache
            name = self.matrix(i, self.target)
            hidden, act, _ = cast(nn.Sequential, self.says[i])
            said[name] = says = act(hidden(torch.cat([pair[:, i], embedded], -1))) * counted.unsqueeze(2)  # (B, C, 2 W)
            u = torch.stack([shares[:, i, :, k : k + 1] * moved(says, offset) for k, offset in enumerate(offsets)]).sum(0)
            v = learned[:, i] if learned is not None else self.v(_chunks(reading.inputs[name], inside, config.chunk), i)
            with torch.autocast(pair.device.type, enabled=False):
                found = regression(v.float(), u.float(), weight[:, i], ridge[i])
                a = cast(InputKey, self.v).of_input(found.a, i) if config.metric else found.a
                b = found.b
                if told is not None:
                    a = torch.cat([a, told.keys[:, i].float()], 1)
                    b = torch.cat([b, torch.bmm(told.shares, says.float())], 1)
                delta[name] = LowRank(a, self.value(i, b))
        return Synthesised(delta, self.by_offset(gates), said, {} if asked is None else {self.target: asked})

    def value(self, layer: int, says: Tensor) -> Tensor:
        """What is added to the matrix's output where this is said. (…, 2 W) -> (…, d_out)"""
        last = cast(nn.Linear, cast(nn.Sequential, self.says[layer])[2])
        return cast(Tensor, last(self.config.scale * self.gain[layer] * says))


class ConstantSynthesis(nn.Module):
    """Control: one learned ΔW of rank r for every prompt."""

    def __init__(self, config: ProSGConfig, adapter: Adapter) -> None:
        super().__init__()
        self.config, self.matrix = config, adapter.matrix
        self.a, self.b = nn.ParameterDict(), nn.ParameterDict()
        for target in config.targets:
            d_in, d_out = adapter.targets[target]
            a = torch.randn(adapter.n_layer, config.rank, d_in) / math.sqrt(d_in)
            self.a[_key(target)] = nn.Parameter(a)
            self.b[_key(target)] = nn.Parameter(torch.zeros(adapter.n_layer, config.rank, d_out))

    def forward(self, reading: Reading) -> Synthesised:
        batch = reading.lengths.shape[0]
        delta: dict[str, LowRank] = {}
        for target in self.config.targets:
            for i, (a, b) in enumerate(zip(self.a[_key(target)], self.b[_key(target)], strict=True)):
                b = b * self.config.scale
                delta[self.matrix(i, target)] = LowRank(a.expand(batch, -1, -1), b.expand(batch, -1, -1))
        return Synthesised(delta)


def _stack(config: ProSGConfig, adapter: Adapter, slots: int) -> TransformingStack:
    embedded = (adapter.n_layer, slots) if config.state_embedding else None
    return TransformingStack(adapter.width, config.width or adapter.width, config.depth, config.attention, embedded)


def _chunks(x: Tensor, inside: Tensor, size: int) -> Tensor:
    """Means over chunks of `size` tokens, of those that are inside (B, T). (B, T, D) -> (B, C, D)"""
    if size == 1:
        return x
    rest = -x.shape[1] % size
    weight = F.pad(inside, (0, rest)).to(x.dtype).unflatten(1, (-1, size))  # (B, C, size)
    weight = weight / weight.sum(2, keepdim=True).clamp(min=1)
    return torch.einsum("bcsd,bcs->bcd", F.pad(x, (0, 0, 0, rest)).unflatten(1, (-1, size)), weight)


def _key(target: str) -> str:
    """A target's name as torch allows it in a module's name."""
    return target.replace(".", "_")


Synthesis = StateSynthesis | TokenSynthesis | ConstantSynthesis
SYNTHESES: dict[str, type[Synthesis]] = {"state": StateSynthesis, "tokens": TokenSynthesis, "constant": ConstantSynthesis}
