"""Models that know the gold answers and forget them, run through lm-eval in this process; and edits of what was submitted."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lm_eval
import numpy as np
import yaml
import zstandard
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

from leaderboards.record import EntryRecord
from leaderboards.submission import CARD, write_sums
from musi.compose import SEPARATOR
from musi.metrics import estimates, generate_values
from musi.samples import Sample
from musi.schema import Item
from tests.models import gold_answers

TASK_FILES = Path(__file__).parents[2] / "tasks"
Rows = list[dict[str, Any]]


class Forgetful(LM):
    """Answers with the gold text, but writes a wrong word for every line that begins after `words` words of a response."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words = words
        self.gold = gold_answers()

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        return [self.answer(self.gold[request.args[0].removesuffix(SEPARATOR)]) for request in requests]

    def answer(self, gold: str) -> str:
        lines, words = [], 0
        for line in gold.split("\n"):
            lines.append(line if line.startswith("[") or words < self.words else "forgotten")
            words += len(line.split())
        return "\n".join(lines)

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        return [(-len(request.args[1]) * 0.25, len(request.args[0]) % 2 == 0) for request in requests]

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError

    def get_model_info(self) -> dict[str, Any]:
        return {"model_num_parameters": 430_000, "state_bytes": 5_120}


class Silent(Forgetful):
    """Answers nothing at all: passes no stage, not even alone."""

    def answer(self, gold: str) -> str:
        return ""


def run(model: LM, task: str, out: Path, limit: int | None = None) -> Path:
    """Run a task with lm-eval's own evaluator and save it with lm-eval's own tracker; returns the results folder."""
    tracker = EvaluationTracker(output_path=str(out))
    results = lm_eval.simple_evaluate(
        model=model,
        tasks=[task],
        limit=limit,
        bootstrap_iters=0,
        log_samples=True,
        evaluation_tracker=tracker,
        task_manager=TaskManager(include_path=[str(TASK_FILES)], include_defaults=False),
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    tracker.save_results_samples(task_name=task, samples=samples[task])
    return out


def only(folder: Path, pattern: str) -> Path:
    """The one file of a folder that fits a pattern."""
    (path,) = folder.rglob(pattern)
    return path


def write_samples(path: Path, content: bytes) -> None:
    """Replace a packed sample file."""
    path.write_bytes(zstandard.compress(content, 3))


def read_rows(folder: Path) -> Rows:
    """The samples of a submission."""
    text = zstandard.decompress(only(folder, "samples_*.jsonl.zst").read_bytes())
    return [json.loads(line) for line in text.split(b"\n") if line]


def cover(rows: Rows) -> str:
    """What a careful forger does after an edit: filtered responses and hashes made again; returns the hash of the task."""
    total = ""
    for row in rows:
        row["filtered_resps"] = [each[0] for each in row["resps"] if isinstance(each, list) and each]
        prompt = row.get("arguments", {}).get("gen_args_0", {}).get("arg_0", "")
        prompt = prompt[0] if isinstance(prompt, list) else prompt
        texts = (json.dumps(row["doc"], indent=2, ensure_ascii=False), prompt, str(row.get("target")))
        for name, text in zip(("doc_hash", "prompt_hash", "target_hash"), texts, strict=True):
            row[name] = hashlib.sha256(text.encode()).hexdigest()
            total += row[name]
    return hashlib.sha256(total.encode()).hexdigest()


def edit_rows(folder: Path, edit: Callable[[Rows], Any], covered: bool = True) -> None:
    """Change the samples of a submission, and cover the tracks; `edit` changes the rows in place or returns other rows."""
    path = only(folder, "samples_*.jsonl.zst")
    rows = read_rows(folder)
    edited = edit(rows)
    if isinstance(edited, list) and isinstance(edited[0], dict):
        rows = edited
    if covered:
        task = path.name.removeprefix("samples_").split("_20")[0]
        total = cover(rows)
        edit_results(folder, lambda results: results["task_hashes"].__setitem__(task, total))
    write_samples(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8"))
    write_sums(folder)


def edit_results(folder: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change lm-eval's results file of a submission in place."""
    path = only(folder, "results_*.json")
    value = json.loads(path.read_text("utf-8"))
    edit(value)
    path.write_text(json.dumps(value), "utf-8")
    write_sums(folder)


def edit_card(folder: Path, **fields: Any) -> None:
    """Change fields of a submission's card."""
    path = folder / CARD
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text("utf-8")), **fields}, allow_unicode=True), "utf-8")
    write_sums(folder)


def many(record: EntryRecord, count: int) -> list[EntryRecord]:
    """`count` records like this one, each under its own name, and with every figure its own."""
    rng = np.random.default_rng(0)
    made = []
    for n in range(count):
        tasks = {}
        for name, task in record.tasks.items():
            kept = [int(each) for each in rng.binomial(task.alone, rng.uniform(0.05, 0.95))]
            value = sum(kept) / max(1, sum(task.alone))
            shown = {key: replace(each, value=value, low=value - 0.02, high=value + 0.02) for key, each in task.estimates.items()}
            shown |= {key: each for key, each in task.estimates.items() if key.endswith("single_acc")}
            tasks[name] = replace(task, kept=kept, estimates=shown, wrong=[f"{n}"] * len(task.wrong))
        card = record.submission.model_copy(update={"name": f"model {n}", "parameters": int(10 ** rng.uniform(6, 11))})
        made.append(replace(record, id=f"model-{n}", submission=card, tasks=tasks))
    return made


def answer_with(folder: Path, answer: Callable[[Item, int | None, str], str]) -> None:
    """Make a sound submission of other responses: `answer(item, stage or None for the whole prompt, old response)` gives each."""
    path = only(folder, "samples_*.jsonl.zst")
    task = path.name.removeprefix("samples_").split("_20")[0]
    rows, values = read_rows(folder), []
    for row in rows:
        item = Item.model_validate(row["doc"])
        stages = [None, *range(len(item.stages))]
        row["resps"] = [[answer(item, k, old[0])] for k, old in zip(stages, row["resps"], strict=True)]
        values.append(generate_values(Sample(item, tuple(each[0] for each in row["resps"]))))
        for name, value in values[-1].items():
            row[name] = row[f"{name}_stderr"] = value
    total = cover(rows)

    def claim(results: dict[str, Any]) -> None:
        results["task_hashes"][task] = total
        for name, estimate in estimates(values).items():
            results["results"][task][f"{name},none"] = "N/A" if estimate.value is None else estimate.value
            results["results"][task][f"{name}_stderr,none"] = "N/A" if estimate.stderr is None else estimate.stderr

    edit_results(folder, claim)
    write_samples(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8"))
    write_sums(folder)
