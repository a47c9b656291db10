"""Items of different splits that say nearly the same, judged on what they say with all templates masked.

The masked text of an item is the values of its stages' parameters. Candidates share at least two rare runs of three tokens (an
inverted index, so that the full matrix of pairs is never made); rapidfuzz then measures how alike their token lists are.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from rapidfuzz.distance import Indel

from musi.schema import Item

THRESHOLD = 0.85
SHINGLE = 3
MAX_SHARERS = 40
MIN_SHARED = 2


class NearDuplicate(NamedTuple):
    """Two items of different splits and their similarity, 0 to 1."""

    first: str
    second: str
    similarity: float


def masked(item: Item) -> tuple[str, ...]:
    """The tokens of an item that are not phrasing: the values of its stages' parameters."""
    return tuple(token for stage in item.stages for token in [stage.family, *_tokens(json.loads(stage.params))])


def _tokens(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _tokens(value[key])
    elif isinstance(value, list):
        for each in value:
            yield from _tokens(each)
    else:
        yield from str(value).split()


def near_duplicates(texts: Sequence[tuple[str, str, Sequence[str]]]) -> list[NearDuplicate]:
    """Pairs of (id, split, tokens) from different splits whose similarity is at least `THRESHOLD`, most alike first."""
    pairs = [
        NearDuplicate(texts[i][0], texts[j][0], round(similarity, 4))
        for i, j in _candidates(texts)
        if (similarity := Indel.normalized_similarity(texts[i][2], texts[j][2], score_cutoff=THRESHOLD)) >= THRESHOLD
    ]
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.first, pair.second))


def _candidates(texts: Sequence[tuple[str, str, Sequence[str]]]) -> Iterable[tuple[int, int]]:
    sharers: dict[int, list[int]] = defaultdict(list)
    for i, (_, _, tokens) in enumerate(texts):
        for shingle in {hash(tuple(tokens[at : at + SHINGLE])) for at in range(len(tokens) - SHINGLE + 1)}:
            sharers[shingle].append(i)
    shared: Counter[tuple[int, int]] = Counter()
    for members in sharers.values():
        if 1 < len(members) <= MAX_SHARERS and len({texts[i][1] for i in members}) > 1:
            shared.update(pair for pair in combinations(members, 2) if texts[pair[0]][1] != texts[pair[1]][1])
    return [pair for pair, count in shared.items() if count >= MIN_SHARED]
