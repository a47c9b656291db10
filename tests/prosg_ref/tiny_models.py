"""Tiny models of which every parameter matters."""

from typing import Any

import torch

from prosg_ref.prosg import ProSG, ProSGConfig
from prosg_ref.rwkv4 import RWKV4, RWKV4Config
from prosg_ref.stack import NEARLY_SHUT
from prosg_ref.synthesis import SYNTHESES

CONFIG = RWKV4Config(n_layer=3, n_embd=32, vocab_size=400, ctx_len=64)


def random_backbone(seed: int = 0, config: RWKV4Config = CONFIG) -> RWKV4:
    """A model whose every parameter matters: the official init leaves many at zero."""
    torch.manual_seed(seed)
    model = RWKV4(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()


VARIANTS: dict[str, dict[str, Any]] = {source: {"source": source} for source in SYNTHESES} | {
    "attention": {"source": "tokens", "key": "input", "attention": 2, "metric": 4},
    "offsets": {"source": "tokens", "key": "input", "offsets": {"ffn.value": [-4, 0, 2], "att.value": [2]}},
    "recall": {"source": "tokens", "key": "input", "recall": 3},
    "reach": {"source": "tokens", "key": "input", "recall": 3, "reach": 2},
    "address": {"source": "tokens", "key": "input", "recall": 3, "address": 2},
}


def random_prosg(variant: str, seed: int = 0) -> ProSG:
    """A ProSG whose ΔW is not zero, and whose gates are about half open."""
    torch.manual_seed(seed + 1)
    model = ProSG(random_backbone(seed), ProSGConfig(**VARIANTS[variant], scale=0.5))
    with torch.no_grad():
        for name, parameter in model.synthesis.named_parameters():
            start = -NEARLY_SHUT if name.endswith("gate.bias") else 0.0
            parameter.add_(start + torch.randn_like(parameter) * 0.2)
    return model.eval()


def world_vocabulary(tokens: list[str | bytes]) -> bytes:
    """A World tokenizer's file in the published format: single bytes, then longer tokens."""
    singles: list[str | bytes] = [chr(i) if i < 128 else bytes([i]) for i in range(256)]
    lines = []
    for i, token in enumerate(singles + tokens, 1):
        size = len(token.encode()) if isinstance(token, str) else len(token)
        lines.append(f"{i} {token!r} {size}\n")
    return "".join(lines).encode()
