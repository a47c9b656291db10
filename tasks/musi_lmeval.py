"""The lm-evaluation-harness tasks: per item, the whole multi-stage prompt and each of its stages alone, in one document.

Loaded by lm-eval through `class: !function musi_lmeval.…` from the YAML files beside it, never imported by name: the folder's
name, `tasks`, belongs to many projects. Ratios with intervals (retention) cannot be had from lm-eval's own aggregations: each
metric here is followed by `<metric>_stderr`, which fills lm-eval's stderr column with a seeded bootstrap over items.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from musi.compose import SEPARATOR, render_answer, single_prompt
from musi.generate import RELEASE
from musi.release import load_split, lock_digest
from musi.retention import Estimate, Outcomes, ratio, retention, share
from musi.samples import Sample, score_sample
from musi.schema import Item, Split
from musi.score import SCORER_VERSION

UNDEFINED = "N/A"  # what lm-eval prints for a missing value: retention of a model that gets nothing right alone
_TOKEN = re.compile(r"\d| (?=\d)|[^\W\d]{1,4}|[^\w\s]|\n")  # a wasteful tokenizer: every digit one by one, words in fours
SLACK = 1.25
SLACK_PER_STAGE = 32
LIMITS = (64, 128, 256, *range(512, 1 << 15, 256))  # few different ones, since lm-eval batches requests of equal limits


def load(split: Split, limit: int | None = None, data_dir: str | None = None, **_: Any) -> dict[str, datasets.Dataset]:
    """The first `limit` items of `split` as lm-eval's `custom_dataset`: the locked release, built into the cache on first use.

    `--metadata '{"data_dir": "DIR"}'` takes the files of a built directory instead; they must match the lock all the same.
    """
    items = load_split(split, Path(data_dir) if data_dir else None)[:limit]
    return {split: datasets.Dataset.from_list([item.model_dump(mode="json") for item in items])}


def aggregate(estimator: Callable[[list[Any]], Estimate]) -> Callable[[list[Any]], float | str]:
    """An lm-eval aggregation that gives the value of an estimate."""
    return lambda rows: UNDEFINED if (value := estimator(rows).value) is None else value


def aggregate_stderr(estimator: Callable[[list[Any]], Estimate]) -> Callable[[list[Any]], float | str]:
    """An lm-eval aggregation that gives the standard error of an estimate."""
    return lambda rows: UNDEFINED if (stderr := estimator(rows).stderr) is None else stderr


def stage_share(rows: list[list[float]]) -> Estimate:
    """Mean over all stages; each row holds one item's stages."""
    item = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return share(np.array([value for row in rows for value in row], dtype=np.bool_), item)


def stage_retention(rows: list[list[list[float]]]) -> Estimate:
    """Retention; each row holds one item's [passed in the chain, passed alone] of every stage."""
    return retention(Outcomes.of([[(0.0, bool(multi), bool(single)) for multi, single in row] for row in rows]))


def stage_ratio(rows: list[list[float]]) -> Estimate:
    """Σ first / Σ second over items; each row holds one item's two sums."""
    top, bottom = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return ratio(top, bottom, np.arange(len(rows)))


class MusiTask(ConfigurableTask):
    """What both kinds of task share: contexts for the whole prompt and for each single stage, and the metrics' plumbing."""

    METRICS: dict[str, tuple[Callable[[list[Any]], Estimate], bool]]

    def __init__(self, config: dict[str, Any]) -> None:
        config = {key: value for key, value in config.items() if key != "class"}
        config["metadata"] = {
            **(config.get("metadata") or {}),
            "release": RELEASE,
            "lock_sha256": lock_digest(),
            "scorer_version": SCORER_VERSION,
        }
        super().__init__(config=config)

    def doc_to_text(self, doc: dict[str, Any], *_: Any) -> str:
        return doc["prompt"] + SEPARATOR

    def doc_to_target(self, doc: dict[str, Any], *_: Any) -> str:
        return doc["answer"]

    def fewshot_context(self, doc: dict[str, Any], *args: Any, **kwargs: Any) -> list[str]:
        """Contexts of the whole prompt and of each stage alone, all framed alike (chat template, system instruction)."""
        item = Item.model_validate(doc)
        prompts = [item.prompt, *(single_prompt(item, k) for k in range(len(item.stages)))]
        return [super(MusiTask, self).fewshot_context({**doc, "prompt": prompt}, *args, **kwargs) for prompt in prompts]

    def aggregation(self) -> dict[str, Callable[[list[Any]], float | str]]:
        table: dict[str, Callable[[list[Any]], float | str]] = {}
        for name, (estimator, _) in self.METRICS.items():
            table[name] = aggregate(estimator)
            table[f"{name}_stderr"] = aggregate_stderr(estimator)
        return table

    def higher_is_better(self) -> dict[str, bool]:
        return {name: better for name, (_, better) in self.METRICS.items()}

    def with_stderr(self, values: dict[str, Any]) -> dict[str, Any]:
        """Every metric, then the same values again under the name that fills its stderr column."""
        return {key: value for name, value in values.items() for key in (name, f"{name}_stderr") for value in [value]}


