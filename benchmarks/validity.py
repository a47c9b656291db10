"""What the measure measures: models of known memory and ability, simulated as texts and scored like any other.

    python benchmarks/validity.py --json           # all of test_iid, about two minutes on one core
    python benchmarks/validity.py --items 100      # a rehearsal

The models answer with the gold text under the right headers. Memory: an answer that begins after so many words of the response
is replaced by `lost`. Ability: an answer is replaced by `lost` at random, in the chain and alone alike.

| key         | what                                                                                                 |
|-------------|------------------------------------------------------------------------------------------------------|
| `answers`   | accuracy in the chain and alone, strict and loose, of gold, empty and echoed answers; foils          |
| `half_life` | memories that halve every so many words, under several abilities: fitted half-life                   |
| `cliff`     | a memory that ends after so many words: retention by distance, and what the exponential makes of it  |
| `ability`   | one memory under falling ability: retention, consistency, adjusted retention                         |
"""

# ruff: noqa: E402  (the path must be set before the imports: this folder's statistics.py hides the standard library's)
import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).parents[1])

from musi.compose import render_answer
from musi.languages import count_words
from musi.metrics import estimates, foil_values, generate_values
from musi.release import load_split
from musi.report import report_task
from musi.retention import half_life
from musi.samples import Sample, outcomes, score_samples
from musi.schema import Item

LOST = "lost"
Lifetime = Callable[[], float]
ACCURACIES = ("stage_acc", "single_acc", "stage_acc_loose", "single_acc_loose")


def respond(item: Item, stages: Sequence[int], lifetime: float, able: Callable[[], bool]) -> str:
    """Gold answers of the given stages; those that begin after `lifetime` words are lost, and so are those without ability."""
    answers, words = [], 0
    for k in stages:
        gold = item.stages[k].answer
        answers.append(gold if words <= lifetime and able() else LOST)
        words += count_words(gold)
    return render_answer(answers)


def simulate(items: Sequence[Item], lifetime: Lifetime, able: float = 1.0, again: bool = False, seed: int = 0) -> list[Sample]:
    """Samples of every item: the whole chain, each stage alone, and perhaps each alone again."""
    rng = random.Random(seed)

    def lucky() -> bool:
        return rng.random() < able

    samples = []
    for item in items:
        every = list(range(len(item.stages)))
        alone = [respond(item, [k], float("inf"), lucky) for k in every * (2 if again else 1)]
        samples.append(Sample(item, (respond(item, every, lifetime(), lucky), *alone)))
    return samples


def halving(words: float, seed: int = 1) -> Lifetime:
    """Lifetimes of a memory that halves every `words` words."""
    rng = random.Random(seed)
    return lambda: rng.expovariate(0.6931471805599453 / words)


def answers(items: Sequence[Item]) -> dict[str, dict[str, float]]:
    """Accuracies of models that know all, that say nothing, that repeat their prompt; and of gold judged as another item's."""
    gold = simulate(items, lambda: float("inf"))
    kinds = {
        "gold": gold,
        "empty": [Sample(item, ("",) * (1 + len(item.stages))) for item in items],
        "echo": [Sample(item, (item.prompt,) * (1 + len(item.stages))) for item in items],
    }
    found = {}
    for kind, samples in kinds.items():
        values = estimates([generate_values(sample) for sample in samples])
        found[kind] = {name: round(values[name].value or 0.0, 4) for name in ACCURACIES}
    values = estimates([foil_values(sample, items[(i + 1) % len(items)]) for i, sample in enumerate(gold)])
    found["foil"] = {name: round(values[f"foil_{name}"].value or 0.0, 4) for name in ACCURACIES}
    return found


def half_lives(items: Sequence[Item]) -> list[dict[str, Any]]:
    """The fitted half-life of each true one."""
    rows = []
    for words in (40.0, 120.0):
        for able in (1.0, 0.6):
            fit = half_life(outcomes(score_samples(simulate(items, halving(words), able))))
            rows.append({"true": words, "ability": able, "words": fit.words, "low": fit.low, "high": fit.high})
    return rows


def cliff(items: Sequence[Item], words: float = 100.0) -> dict[str, Any]:
    """All kept up to `words` words and nothing after."""
    samples = simulate(items, lambda: words)
    data = report_task(samples, score_samples(samples))
    curve = {f"{row['from']}-{row['to']}": round(row["value"], 4) for row in data["curve"] if row["value"] is not None}
    return {"true": words, "curve": curve, "half_life": data["half_life"]["words"]}


def abilities(items: Sequence[Item], words: float = 120.0) -> list[dict[str, Any]]:
    """The same memory under falling ability."""
    rows = []
    for able in (1.0, 0.8, 0.6, 0.4):
        samples = simulate(items, halving(words), able, again=True)
        data = report_task(samples, score_samples(samples))
        shown = {name: data[name] for name in ("single_acc", "retention", "consistency", "adjusted_retention")}
        rows.append(
            {
                "ability": able,
                **{name: {end: round(each[end], 4) for end in ("value", "low", "high")} for name, each in shown.items()},
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    parser.add_argument("--items", type=int, default=1000, help="items of test_iid")
    options = parser.parse_args()
    items = load_split("test_iid")[: options.items]
    data = {
        "items": len(items),
        "answers": answers(items),
        "half_life": half_lives(items),
        "cliff": cliff(items),
        "ability": abilities(items),
    }
    if options.json:
        print(json.dumps(data, indent=2))
    else:
        for name, value in data.items():
            print(name, value)


if __name__ == "__main__":
    main()
