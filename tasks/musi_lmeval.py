"""The lm-evaluation-harness tasks: per item, the whole multi-stage prompt and each of its stages alone, in one document.

Loaded by lm-eval through `class: !function musi_lmeval.…` from the YAML files beside it, never imported by name: the folder's
name, `tasks`, belongs to many projects. Ratios with intervals (retention) cannot be had from lm-eval's own aggregations: each
metric here is followed by `<metric>_stderr`, which fills lm-eval's stderr column with the standard error over items.

| class           | texts of a document                                      | of K stages |
|-----------------|----------------------------------------------------------|-------------|
| GenerateTask    | whole prompt, each stage alone                           | 1 + K       |
| TwiceTask       | whole prompt shown twice, each stage alone               | 1 + K       |
| OneShotTask     | the same as GenerateTask, each after a worked example    | 1 + K       |
| FoilTask        | the same, judged as if the next item had been asked      | 1 + K       |
| ConsistencyTask | the same, and each stage alone in another phrasing       | 1 + 2 K     |
| ForcedTask      | gold answers fed in, after the chain so far and alone    | 2 K         |

lm-eval tells a task nothing of the model. Yet whether a prompt was cut, and whether a response filled its budget, can only be
known from the model's tokenizer, and some models would be scored on garbage. `model_under_test` therefore looks for the model
where lm-eval builds its requests; where it cannot be found, `truncated` and `out_of_tokens` are N/A and nothing is refused.
"""

import inspect
import logging
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import datasets
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CachingLM
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.dummy import DummyLM

from musi.compose import SEPARATOR, render_answer, rephrased_single_prompt, single_prompt
from musi.errors import MusiError
from musi.generate import release_name
from musi.languages import count_words
from musi.metrics import (
    CONSISTENCY_METRICS,
    FOIL_METRICS,
    FORCED_METRICS,
    GENERATE_METRICS,
    Metric,
    foil_values,
    forced_values,
    generate_values,
)
from musi.release import load_split, lock_digest
from musi.samples import Sample
from musi.schema import Item, Split, read_items
from musi.score import SCORER_VERSION

log = logging.getLogger(__name__)

UNDEFINED = "N/A"  # what lm-eval prints for a missing value: retention of a model that gets nothing right alone
_TOKEN = re.compile(r"\d| (?=\d)|[^\W\d]{1,4}|[^\w\s]|\n")  # a wasteful tokenizer: every digit one by one, words in fours,
_HAN = re.compile(r"[\u2e80-\ufaff\uff00-\uffef]")  # and every Chinese character and mark in its three bytes
SLACK = 1.25
SLACK_PER_STAGE = 32
LIMITS = (64, 128, 256, *range(512, 1 << 15, 256))  # few different ones, since lm-eval batches requests of equal limits
FULL = 0.95  # of the budget: a response is encoded again, which may give a token more or less
EXAMPLE_WORDS = 12
EXAMPLE = "Here is an example.\n\n{prompt}\n\nAnswer:\n{answer}\n\nThe example ends here; now it is your turn.\n\n{asked}"


def load(
    split: Split,
    lang: str = "en",
    limit: int | None = None,
    max_words: int | None = None,
    data_dir: str | None = None,
    imported: str | None = None,
    **_: Any,
) -> dict[str, datasets.Dataset]:
    """The first `limit` items of `split` in `lang` whose gold answer has at most `max_words` words: the locked release, built
    into the cache on first use.

    `--metadata '{"data_dir": "DIR"}'` takes the files of a built directory instead; they must match the lock all the same.
    `imported` is a folder that `musi dataset import` made, of which there is no lock.
    """
    if imported is None:
        items = load_split(split, Path(data_dir) if data_dir else None, lang)
    else:
        items = list(read_items(Path(imported) / f"{split}.jsonl"))
    items = [item for item in items if max_words is None or count_words(item.answer) <= max_words][:limit]
    return {split: datasets.Dataset.from_list([item.model_dump(mode="json") for item in items])}


def value_of(metric: Metric) -> Callable[[list[Any]], float | str]:
    """An lm-eval aggregation that gives the value of a metric's estimate."""
    return lambda rows: UNDEFINED if (value := metric.estimate(rows).value) is None else value


