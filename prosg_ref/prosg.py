"""ProSG: a small module reads the prompt and writes low-rank changes ΔW of the backbone's weights.

    prompt ──backbone, ΔW off──► state and block outputs ──synthesis──► ΔW per example
                                   └──────── state ─────────┐             │
                                                             ▼             ▼
                                              answer ──backbone, ΔW on──► logits

Letters: B batch, T prompt tokens, L layers, D n_embd, r rank. The backbone is never modified: ΔW is an argument of its
forward pass. Every source starts at ΔW = 0 exactly, so an untrained ProSG is its backbone bit for bit.

Sources: Luo et al. 2023, "Prompt synthetic gradients" (arXiv 2311.01981) for `state`; for `tokens`, outer products
summed over the prompt as in fast-weight programmers (Schlag et al. 2021, arXiv 2102.11174) and Generative Adapter
(Chen et al. 2024, arXiv 2411.05877).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .rwkv4 import RWKV4, LowRank, Merged, RWKV4Config, State

Source = Literal["state", "tokens", "constant"]
SLOTS = ("att_shift", "wkv_mean", "wkv_log_mass", "ffn_shift")
TARGETS = ("att.key", "att.value", "att.receptance", "att.output", "ffn.key", "ffn.receptance", "ffn.value")


@dataclass(frozen=True)
class ProSGConfig:
    """What to synthesise and from what.

    source: `state` (the state after the prompt), `tokens` (one outer product per prompt token), or the control
        `constant` (a learned ΔW that ignores the prompt, as LoRA's).
    targets: matrices of every block that are changed.
    rank: r of `state` and `constant`; the rank of `tokens` is the prompt's length.
    depth: residual MLP blocks in the transforming stack.
    scale: factor on ΔW; `state` and `constant` use it as alpha / r.
    reference_tokens: `tokens` only; from this many (gated) prompt tokens on, the norm of ΔW stops growing.
    """

    source: Source
    targets: tuple[str, ...] = ("ffn.value", "att.value")
    rank: int = 4
    depth: int = 1
    scale: float = 0.1
    reference_tokens: int = 64


@dataclass(frozen=True)
class Memory:
    """What a prompt left behind: the backbone's state after it, and ΔW. Rows are examples.

    The controls of an experiment are functions of it: `shuffled`, `with_reset_state`.
    """

    state: State
    delta: dict[str, LowRank]

    def select(self, rows: Tensor) -> "Memory":
        """Some rows, in the order given (an index or a boolean mask, (B,))."""
        delta = {name: LowRank(x.a[rows], x.b[rows]) for name, x in self.delta.items()}
        return Memory(self.state.select(rows), delta)

    def shuffled(self) -> "Memory":
        """Control: each row keeps its state and gets the ΔW of the row before it."""
        return replace(self, delta={name: LowRank(x.a.roll(1, 0), x.b.roll(1, 0)) for name, x in self.delta.items()})

    def with_reset_state(self, config: RWKV4Config) -> "Memory":
        """Control: ΔW alone, with the state of an empty text."""
        empty = State.zeros(config, self.state.wkv.shape[0], self.state.att_shift)
        return replace(self, state=empty)

    def merged(self, backbone: RWKV4) -> dict[str, Merged]:
        """W + ΔW of every target as one matrix, for a single long generation. Raises ValueError for more than a row."""
        weights = dict(backbone.named_parameters())
        merged = {}
        for name, change in self.delta.items():
            if change.a.shape[0] != 1:
                raise ValueError(f"merging needs a memory of one row, this one has {change.a.shape[0]}")
            merged[name] = Merged(weights[f"{name}.weight"] + change.b[0].T @ change.a[0])
        return merged

    @torch.no_grad()
    def relative_norms(self, backbone: RWKV4) -> dict[str, float]:
        """Mean over rows of ‖ΔW‖/‖W‖ (Frobenius) per target matrix; ‖BᵀA‖² = Σ (AAᵀ)∘(BBᵀ)."""
        weights = dict(backbone.named_parameters())
        norms = {}
        for name, change in self.delta.items():
            gram_a = torch.bmm(change.a, change.a.transpose(1, 2))  # (B, r, r)
            gram_b = torch.bmm(change.b, change.b.transpose(1, 2))
            squared = (gram_a * gram_b).sum((1, 2)).clamp(min=0)
            norms[name] = (squared.sqrt().mean() / weights[f"{name}.weight"].norm()).item()
        return norms


def _sizes(target: str, n_embd: int) -> tuple[int, int]:
    """d_in, d_out of a target matrix."""
    return {"ffn.key": (n_embd, 4 * n_embd), "ffn.value": (4 * n_embd, n_embd)}.get(target, (n_embd, n_embd))


def state_features(state: State) -> Tensor:
    """What ΔW may depend on, the same for every gauge of the WKV sums: (B, L, 4, D), slots as in `SLOTS`.

    wkv_mean = aa / bb and wkv_log_mass = pp + log bb; both are 0 where nothing has been read yet.
    """
    aa, bb, pp = state.wkv.unbind(2)  # (B, L, D)
    empty = bb <= 0
    mass = torch.where(empty, torch.ones_like(bb), bb)
    mean = torch.where(empty, torch.zeros_like(aa), aa / mass)
    log_mass = torch.where(empty, torch.zeros_like(pp), pp + torch.log(mass))
    return torch.stack([state.att_shift, mean, log_mass, state.ffn_shift], 2)


class TransformingStack(nn.Module):
    """Residual MLP blocks over the last axis, shared by every layer and slot."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = x + block(x)
        return self.norm(x)


class StateSynthesis(nn.Module):
    """ΔW of rank r from the state after the prompt: per layer, the four slots through the stack, then two heads."""

    def __init__(self, config: ProSGConfig, backbone: RWKV4Config) -> None:
        super().__init__()
        width = backbone.n_embd
        self.config, self.n_layer = config, backbone.n_layer
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.embedding = nn.Parameter(torch.randn(backbone.n_layer, len(SLOTS), width) * 0.1)
        self.stack = TransformingStack(width, config.depth)
        self.a, self.b = nn.ModuleDict(), nn.ModuleDict()
        for target in config.targets:
            d_in, d_out = _sizes(target, width)
            self.a[_key(target)] = nn.Linear(len(SLOTS) * width, config.rank * d_in)
            self.b[_key(target)] = _zero(nn.Linear(len(SLOTS) * width, config.rank * d_out, bias=False))
        self.gain = nn.Parameter(torch.ones(backbone.n_layer, len(config.targets)))

    def forward(self, state: State, trace: list[Tensor], lengths: Tensor) -> dict[str, LowRank]:
        x = self.stack(self.norm(state_features(state)) + self.embedding).flatten(2)  # (B, L, 4 D)
        batch, rank = x.shape[0], self.config.rank
        delta: dict[str, LowRank] = {}
        for j, target in enumerate(self.config.targets):
            d_in, _ = _sizes(target, self.embedding.shape[-1])
            a = self.a[_key(target)](x).view(batch, self.n_layer, rank, -1) / math.sqrt(d_in)
            b = self.b[_key(target)](x).view(batch, self.n_layer, rank, -1)
            b = b * (self.config.scale * self.gain[:, j].view(1, -1, 1, 1))
            delta |= {f"blocks.{i}.{target}": LowRank(a[:, i], b[:, i]) for i in range(self.n_layer)}
        return delta


class TokenSynthesis(nn.Module):
    """ΔW = scale · Σ_t g_t u_t v_tᵀ over the prompt's tokens.

    u, v and the gate g are linear in the stack's output at t and at t - 1, so that what is written (u) can come from
    one token and what it is found by (v, of unit norm) from the one before. Where the gates sum to more than
    `reference_tokens`, the sum is divided by the square root of the excess factor: for unrelated v the Frobenius norm
    then stays where it is instead of growing with the prompt.
    """

    def __init__(self, config: ProSGConfig, backbone: RWKV4Config) -> None:
        super().__init__()
        width = backbone.n_embd
        self.config, self.n_layer = config, backbone.n_layer
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.embedding = nn.Parameter(torch.randn(backbone.n_layer, 1, width) * 0.1)
        self.stack = TransformingStack(width, config.depth)
        self.u, self.v, self.gate = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        for target in config.targets:
            d_in, d_out = _sizes(target, width)
            self.u[_key(target)] = _zero(nn.Linear(2 * width, d_out, bias=False))
            self.v[_key(target)] = nn.Linear(2 * width, d_in)
            self.gate[_key(target)] = _zero(nn.Linear(2 * width, 1))
        self.gain = nn.Parameter(torch.ones(backbone.n_layer, len(config.targets)))

    def forward(self, state: State, trace: list[Tensor], lengths: Tensor) -> dict[str, LowRank]:
        x = self.stack(self.norm(torch.stack(trace, 1)) + self.embedding)  # (B, L, T, D)
        pair = torch.cat([x, F.pad(x, (0, 0, 1, 0))[:, :, :-1]], -1)  # (B, L, T, 2 D)
        inside = torch.arange(x.shape[2], device=x.device) < lengths.unsqueeze(1)  # (B, T)
        delta: dict[str, LowRank] = {}
        for j, target in enumerate(self.config.targets):
            gate = 2 * torch.sigmoid(self.gate[_key(target)](pair)) * inside[:, None, :, None]  # (B, L, T, 1)
            excess = (gate.sum(2, keepdim=True) / self.config.reference_tokens).clamp(min=1)
            factor = self.config.scale * self.gain[:, j].view(1, -1, 1, 1) / excess.sqrt()
            a = self.v[_key(target)](pair)
            # The length of v is taken out of u, the smaller of the two: u (v / |v|)ᵀ = (u / |v|) vᵀ.
            b = self.u[_key(target)](pair) * (gate * factor / a.norm(dim=-1, keepdim=True).clamp(min=1e-6))
            delta |= {f"blocks.{i}.{target}": LowRank(a[:, i], b[:, i]) for i in range(self.n_layer)}
        return delta


class ConstantSynthesis(nn.Module):
    """Control: one learned ΔW of rank r for every prompt."""

    def __init__(self, config: ProSGConfig, backbone: RWKV4Config) -> None:
        super().__init__()
        self.config = config
        self.a, self.b = nn.ParameterDict(), nn.ParameterDict()
        for target in config.targets:
            d_in, d_out = _sizes(target, backbone.n_embd)
            a = torch.randn(backbone.n_layer, config.rank, d_in) / math.sqrt(d_in)
            self.a[_key(target)] = nn.Parameter(a)
            self.b[_key(target)] = nn.Parameter(torch.zeros(backbone.n_layer, config.rank, d_out))

    def forward(self, state: State, trace: list[Tensor], lengths: Tensor) -> dict[str, LowRank]:
        batch = lengths.shape[0]
        delta: dict[str, LowRank] = {}
        for target in self.config.targets:
            for i, (a, b) in enumerate(zip(self.a[_key(target)], self.b[_key(target)], strict=True)):
                b = b * self.config.scale
                delta[f"blocks.{i}.{target}"] = LowRank(a.expand(batch, -1, -1), b.expand(batch, -1, -1))
        return delta


def _key(target: str) -> str:
    """A target's name as torch allows it in a module's name."""
    return target.replace(".", "_")


def _zero(linear: nn.Linear) -> nn.Linear:
    for parameter in linear.parameters():
        nn.init.zeros_(parameter)
    return linear


SYNTHESES: dict[str, type[StateSynthesis | TokenSynthesis | ConstantSynthesis]] = {
    "state": StateSynthesis,
    "tokens": TokenSynthesis,
    "constant": ConstantSynthesis,
}


class ProSG(nn.Module):
    """A frozen backbone with its synthesis module.

        memory = model.internalize(prompt_tokens)
        logits, state = model.answer(tokens, memory)

    Only `synthesis` has parameters to train; `internalize` runs the backbone without gradient and the synthesis with.
    """

    def __init__(self, backbone: RWKV4, config: ProSGConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone.requires_grad_(False)
        self.synthesis = SYNTHESES[config.source](config, backbone.config)

    def internalize(self, prompt: Tensor, lengths: Tensor | None = None) -> Memory:
        """Read prompts once, ΔW off, and synthesise their memory.

        Args:
            prompt: ids, (B, T), padded on the right with any id.
            lengths: (B,) tokens of each prompt, 0 allowed; None: T for all.
        """
        if lengths is None:
            lengths = torch.full((prompt.shape[0],), prompt.shape[1], dtype=torch.int64, device=prompt.device)
        if prompt.shape[1] == 0:
            prompt = F.pad(prompt, (0, 1))
        trace: list[Tensor] = []
        with torch.no_grad():
            _, state = self.backbone.hidden(prompt, lengths=lengths, trace=trace)
        return Memory(state, self.synthesis(state, trace, lengths))

    def answer(self, tokens: Tensor, memory: Memory, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Logits (B, T, V) and final state of tokens that follow the prompt, under ΔW."""
        return self.backbone(tokens, memory.state, lengths, memory.delta)


def validate_targets(targets: Sequence[str]) -> None:
    """Raise ValueError for a matrix that a block does not have."""
    for target in targets:
        if target not in TARGETS:
            raise ValueError(f"unknown target {target!r}; one of {', '.join(TARGETS)}")
