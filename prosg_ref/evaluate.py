"""Variants of a model, scored on the same items: validation during training, `musi study` and `musi study verify` call this.

A variant is a model and what is done to its memory. *Forced* scores feed gold answers in; *generated* ones let the model write,
and `musi.score` judges. All statistics over stages are those of `musi.retention`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from musi.compare import Ratio, paired
from musi.compose import SEPARATOR, multi_example, single_example
from musi.retention import Estimate, HalfLife, Outcomes, half_life, ratio, retention, share
from musi.schema import Item
from musi.score import score_response

from .examples import Example, counted, split_batch, tokenize
from .generate import Request, backbone_of, generate, remember, split_request
from .loss import rows_at_once
from .prosg import Memory, ProSG
from .rwkv4 import RWKV4
from .tokenizer import AnyTokenizer

Control = Literal["none", "off", "shuffled", "reset_state", "random", "twice"]
CONTROLS: tuple[Control, ...] = get_args(Control)
FORCED_BATCH, GENERATION_BATCH = 16, 64
SLACK, SLACK_PER_STAGE = 1.25, 8  # tokens a response may have, beside the gold answer's


@dataclass(frozen=True)
class Variant:
    """What is scored. `shuffled`, `reset_state` and `random` are controls of ΔW; `twice` shows the prompt twice; `off` is the
    backbone under a loaded ProSG."""

    model: RWKV4 | ProSG
    control: Control = "none"

    def prompt(self, text: str) -> str:
        return text + SEPARATOR + text if self.control == "twice" else text


@dataclass(frozen=True)
class Forced:
    """Teacher-forced results by example: loss over answer tokens and, stage by stage, whether all tokens were right."""

    losses: tuple[float, ...]  # nats, summed per example
    tokens: tuple[int, ...]
    right_tokens: tuple[int, ...]
    stages: tuple[tuple[bool, ...], ...]
    stage_losses: tuple[tuple[float, ...], ...]  # nats, summed per stage

    @property
    def answer_ppl(self) -> float:
        return math.exp(sum(self.losses) / sum(self.tokens))

    @property
    def token_acc(self) -> float:
        return sum(self.right_tokens) / sum(self.tokens)

    @property
    def stage_acc(self) -> float:
        return sum(map(sum, self.stages)) / sum(map(len, self.stages))


def controlled_memory(
    model: RWKV4 | ProSG, prompts: Sequence[Sequence[int]], donors: Sequence[Sequence[int]], control: Control
) -> Memory:
    """The memory of prompts, or what a control makes of it; `donors` are other prompts, whose ΔW `shuffled` takes."""
    if control == "off":
        return remember(backbone_of(model), prompts)
    memory = remember(model, prompts)
    if control == "shuffled":
        return replace(memory, delta=remember(model, donors).delta)
    if control == "reset_state":
        assert isinstance(model, ProSG)
        return memory.with_reset_state(model.adapter)
    if control == "random":
        return memory.randomised(torch.Generator().manual_seed(0))
    return memory


@torch.inference_mode()
def forced(variant: Variant, examples: Sequence[Example]) -> Forced:
    """Feed gold answers in. The donor of a `shuffled` example is the next one in the list."""
    order = sorted(range(len(examples)), key=lambda i: (len(examples[i].answer), i))
    found: dict[int, tuple[float, int, int, tuple[bool, ...], tuple[float, ...]]] = {}
    backbone = backbone_of(variant.model)
    for start in range(0, len(order), FORCED_BATCH):
        rows = order[start : start + FORCED_BATCH]
        batch = split_batch([examples[i] for i in rows]).to(backbone.emb.weight.device)
        prompts = [examples[i].prompt[:-1] for i in rows]
        donors = [examples[(i + 1) % len(examples)].prompt[:-1] for i in rows]
        memory = controlled_memory(variant.model, prompts, donors, variant.control)
        x, _ = backbone.hidden(batch.inputs, memory.state, delta=memory.delta)
        losses, hits = (found.cpu() for found in token_losses(x, backbone.head.weight, batch.targets, batch.weights))
        sizes = [len(examples[i].answer) for i in rows]
        for i, loss, hit in zip(rows, losses.split(sizes), hits.split(sizes), strict=True):
            cut, loss = list(examples[i].stages), loss.double()
            stages = tuple(bool(stage.all()) for stage in hit.split(cut))
            found[i] = (
                loss.sum().item(),
                len(loss),
                int(hit.sum()),
                stages,
                tuple(stage.sum().item() for stage in loss.split(cut)),
            )
    columns = list(zip(*(found[i] for i in range(len(examples))), strict=True))
    return Forced(*columns)


def token_losses(x: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Loss in nats of each counted token (N,), and whether its target was the most likely one (N,), row by row."""
    rows, chunk = counted(weights, x.device), rows_at_once(x.device)
    target = targets.flatten()[rows].unsqueeze(1)
    losses, hits = [], []
    for part, wanted in zip(x.flatten(0, 1)[rows].split(chunk), target.split(chunk), strict=True):
        logits = part @ head.T  # (rows, V)
        at_target = logits.gather(1, wanted)
        losses.append((logits.logsumexp(1, keepdim=True) - at_target).squeeze(1))
        hits.append((at_target == logits.amax(1, keepdim=True)).squeeze(1))
    return torch.cat(losses), torch.cat(hits)


