"""Stages built per second on one core, against the tasks that reasoning-gym builds per second, in the same run.

    pip install reasoning-gym && OMP_NUM_THREADS=1 python benchmarks/stages.py --json

A stage of ours comes inside an item: with phrasing, context, rules, gold answer, prompt, and drawn from its split's share of all
problems. A task of reasoning-gym is a question with its answer. Items are those of the release's splits, in its proportions.
Repeats of both are interleaved; the figure is CPU time of this process, median over the repeats.
"""

# ruff: noqa: E402  (the path must be set before the imports that look at it)
import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

from musi.generate import SIZES, build_item

TASKS = (
    "basic_arithmetic",
    "calendar_arithmetic",
    "chain_sum",
    "gcd",
    "letter_counting",
    "letter_jumble",
    "number_filtering",
    "number_sorting",
    "spell_backward",
    "time_intervals",
    "word_sequence_reversal",
    "word_sorting",
)
UNIT = 100  # of every 22 units, train has 19


def ours(start: int) -> float:
    """Stages per second over one slice of every split."""
    begin, stages = time.process_time(), 0
    for split, count in SIZES.items():
        share = count * UNIT // 1_000
        stages += sum(len(build_item(split, index).stages) for index in range(start * share, (start + 1) * share))
    return stages / (time.process_time() - begin)


def theirs(seed: int) -> dict[str, float]:
    """Tasks per second of each task."""
    import reasoning_gym

    speeds = {}
    for name in TASKS:
        data = reasoning_gym.create_dataset(name, size=1_000, seed=seed)
        begin = time.process_time()
        for index in range(1_000):
            data[index]
        speeds[name] = 1_000 / (time.process_time() - begin)
    return speeds


def main() -> None:
    """Measure and print; the last line is one JSON object under --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    ours(0), theirs(0)
    runs = [(ours(i % 9), theirs(i)) for i in range(options.repeats)]
    stages = statistics.median(own for own, _ in runs)
    each = {name: statistics.median(speeds[name] for _, speeds in runs) for name in TASKS}
    together = len(TASKS) / sum(1 / speed for speed in each.values())  # tasks in all over seconds in all
    result = {
        "stages_per_s": round(stages),
        "reasoning_gym_tasks_per_s": round(together),
        "reasoning_gym_by_task": {name: round(speed) for name, speed in each.items()},
        "stages_vs_reasoning_gym": round(stages / together, 3),
    }
    for name, value in result.items():
        print(f"{name:28}{value}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
