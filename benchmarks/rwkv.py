"""How fast the RWKV-4 backbone is, beside the package `rwkv` and Hugging Face's `RwkvForCausalLM` in the same process.

    python benchmarks/rwkv.py --json                          # everything, about five minutes on two idle cores
    python benchmarks/rwkv.py --parts decode,prefill          # some parts
    python benchmarks/rwkv.py --layers 2 --width 64 --vocab 500 --repeats 1   # a rehearsal

Weights are random, of the 169M shape unless told otherwise. Every program is timed on one thread, by the process's CPU
time, and on two, by the wall clock: the latter needs a machine on which nothing else runs. Every figure is the median
over repeats in which all programs and both numbers of threads take turns, after one warm-up each; the peers run with
what makes them fastest (JIT on for `rwkv`, eager for Hugging Face, which has no fast path on a CPU). Letters: B batch,
T tokens of a sequence.

| part       | what is timed                                                                                          |
|------------|--------------------------------------------------------------------------------------------------------|
| limits     | float32 matrix product (512 tokens by D x 4D) and reading of memory: what bounds the rest              |
| train_tiny | one step (forward, backward, clip, fused Adam) at L4 D128 V2048, B16 T256                              |
| train_169m | the same at B2 T256, and the share of ours that is spent in matrix products                            |
| prefill    | 256 tokens, logits of the last one                                                                     |
| decode     | 16 greedy tokens one by one, the blocks in float32, float16 and bfloat16; a batch of 16                |
| greedy     | answers to 20 validation items of MuSI by a trained checkpoint, 16-bit weights against float32         |

Ratios without a suffix are those on one thread, `_2_threads` those on two.
"""

# ruff: noqa: E402  (two variables and the path must be set before the imports that look at them)
import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

os.environ["RWKV_JIT_ON"] = "1"
os.environ["RWKV_CUDA_ON"] = "0"

import torch
import torch.nn.functional as F
from torch import Tensor, nn

sys.path[0] = str(Path(__file__).parents[1])  # not this folder: its rwkv.py would hide the package rwkv

from musi.build import split_lines
from musi.compose import SEPARATOR, multi_example
from musi.schema import parse_item
from prosg_ref.checkpoint import load_backbone
from prosg_ref.convert import hf_name
from prosg_ref.generate import Request, generate
from prosg_ref.linear import linear
from prosg_ref.loss import head_cross_entropy
from prosg_ref.run import BETAS
from prosg_ref.rwkv4 import RWKV4, RWKV4Config

PARTS = ("limits", "train_tiny", "train_169m", "prefill", "decode", "greedy")
CLOCKS = {1: time.process_time, 2: time.perf_counter}  # by number of threads
PRODUCTS = ("mkldnn::_linear_pointwise", "aten::mm", "aten::bmm", "aten::addmm", "aten::addmm_", "aten::baddbmm")
TINY = RWKV4Config(4, 128, 2048)
PREFILL, DECODE = 256, 16  # tokens

Step = Callable[[], object]
Figures = dict[str, Any]


class Times:
    """Median seconds of each program on each number of threads."""

    threads = tuple(CLOCKS)

    def __init__(self, candidates: dict[str, Step], repeats: int) -> None:
        """Time them; they take turns, so that a busy moment hits all of them."""
        for step in candidates.values():
            step()
        seconds: dict[tuple[str, int], list[float]] = {(name, n): [] for name in candidates for n in self.threads}
        for _ in range(repeats):
            for threads in self.threads:
                clock = CLOCKS[threads]
                torch.set_num_threads(threads)
                for name, step in candidates.items():
                    start = clock()
                    step()
                    seconds[name, threads].append(clock() - start)
        torch.set_num_threads(1)
        self.names = list(candidates)
        self.seconds = {key: statistics.median(found) for key, found in seconds.items()}

    def rates(self, amounts: dict[str, float]) -> dict[str, list[float]]:
        """Amount per second on each number of threads; the key "" holds for names that are not there."""
        return {name: [amounts.get(name, amounts[""]) / self.seconds[name, n] for n in self.threads] for name in self.names}

    def ratio(self, key: str, slow: str, fast: str, factor: float = 1.0) -> Figures:
        """How many times as fast, as `key` for one thread and `key_2_threads`."""
        names = {1: key, 2: f"{key}_2_threads"}
        return {names[n]: factor * self.seconds[slow, n] / self.seconds[fast, n] for n in self.threads}

    def speedup(self, key: str, name: str = "ours") -> Figures:
        """Of two threads, where both numbers are timed."""
        return {key: self.seconds[name, 1] / self.seconds[name, 2]} if len(self.threads) > 1 else {}