def generated(variant: Variant, pairs: Sequence[tuple[str, str]], tokenizer: AnyTokenizer) -> list[str]:
    """Responses to (prompt, gold answer) pairs, greedily; the gold answer only bounds the length."""
    answers = tokenizer.encode_batch([SEPARATOR + answer for _, answer in pairs])
    prompts = tokenizer.encode_batch([variant.prompt(prompt) for prompt, _ in pairs])
    separator = tuple(tokenizer.encode(SEPARATOR))
    requests = [
        Request(tuple(prompt), separator, max_tokens=int(SLACK * len(answer)) + SLACK_PER_STAGE * (1 + gold.count("\n[")))
        for prompt, answer, (_, gold) in zip(prompts, answers, pairs, strict=True)
    ]
    order = sorted(range(len(requests)), key=lambda i: (requests[i].max_tokens, len(requests[i].prompt), i), reverse=True)
    texts = [""] * len(pairs)
    for start in range(0, len(order), GENERATION_BATCH):
        rows = order[start : start + GENERATION_BATCH]
        batch = [requests[i] for i in rows]
        read = [split_request(request)[0] for request in batch]
        donors = [split_request(requests[(i + 1) % len(requests)])[0] for i in rows]
        with torch.inference_mode():
            memory = controlled_memory(variant.model, read, donors, variant.control)
            done = generate(variant.model, tokenizer, batch, memory=memory)
        for i, generation in zip(rows, done, strict=True):
            texts[i] = generation.text
    return texts


@dataclass(frozen=True)
class Scores:
    """All that is known of a variant on some items. `half_life.words` is None where no decay is seen."""

    answer_ppl: float
    token_acc: float
    stage_acc: Estimate
    single_acc: Estimate
    forced_stage_acc: Estimate
    forced_single_acc: Estimate
    forced_retention: Estimate
    retention: Estimate
    half_life: HalfLife
    outcomes: Outcomes
    losses: Forced = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers under the names of the glossary, and their 95 % intervals beside them."""
        ratios = ("forced_retention", "retention", "stage_acc", "single_acc", "forced_stage_acc", "forced_single_acc")
        values: dict[str, Any] = {"answer_ppl": self.answer_ppl, "token_acc": self.token_acc}
        intervals: dict[str, Any] = {"answer_ppl": ppl_interval(self.losses)}
        for name in ratios:
            estimate: Estimate = getattr(self, name)
            values[name], intervals[name] = estimate.value, [estimate.low, estimate.high]
        values["half_life"] = self.half_life.words
        intervals["half_life"] = [self.half_life.low, self.half_life.high]
        return {**values, "max_distance": self.half_life.max_distance, "intervals": intervals}


def ppl_interval(found: Forced) -> list[float]:
    """95 % interval of the answer perplexity by a bootstrap over examples."""
    losses, tokens = (np.array(column, dtype=np.float64) for column in (found.losses, found.tokens))
    estimate = ratio(losses, tokens, np.arange(len(tokens)))
    assert estimate.low is not None
    assert estimate.high is not None
    return [math.exp(estimate.low), math.exp(estimate.high)]


def against(ours: Scores, theirs: Scores) -> dict[str, dict[str, float | None]]:
    """Paired differences of two variants scored on the same items, ours − theirs, each with its 95 % interval.

    answer_loss: nats per answer token, the log of the ratio of the perplexities.
    """

    def parts(scores: Scores) -> dict[str, Ratio]:
        """Numerators and denominators by item, (I,)."""
        outcomes, n = scores.outcomes, len(scores.losses.losses)
        single = np.bincount(outcomes.item, outcomes.single, n).astype(np.float64)
        both = np.bincount(outcomes.item, outcomes.single & outcomes.multi, n).astype(np.float64)
        return {
            "answer_loss": (np.array(scores.losses.losses), np.array(scores.losses.tokens, dtype=np.float64)),
            "retention": (both, single),
        }

    our_parts, their_parts = parts(ours), parts(theirs)
    return {name: paired(our_parts[name], their_parts[name]) for name in our_parts}


def score(variant: Variant, items: Sequence[Item], tokenizer: AnyTokenizer) -> Scores:
    """Score a variant on items, teacher-forced and by its own writing, the whole prompt and each stage alone."""
    whole = [multi_example(item) for item in items]
    alone = [single_example(item, k) for item in items for k in range(len(item.stages))]
    texts = generated(variant, [*whole, *alone], tokenizer)
    examples = tokenize([(variant.prompt(prompt), answer) for prompt, answer in [*whole, *alone]], tokenizer)
    chains, singles = forced(variant, examples[: len(items)]), forced(variant, examples[len(items) :])
    passed_alone, forced_alone = iter(texts[len(items) :]), iter(singles.stages)
    rows, forced_rows = [], []
    for item, text, stages in zip(items, texts, chains.stages, strict=False):
        n = len(item.stages)
        chained = score_response(item, text, range(n)).passed
        single = [score_response(item, next(passed_alone), [k]).passed[0] for k in range(n)]
        rows.append(list(zip((s.distance for s in item.stages), chained, single, strict=True)))
        right = [hits[-1] for hits in (next(forced_alone) for _ in range(n))]
        forced_rows.append(list(zip((s.distance for s in item.stages), stages, right, strict=True)))
    outcomes, forced_outcomes = Outcomes.of(rows), Outcomes.of(forced_rows)
    return Scores(
        chains.answer_ppl,
        chains.token_acc,
        share(outcomes.multi, outcomes.item),
        share(outcomes.single, outcomes.item),
        share(forced_outcomes.multi, forced_outcomes.item),
        share(forced_outcomes.single, forced_outcomes.item),
        retention(forced_outcomes),
        retention(outcomes),
        half_life(outcomes),
        outcomes,
        chains,
    )
