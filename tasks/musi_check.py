"""Load every task deeply: lm-eval itself skips a YAML that does not parse and passes a task whose data or metrics are broken.

For each task that is promised below: its YAML is indexed and its class loads; its items are the promised ones of the locked
release, in order; the requests of some items hold the prompts and leave room for the gold answers; gold answers score 1, those of
another item, the echoed prompt and empty ones 0; and every metric that is emitted has an aggregation, a direction and a standard
error, and none of the promised ones is missing. A group's tasks are the promised ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.tasks import TaskManager

from musi.compose import render_answer
from musi.errors import MusiError
from musi.languages import LANGUAGES, count_words
from musi.metrics import CONSISTENCY_METRICS, FOIL_METRICS, FORCED_METRICS, GENERATE_METRICS
from musi.release import load_split
from musi.schema import Item, Split

PROBED_ITEMS = 5
TOKENS_PER_WORD = 1.3  # of an ordinary tokenizer; a budget below that would cut gold answers


@dataclass(frozen=True)
class Promise:
    """What a task's name stands for: items of a split, texts a document (a per stage, b besides), and metrics."""

    split: Split = "test_iid"
    lang: str = "en"
    limit: int | None = None
    max_words: int | None = None
    texts: tuple[int, int] = (1, 1)
    metrics: frozenset[str] = frozenset(GENERATE_METRICS)

    def items(self) -> list[Item]:
        items = load_split(self.split, lang=self.lang)
        return [item for item in items if self.max_words is None or count_words(item.answer) <= self.max_words][: self.limit]


PROMISES = {
    "musi_1shot": Promise(limit=100, max_words=120),
    "musi_consistency": Promise(texts=(2, 1), metrics=frozenset(CONSISTENCY_METRICS)),
    "musi_foil": Promise(metrics=frozenset(FOIL_METRICS)),
    "musi_forced": Promise(texts=(2, 0), metrics=frozenset(FORCED_METRICS)),
    "musi_generate": Promise(),
    "musi_ood": Promise(split="test_ood"),
    "musi_quick": Promise(limit=100, max_words=120),
    "musi_twice": Promise(),
} | {f"musi_{lang}": Promise(lang=lang) for lang in LANGUAGES if lang != "en"}
GROUPS = {"musi": ("musi_forced", "musi_generate")}


def check(folder: Path, names: Sequence[str] = ()) -> list[str]:
    """One line per task or group in `folder`, or per one of `names`, saying what was found.

    Raises MusiError naming the YAML file and the fault.
    """
    if unknown := sorted(set(names) - PROMISES.keys() - GROUPS.keys()):
        raise MusiError(f"{unknown[0]!r} is no task of MuSI; it has {', '.join(sorted(PROMISES | GROUPS))}")
    if strange := sorted({path.stem for path in folder.glob("*.yaml")} - PROMISES.keys() - GROUPS.keys()):
        raise MusiError(f"{folder / strange[0]}.yaml: is not promised in musi_check.py; add there what it stands for")
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    return [_check_name(manager, folder / f"{name}.yaml") for name in (names or sorted(PROMISES | GROUPS))]


def _check_name(manager: TaskManager, path: Path) -> str:
    name = path.stem
    if name not in (manager.all_groups if name in GROUPS else manager.all_tasks):
        raise MusiError(f"{path}: lm-eval finds no {name!r} here; see that the YAML is there, parses and says the file's name")
    try:
        loaded = manager.load([name])
    except MusiError:
        raise
    except Exception as error:
        raise MusiError(f"{path}: does not load: {type(error).__name__}: {str(error).partition(chr(10))[0]}") from error
    if name in GROUPS:
        if sorted(loaded["tasks"]) != sorted(GROUPS[name]):
            raise MusiError(f"{path}: holds {', '.join(sorted(loaded['tasks']))}; should hold {', '.join(GROUPS[name])}")
        return f"{name}: {', '.join(GROUPS[name])}"
    task = loaded["tasks"][name]
    _check_data(task, path)
    _check_requests(task, path)
    return f"{name}: {len(task.eval_docs):,} items, {_check_metrics(task, path)} metrics, version {task.VERSION}"


def _check_data(task: Any, path: Path) -> None:
    wanted = [item.id for item in PROMISES[path.stem].items()]
    found = task.eval_docs["id"]
    if list(found) != wanted:
        raise MusiError(
            f"{path}: its {len(found):,} items are not the {len(wanted):,} promised, the first being {wanted[0]}; "
            "mend `dataset_kwargs`"
        )


