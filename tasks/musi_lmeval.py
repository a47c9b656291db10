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
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from musi.compose import SEPARATOR, count_words, render_answer, single_prompt
from musi.generate import RELEASE
from musi.metrics import FORCED_METRICS, GENERATE_METRICS, Metric, forced_values, generate_values
from musi.release import load_split, lock_digest
from musi.samples import Sample
from musi.schema import Item, Split
from musi.score import SCORER_VERSION

UNDEFINED = "N/A"  # what lm-eval prints for a missing value: retention of a model that gets nothing right alone
_TOKEN = re.compile(r"\d| (?=\d)|[^\W\d]{1,4}|[^\w\s]|\n")  # a wasteful tokenizer: every digit one by one, words in fours
SLACK = 1.25
SLACK_PER_STAGE = 32
LIMITS = (64, 128, 256, *range(512, 1 << 15, 256))  # few different ones, since lm-eval batches requests of equal limits


def load(
    split: Split, limit: int | None = None, max_words: int | None = None, data_dir: str | None = None, **_: Any
) -> dict[str, datasets.Dataset]:
    """The first `limit` items of `split` whose gold answer has at most `max_words` words: the locked release, built into the
    cache on first use.

    `--metadata '{"data_dir": "DIR"}'` takes the files of a built directory instead; they must match the lock all the same.
    """
    items = load_split(split, Path(data_dir) if data_dir else None)
    items = [item for item in items if max_words is None or count_words(item.answer) <= max_words][:limit]
    return {split: datasets.Dataset.from_list([item.model_dump(mode="json") for item in items])}


def value_of(metric: Metric) -> Callable[[list[Any]], float | str]:
    """An lm-eval aggregation that gives the value of a metric's estimate."""
    return lambda rows: UNDEFINED if (value := metric.estimate(rows).value) is None else value


def stderr_of(metric: Metric) -> Callable[[list[Any]], float | str]:
    """An lm-eval aggregation that gives the standard error of a metric's estimate."""
    return lambda rows: UNDEFINED if (stderr := metric.estimate(rows).stderr) is None else stderr


class MusiTask(ConfigurableTask):
    """What both kinds of task share: contexts for the whole prompt and for each single stage, and the metrics' plumbing."""

    METRICS: dict[str, Metric]

    def __init__(self, config: dict[str, Any]) -> None:
        config = {key: value for key, value in config.items() if key != "class"}
        config["metadata"] = {
            **(config.get("metadata") or {}),
            "release": RELEASE,
            "lock_sha256": lock_digest(),
            "scorer_version": SCORER_VERSION,
        }
        super().__init__(config=config)

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **_: Any) -> None:
        self.dataset = load(**{**self.config.metadata, **(dataset_kwargs or {})})

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
        table = {name: value_of(metric) for name, metric in self.METRICS.items()}
        return table | {f"{name}_stderr": stderr_of(metric) for name, metric in self.METRICS.items()}

    def higher_is_better(self) -> dict[str, bool]:
        return {name: metric.higher_is_better for name, metric in self.METRICS.items()}

    def with_stderr(self, values: dict[str, Any]) -> dict[str, Any]:
        """Every metric, then the same values again under the name that fills its stderr column."""
        return {key: value for name, value in values.items() for key in (name, f"{name}_stderr") for value in [value]}


class GenerateTask(MusiTask):
    """The model writes its answers; `musi.score` judges them."""

    METRICS = GENERATE_METRICS

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
        return self.with_stderr(generate_values(Sample(Item.model_validate(doc), tuple(results))))


class ForcedTask(MusiTask):
    """Gold answers are fed in; the model's probability of each, after the gold answers before it and alone, is read off."""

    METRICS = FORCED_METRICS

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
        return self.with_stderr(forced_values(Item.model_validate(doc), results))


def token_budget(answer: str, n_stages: int) -> int:
    """Tokens a response may have: what the gold answer costs under a wasteful tokenizer, and a quarter more, and some a stage."""
    wanted = SLACK * len(_TOKEN.findall(answer)) + SLACK_PER_STAGE * n_stages
    return next(limit for limit in LIMITS if limit >= wanted)
