"""Keyed random stream: the same key gives the same draws on every machine, in any order of building.

The key (release, split, index, attempt…) is hashed with blake2b and seeds a Mersenne Twister of its own, of which only
`random()` is used: its sequence is the one thing that Python's documentation promises to keep. Everything else is built
on it here, because `random.choice`, `shuffle` and `sample` may change between Python versions.
"""

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Stream:
    """Random draws that depend on `key` alone.

    >>> Stream("1.0.0", "train", 7).randint(1, 6) == Stream("1.0.0", "train", 7).randint(1, 6)
    True
    """

    __slots__ = ("random",)

    def __init__(self, *key: str | int) -> None:
        digest = blake2b("\x1f".join(map(str, key)).encode(), digest_size=16).digest()
        self.random = Random(int.from_bytes(digest, "big")).random

    def below(self, n: int) -> int:
        """A whole number from 0 to n-1."""
        return int(self.random() * n)

    def randint(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.random() < probability

    def choice(self, options: Sequence[T]) -> T:
        """One of `options`, all equally likely."""
        return options[int(self.random() * len(options))]

    def weighted(self, weights: dict[T, float]) -> T:
        """One key of `weights`, with probability proportional to its value."""
        point = self.random() * sum(weights.values())
        for option, weight in weights.items():
            point -= weight
            if point < 0:
                return option
        return option

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """`count` different members of `options` (by position), in random order.

        A few of many are drawn again when they repeat; otherwise it is a partial Fisher-Yates shuffle. Raises ValueError when
        `options` has fewer than `count` members.
        """
        size, random = len(options), self.random
        if count > size:
            raise ValueError(f"cannot draw {count} from {size} options")
        if 8 * count <= size:
            drawn: dict[int, None] = {}
            while len(drawn) < count:
                drawn[int(random() * size)] = None
            return [options[i] for i in drawn]
        pool = list(options)
        for i in range(count):
            j = i + int(random() * (size - i))
            pool[i], pool[j] = pool[j], pool[i]
        return pool[:count]

    def shuffle(self, options: Sequence[T]) -> list[T]:
        """All of `options` in random order; the argument is left alone."""
        return self.sample(options, len(options))
