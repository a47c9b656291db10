"""How often the intervals hold the truth, and what random ability does to retention: models with known memory, simulated.

    python benchmarks/statistics.py --json                      # about two minutes on one core
    python benchmarks/statistics.py --simulations 50            # a rehearsal

Items (their stages and distances) are drawn from test_iid with replacement, so that the truth is a sum over that split. A stage
is kept with probability r0 · 2^(-d / h). `alike` is the correlation of a normal variable behind the stages of one item, which
leaves each stage's probability as it is: 0 are independent stages, 0.5 makes an item tend to be kept or lost as a whole.

| key                  | what                                                                                                  |
|----------------------|-------------------------------------------------------------------------------------------------------|
| `retention_coverage` | share of 95 % intervals that hold the true retention, over all cases of `retention`                   |
| `half_life_coverage` | the same for the half-life, over all cases of `half_life`                                             |
| `retention`          | each case, with the percentile bootstrap (1,000 resamples of items) on the same data beside it        |
| `edge`               | the same where often nothing, or everything, is kept                                                  |
| `noise`              | memory known, ability random: retention, retention / consistency, adjusted retention, and their bias  |

Kinds of noise: `run`, every answer is right with the stage's probability, anew each time; `phrasing`, the phrasing decides:
chain and single, which share it, agree, and the other phrasing is drawn anew; `both`, one half of either. `spread` makes the
probabilities differ between stages (Beta of that standard deviation); `linked` forgets hard stages more: memory to the power
2(1 - ability).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import sysconfig
from pathlib import Path
from typing import Any

if __name__ == "statistics":  # a script beside this one wants the standard library's module
    spec = importlib.util.spec_from_file_location(__name__, Path(sysconfig.get_path("stdlib")) / "statistics.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018
    sys.modules[__name__] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[__name__])
else:
    sys.path[0] = str(Path(__file__).parents[1])

    import numpy as np
    from scipy.stats import norm

    from musi.release import load_split
    from musi.retention import Estimate, Outcomes, adjusted_retention, consistency, half_life, retention

RETENTION_CASES = [
    {"items": items, "ability": ability, "r0": r0, "words": words, "alike": alike}
    for items in (100, 1000)
    for ability, r0, words in ((0.8, 0.9, 100.0), (0.3, 0.9, 100.0), (0.8, 0.4, 60.0), (0.9, 0.97, 2000.0), (0.3, 0.15, 300.0))
    for alike in (0.0, 0.5)
]
HALF_LIFE_CASES = [
    {"items": items, "ability": 0.8, "r0": r0, "words": words, "alike": alike}
    for items, r0, words in ((100, 0.9, 50.0), (100, 0.95, 150.0), (300, 0.6, 100.0), (300, 1.0, 80.0), (1000, 0.95, 150.0))
    for alike in (0.0, 0.5)
]
EDGE_CASES = [
    {"items": 100, "ability": ability, "r0": r0, "words": float("inf"), "alike": alike}
    for ability, r0 in ((0.3, 0.005), (0.3, 0.02), (0.8, 0.995), (0.05, 0.5))
    for alike in (0.0, 0.9)
]
NOISE_CASES = [
    {"kind": kind, "ability": ability, "spread": spread, "memory": memory, "linked": False}
    for kind in ("run", "phrasing", "both")
    for ability, spread in ((0.7, 0.0), (0.7, 0.3), (0.3, 0.3))
    for memory in (1.0, 0.5)
] + [{"kind": "run", "ability": 0.5, "spread": 0.3, "memory": 0.5, "linked": True}]
RESAMPLES = 1000


def flat(population: list[np.ndarray], rng: np.random.Generator, items: int) -> tuple[np.ndarray, np.ndarray]:
    """(item, distance) of the stages of `items` items drawn with replacement."""
    drawn = [population[i] for i in rng.integers(len(population), size=items)]
    return np.repeat(np.arange(items), [len(each) for each in drawn]), np.concatenate(drawn)


def passes(p: np.ndarray, item: np.ndarray, alike: float, rng: np.random.Generator) -> np.ndarray:
    """Whether each stage passes, with probability `p` and its item's stages `alike`."""
    latent = np.sqrt(alike) * rng.standard_normal(item.max() + 1)[item] + np.sqrt(1 - alike) * rng.standard_normal(len(item))
    return latent < norm.ppf(p)


def simulate(population: list[np.ndarray], case: dict[str, Any], rng: np.random.Generator) -> Outcomes:
    item, distance = flat(population, rng, case["items"])
    kept = passes(case["r0"] * 2.0 ** (-distance / case["words"]), item, case["alike"], rng)
    single = passes(np.full(len(item), case["ability"]), item, case["alike"] / 2, rng)
    return Outcomes(item, distance, kept & single, single)


def holds(estimate: Any, truth: float) -> bool:
    return bool(estimate.low is not None and estimate.low <= truth <= estimate.high)


def bootstrap(outcomes: Outcomes, rng: np.random.Generator) -> Estimate:
    """The percentile bootstrap over items, written apart from `musi.retention`."""
    top = np.bincount(outcomes.item, weights=outcomes.multi & outcomes.single)
    bottom = np.bincount(outcomes.item, weights=outcomes.single)
    draws = rng.multinomial(len(top), np.full(len(top), 1 / len(top)), size=RESAMPLES)
    bottoms = draws @ bottom
    values = (draws @ top)[bottoms > 0] / bottoms[bottoms > 0]
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high), float(values.std()), 0)


