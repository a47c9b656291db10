"""The lm-eval model `prosg-rwkv`: a checkpoint of ours, with ProSG on or off, scored by the evaluation harness.

    musi eval run --model prosg-rwkv --model_args pretrained=DIR[,prosg=DIR][,prosg_control=shuffled] --tasks musi_quick …

With ProSG, ΔW is made from the prompt alone. In `generate_until` the prompt is the whole context. In `loglikelihood`
the context may already hold a part of the answer; it begins at the last line `[1]` that follows an empty line, is read
under ΔW, and never reaches the synthesis:

    prompt, ΔW off and source of ΔW │ read under ΔW       │ scored
    … [1] before the first answer.  │ \\n\\n[1]\\nfoo\\n[2] │ \\nbar

A recurrent model has no longest input, so nothing is cut unless `max_length` says so; what is cut is counted.

Under `accelerate launch --multi_gpu --num_processes N -m musi eval run …` each process takes its share of the documents.
"""

import atexit
import logging
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lm_eval.models  # noqa: F401  (first: registering before this import hides lm-eval's own models)
import torch
from accelerate import PartialState
from accelerate.utils import gather, gather_object
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model
from lm_eval.models.utils import normalize_gen_kwargs
from rich.progress import track
from torch import Tensor

from musi.errors import MusiError

from .checkpoint import file_sha256, load_backbone, load_prosg
from .evaluate import Control, controlled_memory
from .generate import Request, Sampling, backbone_of, generate, pad, split_request
from .prosg import Memory, ProSG
from .rwkv4 import RWKV4, State

log = logging.getLogger(__name__)

CONTROLS: tuple[Control, ...] = ("none", "off", "shuffled", "reset_state", "random")
DEFAULT_BATCH = 64
DEFAULT_NEW_TOKENS = 256
_ANSWER_BEGINS = re.compile(r"\n\n\[1\](?=\n|$)")


@dataclass(frozen=True)
class Span:
    """One text to score: ids of the prompt, ids after it, and from which of these on they count."""

    prompt: tuple[int, ...]
    forced: tuple[int, ...]
    start: int  # >= 1


def split_context(context: str) -> tuple[str, str]:
    """The prompt and what of the answer already stands in a context; `prompt + answer == context`.

    >>> split_context("Name a colour.\\n\\n[1]")
    ('Name a colour.', '\\n\\n[1]')
    >>> split_context("Name a colour.\\n\\n")
    ('Name a colour.', '\\n\\n')
    """
    begins = [match.start() for match in _ANSWER_BEGINS.finditer(context)]
    at = begins[-1] if begins else len(context.rstrip("\n"))
    return context[:at], context[at:]