def _probed(task: Any) -> list[tuple[dict[str, Any], list[Instance]]]:
    made = []
    for i in range(min(PROBED_ITEMS, len(task.eval_docs))):
        doc = task.eval_docs[i]
        made.append((doc, task.construct_requests(doc, task.fewshot_context(doc, 0), metadata=(task.config.task, i, 1))))
    return made


def _check_requests(task: Any, path: Path) -> None:
    per_stage, besides = PROMISES[path.stem].texts
    for doc, requests in _probed(task):
        n = len(doc["stages"])
        if len(requests) != per_stage * n + besides:
            raise MusiError(f"{path}: {len(requests)} requests for {n} stages, not {per_stage * n + besides}; mend `prompts`")
        for k, request in enumerate(requests):
            context, rest = request.args
            whole = k < (1 if besides else n)
            if whole and doc["prompt"] not in context:
                raise MusiError(f"{path}: request {k} of {doc['id']} lacks the item's prompt; mend `prompts`")
            if not whole and doc["prompt"] in context:
                raise MusiError(f"{path}: request {k} of {doc['id']} should ask a stage alone; mend `prompts`")
            if besides:
                answer = doc["answer"] if whole else doc["stages"][(k - 1) % n]["answer"]
                if rest["until"] or rest["do_sample"] or rest["max_gen_toks"] < TOKENS_PER_WORD * count_words(answer):
                    raise MusiError(f"{path}: request {k} of {doc['id']} would cut or draw its answer: {rest}; mend `budgets`")


def _check_metrics(task: Any, path: Path) -> int:
    aggregation, direction = task.aggregation(), task.higher_is_better()
    promised = PROMISES[path.stem].metrics
    values: dict[str, dict[str, list[Any]]] = {}
    for kind in ("gold", "foreign", "echo", "empty"):
        values[kind] = {}
        for doc, requests in _probed(task):
            for name, value in task.process_results(doc, _responses(task, doc, requests, kind)).items():
                values[kind].setdefault(name, []).append(value)
    names = values["gold"].keys()
    if missing := sorted(promised - names):
        raise MusiError(f"{path}: metric {missing[0]!r} is not emitted; see `values` in musi_lmeval.py")
    for name in sorted(name for name in names if not name.endswith("_stderr")):
        for needed, table in ((name, aggregation), (f"{name}_stderr", aggregation), (name, direction), (f"{name}_stderr", names)):
            if needed not in table:
                raise MusiError(f"{path}: metric {name!r} lacks {needed!r}; see METRICS in musi_lmeval.py")
        for kind, rows in values.items():
            found = aggregation[name](rows[name])
            if not _as_expected(name, kind, found, direction[name]):
                raise MusiError(f"{path}: {name} is {found} for {kind} answers; mend the task or the scorer")
    return len(promised)


def _as_expected(name: str, kind: str, found: Any, higher_is_better: bool) -> bool:
    if name in ("truncated", "out_of_tokens"):
        return found == "N/A"  # no model is at hand
    if name.startswith("foil"):
        return found == 0 or (kind == "gold" and found < 0.2) or kind == "foreign"
    if not higher_is_better:
        return math.isfinite(found)
    if kind == "gold":
        return found != "N/A" and math.isclose(found, 1.0)
    if kind == "empty":
        return found in (0.0, "N/A")
    return name.startswith(("completed", "order", "constraint")) or found == "N/A" or found < 0.2


def _responses(task: Any, doc: dict[str, Any], requests: list[Instance], kind: str) -> list[Any]:
    """What a model would answer that knows all, that answers another item, that repeats the prompt, or that says nothing."""
    if task.OUTPUT_TYPE == "loglikelihood":
        good = kind == "gold"
        return [(-1.0 if good else -50.0, good) for _ in requests]
    if kind == "foreign":
        doc = task.eval_docs[PROBED_ITEMS]
    answers = [stage["answer"] for stage in doc["stages"]]
    texts = {
        "gold": [doc["answer"], *(render_answer([answer]) for answer in answers * 2)],
        "foreign": [doc["answer"], *(render_answer([answers[0]]) for _ in requests)],
        "echo": [request.args[0] for request in requests],
        "empty": [""] * len(requests),
    }
    return texts[kind][: len(requests)]
