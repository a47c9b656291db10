"""Load every task deeply: lm-eval itself skips a YAML that does not parse and passes a task whose data or metrics are broken.

For each YAML file: it is indexed and its class loads; its data match the locked release; the requests of some items are built;
gold answers score 1, empty ones 0; and every metric that is emitted has an aggregation, a direction and a standard error.
"""

import math
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.tasks import TaskManager

from musi.compose import render_answer
from musi.errors import MusiError

PROBED_ITEMS = 5
LOG_LIKELIHOODS = {True: -1.0, False: -50.0}


def check(folder: Path) -> list[str]:
    """One line per task in `folder`, saying what was found.

    Raises MusiError naming the YAML file and the fault.
    """
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    lines = []
    for path in sorted(folder.glob("*.yaml")):
        name = path.stem
        if name not in manager.all_tasks:
            raise MusiError(
                f"{path}: lm-eval finds no task {name!r} here; see that the YAML parses and that `task:` is the file's name"
            )
        try:
            task = manager.load([name])["tasks"][name]
        except MusiError:
            raise
        except Exception as error:
            raise MusiError(f"{path}: does not load: {type(error).__name__}: {str(error).partition(chr(10))[0]}") from error
        lines.append(f"{name}: {len(task.eval_docs):,} items, {_check_task(task, path)} metrics, version {task.VERSION}")
    if not lines:
        raise MusiError(f"{folder}: holds no task YAML; install musi again")
    return lines


def _check_task(task: Any, path: Path) -> int:
    docs = [task.eval_docs[i] for i in range(min(PROBED_ITEMS, len(task.eval_docs)))]
    emitted: dict[str, list[Any]] = {}
    for good in (True, False):
        for i, doc in enumerate(docs):
            context = task.fewshot_context(doc, 0)
            requests = task.construct_requests(doc, context, metadata=(task.config.task, i, 1))
            for name, value in task.process_results(doc, _responses(task, doc, requests, good)).items():
                emitted.setdefault(f"{name}/{good}", []).append(value)
    aggregation, direction = task.aggregation(), task.higher_is_better()
    names = {key.split("/")[0] for key in emitted}
    metrics = sorted(name for name in names if not name.endswith("_stderr"))
    for name in metrics:
        for needed, table in ((name, aggregation), (f"{name}_stderr", aggregation), (name, direction), (f"{name}_stderr", names)):
            if needed not in table:
                raise MusiError(f"{path}: metric {name!r} lacks {needed!r}; see METRICS in musi_lmeval.py")
        best = aggregation[name](emitted[f"{name}/True"])
        worst = aggregation[name](emitted[f"{name}/False"])
        if direction[name] and (best == "N/A" or not math.isclose(best, 1.0) or worst not in (0.0, "N/A")):
            raise MusiError(f"{path}: {name} is {best} for gold answers, {worst} for empty ones; mend the task or the scorer")
    return len(metrics)


def _responses(task: Any, doc: dict[str, Any], requests: list[Instance], good: bool) -> list[Any]:
    """What a model would answer that knows everything, or nothing."""
    if task.OUTPUT_TYPE == "loglikelihood":
        return [(LOG_LIKELIHOODS[good], good) for _ in requests]
    answers = [doc["answer"], *(render_answer([stage["answer"]]) for stage in doc["stages"])]
    return [answer if good else "" for answer in answers]