@register_model("prosg-rwkv")
class ProSGHarness(LM):
    """lm-eval's view of a checkpoint.

    Args (of `--model_args`):
        pretrained: directory of a backbone.
        prosg: directory of a ProSG module trained on it; without it the backbone alone is scored.
        prosg_control: `off` (backbone alone, module loaded all the same), `shuffled` (ΔW of another request's prompt),
            `reset_state` (ΔW with the state of an empty text) or `random` (factors drawn at random, ΔW as large).
        batch_size: sequences at once; `auto` takes 64.
        max_length: cut contexts from the left so that prompt and answer fit; default: never.

    Raises MusiError for a checkpoint that does not load, or an argument that it cannot use.
    """

    def __init__(
        self,
        pretrained: str,
        prosg: str | None = None,
        prosg_control: str = "none",
        batch_size: int | str = DEFAULT_BATCH,
        max_length: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        unknown = sorted(set(kwargs) - {"device", "max_batch_size", "metadata", "dtype", "trust_remote_code"})
        if unknown:
            log.warning("prosg-rwkv: ignoring unknown model argument %s", ", ".join(unknown))
        if prosg_control not in CONTROLS:
            raise MusiError(f"prosg_control={prosg_control}: unknown; one of {', '.join(CONTROLS)}")
        if prosg_control != "none" and not prosg:
            raise MusiError(f"prosg_control={prosg_control}: a control of ProSG needs one; add prosg=DIR")
        size = str(batch_size).split(":")[0]
        if size != "auto" and (not size.isdigit() or int(size) < 1):
            raise MusiError(f"batch_size={batch_size}: give a whole number or auto")
        self.batch_size = DEFAULT_BATCH if size == "auto" else int(size)
        if max_length is not None and not (str(max_length).isdecimal() and int(max_length)):
            raise MusiError(f"max_length={max_length}: give a whole number of tokens, or leave it out")
        self.max_length = None if max_length is None else int(max_length)
        self.directory = Path(pretrained)
        backbone, self.tokenizer = load_backbone(self.directory)
        self.model: RWKV4 | ProSG = backbone
        self.prosg_directory = Path(prosg) if prosg else None
        if self.prosg_directory is not None and prosg_control != "off":
            self.model = load_prosg(self.prosg_directory, backbone, self.directory)
        self.control = prosg_control
        self.truncated = 0
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            processes = PartialState(cpu=True)
            atexit.register(processes.destroy_process_group)  # a process that left it to the interpreter's end once aborted
            self._rank, self._world_size = processes.process_index, processes.num_processes

    def all_gather(self, tensor: Tensor) -> Tensor:
        found: Tensor = gather(tensor) if self._world_size > 1 else tensor
        return found

    def gather_object(self, obj: Any, dst: int = 0) -> list[Any] | None:
        found: list[Any] = gather_object([obj]) if self._world_size > 1 else [obj]
        return found if self._rank == dst else None

    def barrier(self) -> None:
        if self._world_size > 1:
            PartialState().wait_for_everyone()

    @property
    def tokenizer_name(self) -> str:
        return f"prosg-bpe-{file_sha256(self.directory / self.tokenizer.file_name)[:16]}"

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """This model knows no roles: the messages one after the other, an empty line between them."""
        return "\n\n".join(message["content"] for message in chat_history)

    def get_model_info(self) -> dict[str, Any]:
        """What a reader of the results needs to know about the model; lm-eval stores it under `config`."""
        backbone = backbone_of(self.model)
        state = State.zeros(backbone.config, 1, backbone.emb.weight)
        prosg: dict[str, Any] = {"on": isinstance(self.model, ProSG), "control": self.control}
        weights = [file_sha256(self.directory / "model.safetensors")]
        if self.prosg_directory is not None:
            prosg["sha256"] = file_sha256(self.prosg_directory / "prosg.safetensors")
            weights.append(prosg["sha256"])
        if isinstance(self.model, ProSG):
            prosg["source"] = self.model.config.source
        return {
            "model_num_parameters": sum(p.numel() for p in self.model.parameters()),
            "model_dtype": "float32",
            "model_sha": "+".join(weights),  # two modules on one backbone are two models
            "state_bytes": state.bytes_per_sequence,
            "prosg": prosg,
            "truncated_requests": self.truncated,
        }

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Continue each context as its own `until`, `max_gen_toks`, `do_sample`, `temperature` and `top_p` say."""
        wanted: list[tuple[Request, Sampling]] = []
        for instance in requests:
            context, raw = instance.args
            options = normalize_gen_kwargs(raw, DEFAULT_NEW_TOKENS)
            prompt, forced = (tuple(self.tokenizer.encode(text)) for text in split_context(context))
            if not prompt and not forced:
                forced = (self.tokenizer.end_id,)
            limit = int(options["max_gen_toks"])
            prompt, forced = self._fit(prompt, forced, limit)
            stop = tuple(s for s in options["until"] if s)
            sampling = Sampling(float(options["temperature"]), float(options.get("top_p", 1.0)))
            wanted.append((Request(prompt, forced, stop, limit), sampling))

        order = sorted(range(len(wanted)), key=lambda i: _cost(*wanted[i]), reverse=True)
        results = [""] * len(wanted)
        for rows in self._batches(order, [sampling for _, sampling in wanted], "generating", disable_tqdm):
            batch = [wanted[i][0] for i in rows]
            parts = [split_request(request)[0] for request in batch]
            donors = [split_request(wanted[(i + len(wanted) // 2) % len(wanted)][0])[0] for i in rows]
            done = generate(self.model, self.tokenizer, batch, wanted[rows[0]][1], self._memory(parts, donors))
            for i, generation in zip(rows, done, strict=True):
                results[i] = generation.text
                self.cache_hook.add_partial("generate_until", requests[i].args, generation.text)
        return results

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Log-probability of each continuation in nats, and whether every token of it is the most likely one."""
        spans = []
        for instance in requests:
            context, continuation = instance.args
            bare = context.rstrip(" ")
            spans.append(self._span(bare, context[len(bare) :] + continuation))
        results = self._score(spans, disable_tqdm)
        for instance, result in zip(requests, results, strict=True):
            self.cache_hook.add_partial("loglikelihood", instance.args, result)
        return results

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Log-probability of each whole text in nats, after the end token of a text before it."""
        spans = [self._span("", instance.args[0]) for instance in requests]
        results = [log_likelihood for log_likelihood, _ in self._score(spans, disable_tqdm)]
        for instance, result in zip(requests, results, strict=True):
            self.cache_hook.add_partial("loglikelihood_rolling", instance.args, result)
        return results

    def _fit(self, prompt: tuple[int, ...], forced: tuple[int, ...], reserve: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Cut the prompt from the left to `max_length`, and count it."""
        if self.max_length is None or len(prompt) + len(forced) + reserve <= self.max_length:
            return prompt, forced
        self.truncated += 1
        room = max(0, self.max_length - reserve - len(forced))
        cut = prompt[len(prompt) - room :]
        return (cut, forced) if cut or forced else (prompt[-1:], forced)

    def _span(self, context: str, continuation: str) -> Span:
        before, after = split_context(context)
        prompt, forced = tuple(self.tokenizer.encode(before)), tuple(self.tokenizer.encode(after))
        if not prompt and not forced:
            forced = (self.tokenizer.end_id,)
        target = tuple(self.tokenizer.encode(continuation))
        prompt, forced = self._fit(prompt, forced, len(target))
        prompt, forced = split_request(Request(prompt, forced))
        return Span(prompt, forced + target, len(forced))

    def _memory(self, prompts: Sequence[Sequence[int]], donors: Sequence[Sequence[int]]) -> Memory:
        """The memory of prompts, or what the control makes of it."""
        return controlled_memory(self.model, prompts, donors, self.control)

    def _batches(self, order: list[int], kinds: Sequence[Any], what: str, quiet: bool) -> Iterable[list[int]]:
        """Runs of at most `batch_size` of one kind, with a progress bar."""
        batches: list[list[int]] = []
        for i in order:
            if not batches or len(batches[-1]) == self.batch_size or kinds[batches[-1][0]] != kinds[i]:
                batches.append([])
            batches[-1].append(i)
        return track(batches, description=f"{what} {len(order):,} requests", disable=quiet)

    @torch.inference_mode()
    def _score(self, spans: list[Span], quiet: bool) -> list[tuple[float, bool]]:
        """Score spans; one that is the beginning of another is read off the other's pass."""
        leader = _leaders(spans)
        order = sorted(set(leader), key=lambda i: (len(spans[i].forced), len(spans[i].prompt)), reverse=True)
        followers: dict[int, list[int]] = {}
        for i, j in enumerate(leader):
            followers.setdefault(j, []).append(i)
        results: list[tuple[float, bool]] = [(0.0, True)] * len(spans)
        backbone = backbone_of(self.model)
        for rows in self._batches(order, [None] * len(spans), "scoring", quiet):
            donors = [spans[(i + len(spans) // 2) % len(spans)].prompt for i in rows]
            memory = self._memory([spans[i].prompt for i in rows], donors)
            tokens, lengths = pad([spans[i].forced for i in rows])
            x, _ = backbone.hidden(tokens[:, :-1], memory.state, lengths - 1, memory.delta)
            for row, i in enumerate(rows):
                first = min(spans[j].start for j in followers[i])
                targets = tokens[row, first : len(spans[i].forced)]  # (N,)
                logits = backbone.logits(x[row, first - 1 : len(spans[i].forced) - 1])  # (N, V)
                at_target = logits.gather(1, targets.unsqueeze(1)).squeeze(1)
                log_probs = (at_target - logits.logsumexp(1)).double()
                greedy = at_target == logits.amax(1)
                for j in followers[i]:
                    part = slice(spans[j].start - first, len(spans[j].forced) - first)
                    results[j] = (log_probs[part].sum().item(), bool(greedy[part].all()))
        return results


def _cost(request: Request, sampling: Sampling) -> tuple[float, float, int, int]:
    """Sorting key that puts requests together that go well in one batch."""
    return sampling.temperature, sampling.top_p, request.max_tokens, len(request.prompt)


def _leaders(spans: Sequence[Span]) -> list[int]:
    """For each span the one whose pass scores it: itself, or a longer one of which it is the beginning."""
    order = sorted(range(len(spans)), key=lambda i: (spans[i].prompt, spans[i].forced), reverse=True)
    leader = list(range(len(spans)))
    current = -1
    for i in order:
        span = spans[i]
        if current >= 0:
            longer = spans[current]
            if longer.prompt == span.prompt and longer.forced[: len(span.forced)] == span.forced:
                leader[i] = current
                continue
        current = i
    return leader