def retention_case(population: list[np.ndarray], case: dict[str, Any], n: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 1])
    every = np.concatenate(population)
    truth = float((case["r0"] * 2.0 ** (-every / case["words"])).mean())
    ours, theirs, wide = [], [], []
    for _ in range(n):
        outcomes = simulate(population, case, rng)
        found = retention(outcomes)
        ours.append(found.value is not None and holds(found, truth))
        wide.append((found.high or 0.0) - (found.low or 0.0))
        if case["items"] <= 100:
            theirs.append(holds(bootstrap(outcomes, rng), truth))
    return {
        **shown(case),
        "truth": round(truth, 4),
        "coverage": round(float(np.mean(ours)), 4),
        "width": round(float(np.mean(wide)), 4),
        "percentile_bootstrap_coverage": round(float(np.mean(theirs)), 4) if theirs else None,
    }


def half_life_case(population: list[np.ndarray], case: dict[str, Any], n: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 2])
    inside, found = [], []
    for _ in range(n):
        fit = half_life(simulate(population, case, rng))
        low, high = fit.low or np.inf, np.inf if fit.high is None else fit.high
        inside.append(low <= case["words"] <= high)
        found.append(fit.words or np.inf)
    return {**shown(case), "median": round(float(np.median(found)), 2), "coverage": round(float(np.mean(inside)), 4)}


def noise_case(population: list[np.ndarray], case: dict[str, Any], n: int, seed: int) -> dict[str, Any]:
    """1,000 items; `truth` is the mean memory over stages, each weighted by what it takes to be counted: ability squared."""
    rng = np.random.default_rng([seed, 3])
    rows, inside, h = [], [], []
    truth = []
    for _ in range(n):
        item, distance = flat(population, rng, 1000)
        ability = np.full(len(item), case["ability"])
        if case["spread"]:
            total = case["ability"] * (1 - case["ability"]) / case["spread"] ** 2 - 1
            ability = rng.beta(case["ability"] * total, (1 - case["ability"]) * total, len(item))
        memory = np.full(len(item), case["memory"]) ** (2 * (1 - ability) if case["linked"] else 1)
        chain, single, again = (rng.random(len(item)) < ability for _ in range(3))
        shared = {"run": 0.0, "phrasing": 1.0, "both": 0.5}[case["kind"]]
        chain = np.where(rng.random(len(item)) < shared, single, chain)
        outcomes = Outcomes(item, distance, chain & (rng.random(len(item)) < memory), single, again)
        raw, same, adjusted = retention(outcomes), consistency(outcomes), adjusted_retention(outcomes)
        over = raw.value / same.value
        rows.append((raw.value, same.value, over, adjusted.value))
        truth.append((ability**2 * memory).sum() / (ability**2).sum())
        inside.append(holds(adjusted, float(truth[-1])))
        h.append(adjusted.stderr)
    means = [round(float(value), 4) for value in np.mean(rows, axis=0)]
    true = float(np.mean(truth))
    return {
        **case,
        "truth": round(true, 4),
        **dict(zip(("retention", "consistency", "retention / consistency", "adjusted_retention"), means, strict=True)),
        "bias": {
            name: round(mean - true, 4)
            for name, mean in zip(
                ("retention", "retention / consistency", "adjusted_retention"), (means[0], *means[2:]), strict=True
            )
        },
        "adjusted_coverage": round(float(np.mean(inside)), 4),
        "adjusted_stderr": round(float(np.mean(h)), 4),
    }


def shown(case: dict[str, Any]) -> dict[str, Any]:
    return {key: (None if value == np.inf else value) for key, value in case.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    parser.add_argument("--simulations", type=int, default=500, help="simulations of each case (half-life: 100 each)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    population = [np.array([stage.distance for stage in item.stages], float) for item in load_split("test_iid")]
    n = options.simulations
    per_half_life = max(2, n // 5)
    data: dict[str, Any] = {
        "simulations": {"retention": n, "half_life": per_half_life, "edge": n, "noise": max(2, n // 5)},
        "retention": [retention_case(population, case, n, options.seed + i) for i, case in enumerate(RETENTION_CASES)],
        "half_life": [
            half_life_case(population, case, per_half_life, options.seed + i) for i, case in enumerate(HALF_LIFE_CASES)
        ],
        "edge": [retention_case(population, case, n, options.seed + i) for i, case in enumerate(EDGE_CASES)],
        "noise": [noise_case(population, case, max(2, n // 5), options.seed + i) for i, case in enumerate(NOISE_CASES)],
    }
    for name in ("retention", "half_life"):
        data = {f"{name}_coverage": round(float(np.mean([case["coverage"] for case in data[name]])), 4), **data}
    if options.json:
        print(json.dumps(data, indent=2))
        return
    for name, value in data.items():
        if isinstance(value, list):
            for case in value:
                print(name, case)
        else:
            print(name, value)


if __name__ == "__main__":
    main()
