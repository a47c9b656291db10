"""Items of different splits that say nearly the same, judged on what they say with all templates masked.

The masked text of an item is the values of its stages' parameters. Candidates share at least two rare runs of three tokens (an
inverted index, so that the full matrix of pairs is never made); rapidfuzz then measures how alike their token lists are.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from musi.schema import Item

THRESHOLD = 0.85
SHINGLE = 3
MAX_SHARERS = 40
MIN_SHARED = 2
ROUNDING = 1e-6  # a pair that is exactly as alike as the threshold must not fall to the cut-off's rounding


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
        if (similarity := Indel.normalized_similarity(texts[i][2], texts[j][2], score_cutoff=THRESHOLD - ROUNDING)) >= THRESHOLD
    ]
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.first, pair.second))


def _candidates(texts: Sequence[tuple[str, str, Sequence[str]]]) -> Iterator[tuple[int, int]]:
    """Pairs of positions in `texts`, of different splits, that share at least `MIN_SHARED` runs of tokens that few texts have."""
    shingles, texts_of = _shingles([tokens for _, _, tokens in texts])
    if not len(shingles):
        return
    names = {name: code for code, name in enumerate(dict.fromkeys(split for _, split, _ in texts))}
    split = np.array([names[name] for _, name, _ in texts])
    starts = np.flatnonzero(np.diff(shingles, prepend=shingles[0] - 1))  # of each group of sharers
    sizes = np.diff(starts, append=len(shingles))
    keep = np.repeat((sizes > 1) & (sizes <= MAX_SHARERS), sizes)
    shingles, texts_of = shingles[keep], texts_of[keep]
    pairs = []
    for step in range(1, MAX_SHARERS):  # a text and the one `step` places on in the same group
        first, second = texts_of[:-step], texts_of[step:]
        linked = (shingles[:-step] == shingles[step:]) & (split[first] != split[second])
        pairs.append(first[linked] * len(texts) + second[linked])
    shared, counts = np.unique(np.concatenate(pairs), return_counts=True)
    for pair in shared[counts >= MIN_SHARED].tolist():
        yield divmod(pair, len(texts))


def _shingles(texts: Sequence[Sequence[str]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(runs of tokens as numbers, the text each is of), sorted by both, each pair once."""
    vocabulary: dict[str, int] = {}
    tokens = np.array([vocabulary.setdefault(token, len(vocabulary)) for text in texts for token in text], dtype=np.int64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    n = max(0, len(tokens) - SHINGLE + 1)
    runs = np.zeros(n, dtype=np.int64)
    for at in range(SHINGLE):
        runs = runs * len(vocabulary) + tokens[at : at + n]  # wraps around in a huge vocabulary, which only adds candidates
    inside = owner[:n] == owner[len(tokens) - n :]
    runs, owner = runs[inside], owner[:n][inside]
    order = np.lexsort((owner, runs))
    runs, owner = runs[order], owner[order]
    new = np.ones(len(runs), dtype=np.bool_)
    new[1:] = (runs[1:] != runs[:-1]) | (owner[1:] != owner[:-1])
    return runs[new], owner[new]
