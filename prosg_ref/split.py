"""A step's examples in parts that are padded one by one, the part with most tokens having as few as can be, padding and all.

Runs of equal tokens before padding are not equal work: those of the short examples hold many of unlike lengths, and the process
that had them kept the other waiting for more than a third of a step (docs/performance.md).
"""

from collections.abc import Sequence
from itertools import pairwise

from .examples import Example


def split_evenly(examples: Sequence[Example], parts: int) -> list[list[Example]]:
    """Cut a list into `parts` runs so that the most tokens of one, padded, are as few as can be; those with more come first, and
    none is empty where there are enough examples."""
    sizes = [e.tokens for e in examples]
    low, high = 0, _padded(sizes)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _cut(sizes, middle, parts) else (middle + 1, high)
    runs = list(pairwise([0, *(_cut(sizes, high, parts) or [])]))

    def padded(run: tuple[int, int]) -> int:
        return _padded(sizes[slice(*run)])

    while len(runs) < min(parts, len(sizes)):
        begin, end = most = max((run for run in runs if run[1] - run[0] > 1), key=padded)
        runs.remove(most)
        runs += [(begin, (begin + end) // 2), ((begin + end) // 2, end)]
    cut = [list(examples[slice(*run)]) for run in sorted(runs, key=padded, reverse=True)]
    return cut + [[] for _ in range(parts - len(runs))]


def _padded(sizes: Sequence[int]) -> int:
    return len(sizes) * max(sizes, default=0)


def _cut(sizes: Sequence[int], most: int, parts: int) -> list[int] | None:
    """Where runs of at most so many tokens end; None where it takes more than `parts` of them."""
    ends: list[int] = []
    begin = longest = 0
    for i, size in enumerate(sizes):
        longest = max(longest, size)
        if (i + 1 - begin) * longest > most:
            ends.append(i)
            begin, longest = i, size
        if size > most or len(ends) == parts:
            return None
    return [*ends, len(sizes)]