def random_model(config: RWKV4Config) -> RWKV4:
    """A model whose every parameter matters, made without the slow orthogonal initialisation."""
    generator = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        model = RWKV4(config)
    tensors = {}
    for name, parameter in model.state_dict().items():
        spread = parameter.shape[-1] ** -0.5 if parameter.dim() == 2 else 0.3
        tensors[name] = torch.randn(parameter.shape, generator=generator) * spread
    model.load_state_dict(tensors, assign=True)
    return model


def hugging_face(model: RWKV4) -> nn.Module:
    """The same model as `RwkvForCausalLM`."""
    from transformers import RwkvConfig, RwkvForCausalLM

    config = model.config
    with torch.device("meta"):
        other = RwkvForCausalLM(
            RwkvConfig(vocab_size=config.vocab_size, hidden_size=config.n_embd, num_hidden_layers=config.n_layer, rescale_every=0)
        )
    tensors = {hf_name(name): x.detach().clone() for name, x in model.state_dict().items()}
    other.load_state_dict(tensors, assign=True)
    return other


def pip_rwkv(model: RWKV4) -> Any:
    """The same model in the package `rwkv`, float32 on the CPU."""
    from rwkv.model import RWKV

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pth"
        torch.save(model.state_dict(), path)
        return RWKV(model=os.fspath(path.with_suffix("")), strategy="cpu fp32", verbose=False)


@cache
def programs(config: RWKV4Config) -> tuple[RWKV4, Any, nn.Module]:
    """Ours, the package `rwkv` and Hugging Face's, with the same weights, ready to read."""
    ours = random_model(config).eval().requires_grad_(False)
    return ours, pip_rwkv(ours), hugging_face(ours).eval()


def training_step(model: nn.Module, loss_of: Callable[[], Tensor]) -> Step:
    """Forward, backward, clipping and the optimiser, the same for every program."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5, betas=BETAS, fused=True)

    def step() -> None:
        loss_of().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def training_steps(config: RWKV4Config, batch: int, time_: int) -> dict[str, Step]:
    """A training step of ours and of Hugging Face's on the same random tokens."""
    ours = random_model(config).train()
    theirs = hugging_face(ours).train()
    tokens = torch.randint(0, config.vocab_size, (batch, time_ + 1), generator=torch.Generator().manual_seed(1))
    weights = torch.ones(batch, time_)

    def our_loss() -> Tensor:
        return head_cross_entropy(ours.hidden(tokens[:, :-1])[0], ours.head.weight, tokens[:, 1:], weights)[0]

    def their_loss() -> Tensor:
        logits = theirs(tokens[:, :-1]).logits
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    with torch.no_grad():
        torch.testing.assert_close(our_loss(), their_loss(), atol=1e-3, rtol=1e-3)
    return {"ours": training_step(ours, our_loss), "hf": training_step(theirs, their_loss)}


