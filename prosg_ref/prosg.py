"""ProSG: a small module reads the prompt and writes low-rank changes ΔW of the backbone's weights.

    prompt ──backbone, ΔW off──► state and block outputs ──synthesis──► ΔW per example
                                   └──────── state ─────────┐             │
                                                             ▼             ▼
                                              answer ──backbone, ΔW on──► logits

Letters: B batch, T prompt tokens, S answer tokens, D width. The backbone is never modified: ΔW is an argument of its
forward pass. What ΔW is made of stands in `prosg_ref.synthesis`; which backbones there are, in `prosg_ref.adapters`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .adapters import Adapter, AnyState, adapter_of
from .change import LowRank, Merged
from .recall import Asked
from .synthesis import SYNTHESES, ProSGConfig

__all__ = ["Memory", "ProSG", "ProSGConfig", "validate_targets"]


@dataclass(frozen=True)
class Memory:
    """What a prompt left behind: the backbone's state after it, and ΔW. Rows are examples.

    Two controls of an experiment are functions of it: `randomised`, `with_reset_state`.
    `gates` are those of the source `tokens`, by target and offset, (B, L, chunks), 0 past a prompt's end;
    `says`, by matrix, is what each chunk says, (B, chunks, 2 W); `asked`, by target, what its tokens would point with.
    """

    state: Any
    delta: dict[str, LowRank]
    gates: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    says: dict[str, Tensor] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)

    def select(self, rows: Tensor) -> "Memory":
        """State and ΔW of some rows, in the order given (an index or a boolean mask, (B,))."""
        delta = {name: LowRank(x.a[rows], x.b[rows]) for name, x in self.delta.items()}
        return Memory(cast(AnyState, self.state).select(rows), delta)

    def randomised(self, generator: torch.Generator) -> "Memory":
        """Control: random factors in place of the synthesised ones, ΔW of the same Frobenius norm."""
        delta = {}
        for name, x in self.delta.items():
            a = torch.randn(x.a.shape, generator=generator).to(x.a)
            b = torch.randn(x.b.shape, generator=generator).to(x.b)
            factor = _norms(x) / _norms(LowRank(a, b)).clamp(min=1e-12)
            delta[name] = LowRank(a, b * factor.view(-1, 1, 1))
        return replace(self, delta=delta)

    def with_reset_state(self, adapter: Adapter) -> "Memory":
        """Control: ΔW alone, with the state of an empty text."""
        rows = next(iter(self.delta.values())).a.shape[0]
        return replace(self, state=adapter.empty(rows))

    def merged(self, backbone: nn.Module) -> dict[str, Merged]:
        """W + ΔW of every target as one matrix, for a single long generation. Raises ValueError for more than a row."""
        weights = dict(backbone.named_parameters())
        merged = {}
        for name, change in self.delta.items():
            if change.a.shape[0] != 1:
                raise ValueError(f"merging needs a memory of one row, this one has {change.a.shape[0]}")
            weight = weights[f"{name}.weight"]
            merged[name] = Merged(torch.addmm(weight, change.b[0].T.to(weight.dtype), change.a[0].to(weight.dtype)))
        return merged

    @torch.no_grad()
    def relative_norms(self, backbone: nn.Module) -> dict[str, float]:
        """Mean over rows of ‖ΔW‖/‖W‖ (Frobenius) per target matrix."""
        weights = dict(backbone.named_parameters())
        return {name: (_norms(x).mean() / weights[f"{name}.weight"].norm()).item() for name, x in self.delta.items()}

    @torch.no_grad()
    def gate_statistics(self) -> dict[str, dict[str, float]]:
        """Per target and offset, mean and quantiles of the gates over the tokens that are there."""
        statistics = {}
        for (target, offset), gates in self.gates.items():
            there = gates[gates > 0].float()
            if there.numel():
                some = there[:: max(1, there.numel() // 10_000)].cpu()
                low, high = torch.quantile(some, torch.tensor([0.1, 0.9])).tolist()
                statistics[f"{target}{offset:+d}"] = {
                    "mean": round(there.mean().item(), 4),
                    "p10": round(low, 4),
                    "p90": round(high, 4),
                }
        return statistics


def _norms(change: LowRank) -> Tensor:
    """‖BᵀA‖ of every row, (B,): its square is Σ (AAᵀ)∘(BBᵀ)."""
    gram_a = torch.bmm(change.a, change.a.transpose(1, 2))  # (B, r, r)
    gram_b = torch.bmm(change.b, change.b.transpose(1, 2))
    return (gram_a * gram_b).sum((1, 2)).clamp(min=0).sqrt()


class ProSG(nn.Module):
    """A frozen backbone with its synthesis module.

        memory = model.internalize(prompt_tokens)
        x, state = model.hidden(tokens, memory)

    Only `synthesis` has parameters to train; `internalize` runs the backbone without gradient and the synthesis with.
    The backbone is an RWKV-4, or any model that `adapter_of` knows. Raises ValueError for a target that it does not have.
    """

    def __init__(self, backbone: nn.Module, config: ProSGConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone.requires_grad_(False)
        self.adapter = adapter_of(backbone)
        validate_targets(config.targets, self.adapter.targets)
        self.synthesis = SYNTHESES[config.source](config, self.adapter)

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
        with torch.no_grad():
            reading = self.adapter.read(prompt, lengths, self.config.taps)
        found = self.synthesis(reading)
        return Memory(reading.state, found.delta, found.gates, found.says, found.asked)

    def hidden(self, tokens: Tensor, memory: Memory, lengths: Tensor | None = None) -> tuple[Tensor, Any]:
        """Last hidden vectors (B, S, D) and final state of tokens that follow the prompt, under ΔW."""
        return self.adapter.hidden(tokens, memory.state, lengths, memory.delta)

    def answer(self, tokens: Tensor, memory: Memory, lengths: Tensor | None = None) -> tuple[Tensor, Any]:
        """Logits (B, S, V) and final state of tokens that follow the prompt, under ΔW."""
        x, state = self.hidden(tokens, memory, lengths)
        return x @ self.adapter.head().T.to(x.dtype), state


def validate_targets(targets: Sequence[str], known: Collection[str]) -> None:
    """Raise ValueError for a matrix that a block does not have."""
    for target in targets:
        if target not in known:
            raise ValueError(f"targets: unknown target {target!r}; one of {', '.join(known)}")
