"""Run random items of a submission again, with its weights at hand: do they give what was submitted?

A pass makes `re-scored` into `re-run`. Responses may differ in a word on other hardware; verdicts hardly do, so both are counted
and the verdicts decide.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leaderboards.check import check
from leaderboards.evidence import fingerprint
from leaderboards.specs import TASK_FILES, TaskSpec, gold
from leaderboards.submission import Submission
from musi.errors import MusiError
from musi.metrics import Values, forced_values, generate_values
from musi.samples import Sample
from musi.schema import Item

SAFE_MODELS = ("hf", "prosg-rwkv", "musi-gold")  # those that `--model_args` of a stranger cannot make run a stranger's code …
SAFE_ARGUMENTS = frozenset(  # … with these arguments
    (
        "pretrained",
        "prosg",
        "dtype",
        "revision",
        "max_length",
        "tokenizer",
        "add_bos_token",
        "prefix_token_id",
        "parallelize",
        "device",
    )
)
MIN_AGREEMENT = 0.95


@dataclass(frozen=True)
class Rerun:
    """What came out, over all tasks: items, verdicts compared and equal, whole responses and equal ones; the seed."""

    items: int
    verdicts: int
    equal: int
    responses: int
    identical: int
    seed: int

    @property
    def passed(self) -> bool:
        return self.equal >= MIN_AGREEMENT * self.verdicts

    def summary(self) -> str:
        """One line, fit for the log of decisions."""
        return (
            f"{self.items} random items (seed {self.seed}): {self.equal} of {self.verdicts} verdicts the same, "
            f"{self.identical} of {self.responses} whole responses the same to the byte"
        )


def rerun(folder: Path, items: int, seed: int | None = None, model_args: str | None = None, batch_size: int = 8) -> Rerun:
    """Check a submission, then run `items` random items of each of its tasks with the model its card names.

    `model_args` stands in for the card's, such as the path of the weights on this machine. Nobody can know the draw beforehand:
    without a `seed`, the system's random source gives one. Raises MusiError when the check fails, or when the card's own
    arguments could make lm-eval run a stranger's code.
    """
    checked = check(folder)
    card = checked.submission
    arguments = card.model_args if model_args is None else model_args
    if model_args is None:
        _refuse_unsafe(folder, card)
    seed = secrets.randbelow(2**32) if seed is None else seed
    n = verdicts = equal = responses = identical = 0
    for result in checked.tasks.values():
        chosen = sorted(random.Random(seed).sample(range(result.spec.items), min(items, result.spec.items)))
        rows = _run(result.spec, card, arguments, chosen, batch_size)
        n += len(chosen)
        for position, row in zip(chosen, rows, strict=True):
            answer = result.answers[position]
            values, response = _values(result.spec, answer.item, row)
            metric = "retention" if result.spec.kind == "generate" else "forced_retention"
            for ours, theirs in zip(values[metric], answer.values[metric], strict=True):
                verdicts += 2
                equal += (ours[0] == theirs[0]) + (ours[1] == theirs[1])
            if response is not None:
                responses += 1
                identical += fingerprint(response) == answer.fingerprint
    return Rerun(n, verdicts, equal, responses, identical, seed)


def _refuse_unsafe(folder: Path, card: Submission) -> None:
    names = {part.split("=", 1)[0].strip() for part in card.model_args.split(",") if part}
    if card.model not in SAFE_MODELS or not names <= SAFE_ARGUMENTS:
        what = card.model if card.model not in SAFE_MODELS else sorted(names - SAFE_ARGUMENTS)[0]
        raise MusiError(
            f"{folder}: asks for {what!r}, which could run code of the submitter; give arguments that you trust with --model-args"
        )


def _run(spec: TaskSpec, card: Submission, arguments: str, chosen: Sequence[int], batch_size: int) -> list[Mapping[str, Any]]:
    """lm-eval's samples of the chosen items, in their order."""
    import lm_eval
    import lm_eval.models
    from lm_eval.tasks import TaskManager

    import leaderboards.oracle  # noqa: F401
    import prosg_ref.harness  # noqa: F401  both register their model

    results = lm_eval.simple_evaluate(
        model=card.model,
        model_args=arguments,
        tasks=[spec.name],
        samples={spec.name: list(chosen)},
        batch_size=batch_size,
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=card.decoding.chat_template,
        system_instruction=card.decoding.system_instruction,
        task_manager=TaskManager(include_path=[str(TASK_FILES)], include_defaults=False),
    )
    by_id = {row["doc"]["id"]: row for row in results["samples"][spec.name]}
    return [by_id[gold(spec)[position].id] for position in chosen]


def _values(spec: TaskSpec, item: Item, row: Mapping[str, Any]) -> tuple[Values, str | None]:
    """What a fresh sample is worth, and its whole response if there is one."""
    given = [each[0] for each in row["resps"]]
    if spec.kind == "forced":
        return forced_values(Sample(item, tuple(given)), [(float(nats), str(greedy) == "True") for nats, greedy in given]), None
    return generate_values(Sample(item, tuple(given))), given[0]
