"""What ProSG costs at inference: time to read a prompt, to synthesise ΔW, and per generated token, beside the backbone alone.

Weights are random; only their shape matters. Candidates take turns and the median counts, on one thread by the CPU time of the
process, so that what else the machine does hits all of them alike and is mostly left out.
"""

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from .change import Delta
from .prosg import Memory, ProSG, ProSGConfig
from .rwkv4 import RWKV4, RWKV4Config, State

# As the recipes of the large shapes have it.
ATTENTION: dict[str, Any] = {"source": "tokens", "key": "input", "attention": 1, "depth": 0, "metric": 32}
SHAPES: dict[str, tuple[RWKV4Config, ProSGConfig]] = {
    "tiny": (RWKV4Config(4, 128, 2048), ProSGConfig(**ATTENTION)),
    "169m": (RWKV4Config(12, 768, 50277), ProSGConfig(**ATTENTION, targets=("att.value",), width=64)),
    "430m": (RWKV4Config(24, 1024, 50277), ProSGConfig(**ATTENTION, targets=("att.value",), width=48)),
}
STEPS_PER_TURN = 4  # tokens generated between two looks at the clock

Step = Callable[[], object]


def interleaved(candidates: Mapping[str, Step], repeats: int) -> dict[str, list[float]]:
    """CPU seconds of each candidate, turn by turn, after one warm-up each."""
    for step in candidates.values():
        step()
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, step in candidates.items():
            start = time.process_time()
            step()
            seconds[name].append(time.process_time() - start)
    return seconds


def random_model(shape: str) -> ProSG:
    """A ProSG of a shape with random weights, made without the official initialisation, which is slow for large ones."""
    config, synthesis = SHAPES[shape]
    with torch.device("meta"):
        model = ProSG(RWKV4(config), synthesis)
    model.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, parameter.shape[-1] ** -0.5, generator=generator)
        for module in model.modules():
            if isinstance(module, nn.LayerNorm) and module.elementwise_affine:
                module.reset_parameters()
    return model.eval()


@torch.inference_mode()
def measure(model: ProSG, prompt_tokens: int, repeats: int) -> dict[str, Any]:
    """CPU seconds and bytes for one prompt of so many tokens.

    prefill: reading the prompt, logits after its last token. kept: what it takes longer where reading keeps what synthesis needs,
    turn by turn. synthesis: making ΔW of what was read. merge: adding ΔW to the weights. token: one generated token with the
    backbone alone, with ΔW merged, and with ΔW as factors.
    """
    backbone = model.backbone
    assert isinstance(backbone, RWKV4)
    generator = torch.Generator().manual_seed(1)
    prompt = torch.randint(0, backbone.config.vocab_size, (1, prompt_tokens), generator=generator)
    lengths = torch.tensor([prompt_tokens])
    reading = model.adapter.read(prompt, lengths, model.config.taps)
    memory = Memory(reading.state, model.synthesis(reading).delta)
    merged = memory.merged(backbone)
    token = torch.zeros(1, 1, dtype=torch.int64)

    def generate(delta: Delta) -> Step:
        def step() -> State:
            state = memory.state
            for _ in range(STEPS_PER_TURN):
                _, state = backbone(token, state, delta=delta, last_only=True)
            return state

        return step

    per_token = interleaved({"backbone": generate({}), "merged": generate(merged), "functional": generate(memory.delta)}, repeats)
    once = interleaved(
        {
            "prefill": lambda: backbone(prompt, last_only=True),
            "read": lambda: model.adapter.read(prompt, lengths, model.config.taps),
            "synthesis": lambda: model.synthesis(reading),
        },
        repeats,
    )
    once |= interleaved({"merge": lambda: memory.merged(backbone)}, repeats)  # alone: memory that it frees is slow to get again
    kept = statistics.median(read - prefill for read, prefill in zip(once["read"], once["prefill"], strict=True))
    return {
        "prompt_tokens": prompt_tokens,
        **{f"{name}_s": statistics.median(seconds) for name, seconds in once.items()},
        "kept_s": max(0.0, kept),
        "token_s": {name: statistics.median(seconds) / STEPS_PER_TURN for name, seconds in per_token.items()},
        "state_bytes": memory.state.bytes_per_sequence,
        "factor_bytes": sum(x.nbytes for change in memory.delta.values() for x in change),
        "merged_bytes": sum(change.weight.nbytes for change in merged.values()),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """The overheads as shares: per token over the backbone, synthesis (with what reading keeps for it) over prefill."""
    token = found["token_s"]
    return {
        "merged_per_token": token["merged"] / token["backbone"] - 1,
        "functional_per_token": token["functional"] / token["backbone"] - 1,
        "synthesis_of_prefill": (found["synthesis_s"] + found["kept_s"]) / found["prefill_s"],
        "merge_of_prefill": found["merge_s"] / found["prefill_s"],
    }
