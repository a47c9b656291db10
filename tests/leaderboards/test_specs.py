"""The board's list of tasks is the one that lm-eval runs."""

import yaml

from leaderboards.specs import TASKS
from tests.leaderboards.support import TASK_FILES


class Loader(yaml.SafeLoader):
    """Reads lm-eval's `!function` tags as text."""


Loader.add_constructor("!function", lambda loader, node: str(node.value))


CONTROLS = {"musi_1shot", "musi_consistency", "musi_foil"}  # tasks that have no place on the board


def test_tasks_agree_with_the_task_files():
    seen = {}
    for path in TASK_FILES.glob("musi_*.yaml"):
        config = yaml.load(path.read_text("utf-8"), Loader)
        base = yaml.load((path.parent / config["include"]).read_text("utf-8"), Loader) if "include" in config else {}
        metadata = {**base.get("metadata", {}), **config.get("metadata", {})}
        kind = "forced" if base.get("output_type") == "loglikelihood" else "generate"
        data = {
            "limit": 1_000,
            "max_words": None,
            "lang": "en",
            **base.get("dataset_kwargs", {}),
            **config.get("dataset_kwargs", {}),
        }
        twice = "TwiceTask" in config.get("class", "")
        seen[config["task"]] = (kind, data["split"], data["limit"], data["max_words"], metadata["version"], data["lang"], twice)
    specs = TASKS.values()
    wanted = {s.name: (s.kind, s.split, s.items, s.max_words, s.version, s.lang, s.twice) for s in specs}
    assert {name: row for name, row in seen.items() if name not in CONTROLS} == wanted
