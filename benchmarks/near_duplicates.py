"""Near-duplicates across splits: our report against the whole matrix by rapidfuzz, on the same texts in the same run.

    OMP_NUM_THREADS=1 python benchmarks/near_duplicates.py --json

The texts are the masked items of the locked release, and with them edited copies of training items that are planted in test_iid:
one token in `--every` is replaced, and in every second copy two stretches change places. Both programs use the same measure and
threshold; the matrix (`rapidfuzz.process.cdist` in blocks, one core, told the threshold so that it can stop early) holds every
pair of different splits. Recall is over the planted pairs, and over all pairs that the matrix finds.
"""

# ruff: noqa: E402  (the path must be set before the imports that look at it)
import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

sys.path[0] = str(Path(__file__).parents[1])  # not this folder: its rwkv.py would hide the package rwkv

from musi.near_duplicates import ROUNDING, THRESHOLD, masked, near_duplicates
from musi.release import load_split
from musi.rng import Stream
from musi.schema import SPLITS

BLOCK = 500
Text = tuple[str, str, Sequence[str]]


def release_texts(items: int) -> list[Text]:
    """The masked texts of the release's first items, in the proportions of its splits."""
    share = {"train": 19 / 22}
    return [
        (item.id, split, masked(item)) for split in SPLITS for item in load_split(split)[: int(items * share.get(split, 1 / 22))]
    ]


def plant(texts: Sequence[Text], count: int, every: int) -> list[Text]:
    """Edited copies of `count` training texts, each called after its original; only those that are near-duplicates by measure."""
    rng = Stream("planted", count, every)
    copies: list[Text] = []
    for name, _, tokens in rng.sample([text for text in texts if text[1] == "train"], count):
        edited = [f"other{rng.below(10_000)}" if rng.below(every) == 0 else token for token in tokens]
        if rng.chance(0.5):
            cut = max(1, len(edited) // 20)
            at = rng.below(len(edited) - 2 * cut)
            edited = edited[:at] + edited[at + cut : at + 2 * cut] + edited[at : at + cut] + edited[at + 2 * cut :]
        if Indel.normalized_similarity(tokens, edited) >= THRESHOLD:
            copies.append((f"copy of {name}", "test_iid", tuple(edited)))
    return copies


def brute_force(texts: Sequence[Text]) -> set[tuple[str, str]]:
    """Every pair of different splits at or above the threshold, by the whole matrix."""
    found: set[tuple[str, str]] = set()
    groups = {split: [text for text in texts if text[1] == split] for split in SPLITS}
    for left, right in combinations(SPLITS, 2):
        columns = [tokens for _, _, tokens in groups[right]]
        for start in range(0, len(groups[left]), BLOCK):
            rows = groups[left][start : start + BLOCK]
            matrix = process.cdist(
                [tokens for _, _, tokens in rows], columns, scorer=Indel.normalized_similarity, score_cutoff=THRESHOLD - ROUNDING
            )
            for i, j in np.argwhere(matrix >= THRESHOLD):
                found.add((rows[i][0], groups[right][j][0]))
    return found


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of this process's CPU, which do not count what a busy machine does besides; and the result."""
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def main() -> None:
    """Measure and print; the last line is one JSON object under --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--items", type=int, default=22_000)
    parser.add_argument("--planted", type=int, default=1_000)
    parser.add_argument("--every", type=int, default=20, help="one token in so many is replaced")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    texts = release_texts(options.items)
    copies = plant(texts, options.planted, options.every)
    texts += copies
    ours, matrix = [], []
    for _ in range(options.repeats):
        seconds, pairs = timed(lambda: near_duplicates(texts))
        ours.append(seconds)
        seconds, reference = timed(lambda: brute_force(texts))
        matrix.append(seconds)
    found = {frozenset((pair.first, pair.second)) for pair in pairs}
    planted = {frozenset((name.removeprefix("copy of "), name)) for name, _, _ in copies}
    wanted = {frozenset(pair) for pair in reference}
    result = {
        "texts": len(texts),
        "planted": len(planted),
        "recall_planted": len(found & planted) / len(planted),
        "recall_all": len(found & wanted) / len(wanted),
        "precision": len(found & wanted) / len(found),
        "ours_s": sorted(ours)[len(ours) // 2],
        "matrix_s": sorted(matrix)[len(matrix) // 2],
        "speedup": sorted(matrix)[len(matrix) // 2] / sorted(ours)[len(ours) // 2],
    }
    for name, value in result.items():
        print(f"{name:16}{value:,.4g}" if isinstance(value, float) else f"{name:16}{value:,}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