def stderr_of(metric: Metric) -> Callable[[list[Any]], float | str]:
    """An lm-eval aggregation that gives the standard error of a metric's estimate."""
    return lambda rows: UNDEFINED if (stderr := metric.estimate(rows).stderr) is None else stderr


def model_under_test() -> LM | None:
    """The model for which lm-eval builds requests: `lm` of the `evaluate` that called us; None when there is no such call."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "evaluate" and isinstance(found := frame.f_locals.get("lm"), LM):
            if isinstance(found, CachingLM):
                log.warning("--use_cache is keyed without the model: use a new cache for every model, ProSG on and off included")
                return found.lm
            return found
        frame = frame.f_back
    return None


def refuse_garbage(model: LM | None) -> None:
    """Raise MusiError for a model that lm-eval would run in a way that changes its answers.

    Hugging Face's RWKV ignores the attention mask, so that the padding of a batch enters its state; and its configured context
    length, which lm-eval takes for the longest input, is one of training, not of the model.
    """
    config = getattr(model, "config", None)
    if getattr(config, "model_type", None) != "rwkv":
        return
    if str(getattr(model, "batch_size", 1)) != "1":
        raise MusiError("Hugging Face's RWKV ignores padding masks, so that a batch changes its answers; run with --batch_size 1")
    if not getattr(model, "_max_length", None):
        raise MusiError(
            "Hugging Face's RWKV has no longest input, but lm-eval would cut prompts to its training length; "
            "add max_length=8192 to --model_args"
        )


def count_tokens(model: LM | None, texts: Sequence[str]) -> list[int]:
    """Tokens of each text for the model; empty where they are counted by a server or not at all."""
    if isinstance(model, DummyLM):  # it would look for a tokenizer on the hub
        return []
    tokenizer = getattr(model, "tokenizer", None)
    encode = getattr(model, "tok_encode", None) or getattr(tokenizer, "encode", None)
    if tokenizer is None or encode is None or getattr(model, "tokenized_requests", True) is False:
        return []
    return [len(encode(text)) for text in texts]


@lru_cache
def worked_example() -> tuple[Item, str]:
    """The item that OneShotTask shows, and its answer: the first of validation with two short stages and nothing else."""
    for item in load_split("validation"):
        if len(item.stages) == 2 and not item.context and not item.constraints and count_words(item.answer) <= EXAMPLE_WORDS:
            return item, item.answer
    raise MusiError("validation holds no item short enough for a worked example; choose another in musi_lmeval.py")


class MusiTask(ConfigurableTask):
    """What all tasks share: contexts for the whole prompt and for each single stage, and the metrics' plumbing."""

    METRICS: dict[str, Metric]

    def __init__(self, config: dict[str, Any]) -> None:
        config = {key: value for key, value in config.items() if key != "class"}
        release = release_name((config.get("dataset_kwargs") or {}).get("lang", "en"))
        config["metadata"] = {
            **(config.get("metadata") or {}),
            "release": release,
            "lock_sha256": lock_digest(release),
            "scorer_version": SCORER_VERSION,
        }
        self.model: LM | None = None
        self.truncated: dict[str, list[bool]] = {}
        super().__init__(config=config)

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **_: Any) -> None:
        self.dataset = load(**{**self.config.metadata, **(dataset_kwargs or {})})

    def doc_to_text(self, doc: dict[str, Any], *_: Any) -> str:
        return doc["prompt"] + SEPARATOR

    def doc_to_target(self, doc: dict[str, Any], *_: Any) -> str:
        return doc["answer"]

    def prompts(self, item: Item) -> list[str]:
        """What is asked: the whole prompt, then each stage alone."""
        return [item.prompt, *(single_prompt(item, k) for k in range(len(item.stages)))]

    def fewshot_context(self, doc: dict[str, Any], *args: Any, **kwargs: Any) -> list[str]:
        """Contexts of all prompts, framed alike (chat template, system instruction)."""
        prompts = self.prompts(Item.model_validate(doc))
        return [super(MusiTask, self).fewshot_context({**doc, "prompt": prompt}, *args, **kwargs) for prompt in prompts]

    def build_all_requests(self, **kwargs: Any) -> None:
        self.model = model_under_test()
        refuse_garbage(self.model)
        super().build_all_requests(**kwargs)

    def note_truncated(self, doc: dict[str, Any], texts: list[tuple[str, int]]) -> None:
        """Note which of a document's texts the model cannot hold together with so many tokens after them."""
        longest = getattr(self.model, "max_length", 0)
        if longest is None:  # as recurrent models of ours say
            self.truncated[doc["id"]] = [False] * len(texts)
            return
        counts = count_tokens(self.model, [text for text, _ in texts])
        rooms = [room for _, room in texts]
        self.truncated[doc["id"]] = [count + room > longest for count, room in zip(counts, rooms, strict=bool(counts))]

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

    def budgets(self, item: Item) -> list[int]:
        """Tokens that each response may have; never more than half of what the model holds."""
        alone = [token_budget(render_answer([stage.answer]), 1) for stage in item.stages]
        half = (getattr(self.model, "max_length", None) or 1 << 30) // 2
        wanted = [token_budget(item.answer, len(item.stages)), *alone, *alone][: len(self.prompts(item))]
        return [min(budget, half) for budget in wanted]

    def construct_requests(self, doc: dict[str, Any], ctx: list[str], **kwargs: Any) -> list[Instance]:
        budgets = self.budgets(Item.model_validate(doc))
        self.note_truncated(doc, list(zip(ctx, budgets, strict=True)))
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
        lengths = count_tokens(self.model, results)
        filled = [length >= FULL * budget for length, budget in zip(lengths, self.budgets(item), strict=bool(lengths))]
        sample = Sample(item, tuple(results), tuple(self.truncated.get(item.id, ())), tuple(filled))
        return self.with_stderr(self.values(sample))

    def values(self, sample: Sample) -> dict[str, Any]:
        """What the item contributes to each metric."""
        return generate_values(sample)


