"""The board's list of tasks is the one that lm-eval runs."""

import yaml

from leaderboards.specs import TASKS
from tests.leaderboards.support import TASK_FILES


class Loader(yaml.SafeLoader):
    """Reads lm-eval's `!function` tags as text."""


Loader.add_constructor("!function", lambda loader, node: str(node.value))


def test_tasks_agree_with_the_task_files():
    seen = {}
    for path in (TASK_FILES / f"{name}.yaml" for name in TASKS):
        config = yaml.load(path.read_text("utf-8"), Loader)
        base = yaml.load((path.parent / config["include"]).read_text("utf-8"), Loader) if "include" in config else {}
        metadata = {**base.get("metadata", {}), **config.get("metadata", {})}
        kind = "forced" if base.get("output_type") == "loglikelihood" else "generate"
        data = {"limit": 1_000, "max_words": None, **base["dataset_kwargs"], **config.get("dataset_kwargs", {})}
        seen[config["task"]] = (kind, data["split"], data["limit"], data["max_words"], metadata["version"])
    specs = TASKS.values()
    assert seen == {spec.name: (spec.kind, spec.split, spec.items, spec.max_words, spec.version) for spec in specs}