class GenerateTask(MusiTask):
    """The model writes its answers; `musi.score` judges them."""

    METRICS = {
        "retention": (stage_retention, True),
        "retention_loose": (stage_retention, True),
        "stage_acc": (stage_share, True),
        "stage_acc_loose": (stage_share, True),
        "single_acc": (stage_share, True),
        "single_acc_loose": (stage_share, True),
        "item_acc": (stage_share, True),
        "order_acc": (stage_share, True),
        "completed": (stage_share, True),
        "constraint_retention": (stage_ratio, True),
    }

    def construct_requests(self, doc: dict[str, Any], ctx: list[str], **kwargs: Any) -> list[Instance]:
        item = Item.model_validate(doc)
        budgets = [token_budget(item.answer, len(item.stages))]
        budgets += [token_budget(render_answer([stage.answer]), 1) for stage in item.stages]
        return [
            Instance(
                request_type="generate_until",
                doc=doc,
                arguments=(context, {"until": [], "do_sample": False, "max_gen_toks": budget}),
                idx=index,
                metadata=kwargs["metadata"],
            )
            for index, (context, budget) in enumerate(zip(ctx, budgets, strict=True))
        ]

    def process_results(self, doc: dict[str, Any], results: list[str]) -> dict[str, Any]:
        item = Item.model_validate(doc)
        sample = Sample(item, tuple(results))
        strict, loose = score_sample(sample, "strict"), score_sample(sample, "loose")
        bound = [k for k, stage in enumerate(item.stages) if "constraint" in stage.memory]
        kept_alone = [k for k in bound if strict.singles[k].stages[0].rules_obeyed]
        return self.with_stderr(
            {
                "retention": [list(pair) for pair in zip(strict.multi.passed, strict.passed_alone, strict=True)],
                "retention_loose": [list(pair) for pair in zip(loose.multi.passed, loose.passed_alone, strict=True)],
                "stage_acc": list(strict.multi.passed),
                "stage_acc_loose": list(loose.multi.passed),
                "single_acc": list(strict.passed_alone),
                "single_acc_loose": list(loose.passed_alone),
                "item_acc": [all(strict.multi.passed)],
                "order_acc": [strict.multi.ordered],
                "completed": [strict.multi.completed],
                "constraint_retention": [sum(strict.multi.stages[k].rules_obeyed for k in kept_alone), len(kept_alone)],
            }
        )


class ForcedTask(MusiTask):
    """Gold answers are fed in; the model's probability of each, after the gold answers before it and alone, is read off."""

    METRICS = {
        "forced_retention": (stage_retention, True),
        "forced_stage_acc": (stage_share, True),
        "forced_single_acc": (stage_share, True),
        "bits_per_byte": (stage_ratio, False),
        "single_bits_per_byte": (stage_ratio, False),
        "forgetting_gap": (stage_ratio, False),
    }

    def construct_requests(self, doc: dict[str, Any], ctx: list[str], **kwargs: Any) -> list[Instance]:
        """Context: prompt, earlier gold answers, this stage's header. Continuation: the answer on its own line."""
        item = Item.model_validate(doc)
        answers = [stage.answer for stage in item.stages]
        prefixes = ["".join(f"[{i}]\n{answer}\n" for i, answer in enumerate(answers[:k], start=1)) for k in range(len(answers))]
        contexts = [f"{ctx[0]}{prefix}[{k}]" for k, prefix in enumerate(prefixes, start=1)]
        contexts += [f"{context}[1]" for context in ctx[1:]]
        return [
            Instance(
                request_type="loglikelihood",
                doc=doc,
                arguments=(context, f"\n{answer}"),
                idx=index,
                metadata=kwargs["metadata"],
            )
            for index, (context, answer) in enumerate(zip(contexts, answers * 2, strict=True))
        ]

    def process_results(self, doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, Any]:
        n = len(results) // 2
        multi, single = results[:n], results[n:]
        n_bytes = sum(len(stage["answer"].encode()) + 1 for stage in doc["stages"])
        bits = -sum(log_likelihood for log_likelihood, _ in multi) / np.log(2)
        single_bits = -sum(log_likelihood for log_likelihood, _ in single) / np.log(2)
        greedy = [[bool(m[1]), bool(s[1])] for m, s in zip(multi, single, strict=True)]
        return self.with_stderr(
            {
                "forced_retention": greedy,
                "forced_stage_acc": [pair[0] for pair in greedy],
                "forced_single_acc": [pair[1] for pair in greedy],
                "bits_per_byte": [bits, n_bytes],
                "single_bits_per_byte": [single_bits, n_bytes],
                "forgetting_gap": [bits - single_bits, n_bytes],
            }
        )


def token_budget(answer: str, n_stages: int) -> int:
    """Tokens a response may have: what the gold answer costs under a wasteful tokenizer, and a quarter more, and some a stage."""
    wanted = SLACK * len(_TOKEN.findall(answer)) + SLACK_PER_STAGE * n_stages
    return next(limit for limit in LIMITS if limit >= wanted)