class TwiceTask(GenerateTask):
    """The whole prompt is shown twice (Just-Read-Twice, Arora et al. 2024); the single stages once, as everywhere."""

    def prompts(self, item: Item) -> list[str]:
        whole, *singles = super().prompts(item)
        return [whole + SEPARATOR + whole, *singles]


class OneShotTask(GenerateTask):
    """Every prompt follows a worked example of its own form: of two stages, or of one."""

    def prompts(self, item: Item) -> list[str]:
        example, answer = worked_example()
        whole, *singles = super().prompts(item)
        single = {"prompt": single_prompt(example, 0), "answer": render_answer([example.stages[0].answer])}
        return [
            EXAMPLE.format(prompt=example.prompt, answer=answer, asked=whole),
            *(EXAMPLE.format(**single, asked=asked) for asked in singles),
        ]


class ConsistencyTask(GenerateTask):
    """Each stage is asked alone once more, in another phrasing: what looks like forgetting without any."""

    METRICS = CONSISTENCY_METRICS

    def prompts(self, item: Item) -> list[str]:
        return [*super().prompts(item), *(rephrased_single_prompt(item, k) for k in range(len(item.stages)))]


class FoilTask(GenerateTask):
    """Responses are judged as answers to the next item of the split, whose gold they are not: what passes, passes by chance."""

    METRICS = FOIL_METRICS

    def values(self, sample: Sample) -> dict[str, Any]:
        items = self.split_items()
        return foil_values(sample, items[(sample.item.index + 1) % len(items)])

    @lru_cache(maxsize=1)  # noqa: B019  (as long as the task itself)
    def split_items(self) -> list[Item]:
        return load_split(self.config.test_split)


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
        self.note_truncated(doc, [(f"{context}\n{answer}", -1) for context, answer in zip(contexts, answers * 2, strict=True)])
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
        item = Item.model_validate(doc)
        sample = Sample(item, tuple(results), tuple(self.truncated.get(item.id, ())))
        return self.with_stderr(forced_values(sample, results))


def token_budget(answer: str, n_stages: int) -> int:
    """Tokens a response may have: what the gold answer costs under a wasteful tokenizer, and a quarter more, and some a stage."""
    wanted = SLACK * len(_TOKEN.findall(_HAN.sub("###", answer))) + SLACK_PER_STAGE * n_stages
    return next((limit for limit in LIMITS if limit >= wanted), LIMITS[-1])