def product_share(step: Step) -> tuple[float, list[str]]:
    """Share of a step's time that is spent inside matrix products, and what else takes most."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        step()
    times = {event.key: event.self_cpu_time_total for event in profile.key_averages()}
    total = sum(times.values())
    others = sorted((name for name in times if name not in PRODUCTS), key=lambda name: -times[name])[:6]
    share = sum(times.get(name, 0.0) for name in PRODUCTS) / total
    return share, [f"{name} {times[name] / total:.3f}" for name in others]


def bench_limits(config: RWKV4Config, repeats: int) -> Figures:
    width = config.n_embd
    x, w = torch.randn(512, width), torch.randn(4 * width, width)
    big = torch.randn(2**26)  # 256 MiB
    with torch.inference_mode():
        times = Times({"torch": lambda: F.linear(x, w), "ours": lambda: linear(x, w), "read": lambda: big.sum()}, max(repeats, 7))
    rates = times.rates({"": 2 * x.shape[0] * w.numel() / 1e9, "read": big.numel() * 4 / 1e9})
    return {"memory_gb_per_s": rates.pop("read"), "gflops_fp32": rates}


def bench_train_tiny(config: RWKV4Config, repeats: int) -> Figures:
    batch, time_ = 16, 256
    times = Times(training_steps(TINY, batch, time_), repeats)
    return {
        "train_tiny_tokens_per_s": times.rates({"": batch * time_}),
        **times.ratio("train_vs_hf_tiny", "hf", "ours"),
        **times.speedup("threads2_speedup_tiny"),
    }


def bench_train_169m(config: RWKV4Config, repeats: int) -> Figures:
    batch, time_ = 2, 256
    steps = training_steps(config, batch, time_)
    times = Times(steps, repeats)
    share, others = product_share(steps["ours"])
    weights = config.n_layer * 13 * config.n_embd**2 + config.vocab_size * config.n_embd
    return {
        "train_169m_tokens_per_s": times.rates({"": batch * time_}),
        "train_169m_gflops": times.rates({"": 6 * batch * time_ * weights / 1e9})["ours"],
        **times.ratio("train_vs_hf_169m", "hf", "ours"),
        "matmul_share_169m": share,
        "beside_products_169m": others,
        **times.speedup("threads2_speedup"),
        **times.speedup("threads2_speedup_hf", "hf"),
    }


@torch.inference_mode()
def bench_prefill(config: RWKV4Config, repeats: int) -> Figures:
    ours, peer, other = programs(config)
    tokens = torch.randint(0, config.vocab_size, (1, PREFILL), generator=torch.Generator().manual_seed(2))
    ids = tokens[0].tolist()
    torch.testing.assert_close(ours(tokens, last_only=True)[0][0], peer.forward(ids, None)[0], atol=1e-3, rtol=1e-3)
    small = ours.with_16_bit_weights()
    steps: dict[str, Step] = {
        "ours": lambda: ours(tokens, last_only=True),
        "rwkv": lambda: peer.forward(ids, None),
        "hf": lambda: other(tokens, use_cache=True, logits_to_keep=1),
        "ours, float16": lambda: small(tokens, last_only=True),
    }
    times = Times(steps, repeats + 2)
    products = 2 * PREFILL * config.n_layer * 13 * config.n_embd**2 / 1e9
    return {
        "prefill_169m_tokens_per_s": times.rates({"": PREFILL}),
        "prefill_169m_gflops": times.rates({"": products})["ours"],
        **times.ratio("prefill_vs_rwkv_169m", "rwkv", "ours"),
        **times.speedup("threads2_speedup_prefill"),
    }


@torch.inference_mode()
def bench_decode(config: RWKV4Config, repeats: int) -> Figures:
    ours, peer, other = programs(config)
    half, brain = ours.with_16_bit_weights(torch.float16), ours.with_16_bit_weights(torch.bfloat16)

    def write(model: RWKV4, batch: int = 1) -> Step:
        first = torch.arange(batch).unsqueeze(1)
        _, start = model(first)

        def step() -> None:
            tokens, state = first, start
            for _ in range(DECODE):
                logits, state = model(tokens, state, last_only=True)
                tokens = logits.argmax(-1, keepdim=True)

        return step

    def write_peer() -> None:
        token, state = 0, [x.clone() for x in peer_start]
        for _ in range(DECODE):
            logits, state = peer.forward([token], state)
            token = int(logits.argmax())

    def write_hf() -> None:
        tokens = torch.zeros(1, 1, dtype=torch.int64)
        state = other(tokens, use_cache=True).state
        for _ in range(DECODE):
            found = other(tokens, state=state, use_cache=True)
            tokens, state = found.logits[:, -1].argmax(-1, keepdim=True), found.state

    peer_start = peer.forward([0], None)[1]
    steps: dict[str, Step] = {
        "ours": write(ours),
        "rwkv": write_peer,
        "hf": write_hf,
        "ours, float16": write(half),
        "ours, bfloat16": write(brain),
        "ours, batch 16": write(ours, 16),
        "ours, batch 16, float16": write(half, 16),
    }
    times = Times(steps, repeats + 2)
    blocks, head = DECODE * config.n_layer * 13 * config.n_embd**2 / 1e9, DECODE * config.vocab_size * config.n_embd / 1e9
    return {
        "decode_169m_tokens_per_s": times.rates({"": DECODE} | {name: 16 * DECODE for name in steps if "batch" in name}),
        "decode_169m_gb_per_s": {
            name: times.rates({"": size * blocks + 4 * head})[name] for name, size in (("ours", 4), ("ours, float16", 2))
        },
        "decode_batch16_gflops": times.rates({"": 32 * (blocks + head)})["ours, batch 16"],
        **times.ratio("decode_vs_rwkv_169m", "rwkv", "ours"),
        **times.ratio("decode_lowbit_vs_rwkv_169m", "rwkv", "ours, bfloat16"),
        **times.ratio("decode_float16_vs_rwkv_169m", "rwkv", "ours, float16"),
        **times.ratio("batch16_decode_speedup", "ours", "ours, batch 16", 16),
        **times.speedup("threads2_speedup_decode"),
    }


def bench_greedy(checkpoint: Path) -> Figures:
    model, tokenizer = load_backbone(checkpoint)
    pairs = [multi_example(parse_item(line, "validation")) for line in split_lines("validation", 20)]
    separator = tuple(tokenizer.encode(SEPARATOR))
    requests = [Request(tuple(tokenizer.encode(prompt)), separator) for prompt, _ in pairs]
    wanted = generate(model, tokenizer, requests)
    figures: Figures = {"greedy_answer_tokens": sum(a.tokens for a in wanted)}
    for dtype in (torch.bfloat16, torch.float16):
        found = generate(model.with_16_bit_weights(dtype), tokenizer, requests)
        name = str(dtype).removeprefix("torch.")
        figures[f"{name}_same_answers_of_20"] = sum(a.text == b.text for a, b in zip(found, wanted, strict=True))
    return figures


BENCHES: dict[str, Callable[[RWKV4Config, int], Figures]] = {
    "limits": bench_limits,
    "train_tiny": bench_train_tiny,
    "train_169m": bench_train_169m,
    "prefill": bench_prefill,
    "decode": bench_decode,
}


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: rounded(x) for name, x in value.items()}
    if isinstance(value, list):
        return [rounded(x) for x in value]
    return round(value, 3) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print nothing but one JSON object at the end")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"comma-separated: {', '.join(PARTS)}")
    parser.add_argument("--threads", type=int, choices=CLOCKS, help="this number only; 1 where other programs run beside")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--vocab", type=int, default=50277)
    parser.add_argument("--checkpoint", type=Path, default=Path("prosg_ref/weights/tiny/backbone"), help="for `greedy`")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.threads:
        Times.threads = (options.threads,)
    config = RWKV4Config(options.layers, options.width, options.vocab)
    figures: Figures = {"torch": torch.__version__, "shape": f"L{options.layers} D{options.width} V{options.vocab}"}
    for part in options.parts.split(","):
        start = time.perf_counter()
        bench = BENCHES.get(part)
        found = rounded(bench(config, options.repeats) if bench else bench_greedy(options.checkpoint))
        figures |= found
        if not options.json:
            print(
                f"{part} ({time.perf_counter() - start:.0f} s)", *(f"  {k}: {v}" for k, v in found.items()), sep="\n", flush=True
            )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
