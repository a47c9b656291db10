"""Near-duplicates across splits, judged with all templates masked."""

from itertools import product

import pytest
from rapidfuzz.distance import Indel

from musi.generate import build_item
from musi.near_duplicates import THRESHOLD, masked, near_duplicates
from musi.rng import Stream
from tests.items import item_of

WORDS = [f"word{i}" for i in range(400)]


def document(seed: int, length: int = 40) -> list[str]:
    return Stream("doc", seed).sample(WORDS, length)


def test_planted_pairs_are_found_and_nothing_else():
    texts = [(f"{split}-{i}", split, document(1000 * k + i)) for k, split in enumerate(("train", "test")) for i in range(100)]
    near = document(3)
    near[10:12] = ["other", "words"]
    texts += [("planted", "test", near), ("copied", "test", document(7))]
    found = near_duplicates(texts)
    assert [(pair.first, pair.second) for pair in found] == [("train-7", "copied"), ("train-3", "planted")]
    assert found[0].similarity == 1
    assert THRESHOLD <= found[1].similarity < 1


def test_agrees_with_the_full_matrix():
    """The inverted index must not lose a pair that comparing everything with everything finds."""
    texts = []
    for i in range(40):
        words = document(i)
        texts.append((f"a{i}", "train", words))
        rng = Stream("edit", i)
        changed = [word if rng.chance(1 - i / 100) else "changed" for word in words]
        texts.append((f"b{i}", "test", changed))
    full = {
        (one[0], other[0]): Indel.normalized_similarity(one[2], other[2])
        for one, other in product(texts, texts)
        if (one[1], other[1]) == ("train", "test")
    }
    found = {(pair.first, pair.second) for pair in near_duplicates(texts)}
    assert found <= {pair for pair, similarity in full.items() if similarity >= THRESHOLD}
    assert found >= {pair for pair, similarity in full.items() if similarity > THRESHOLD + 1e-9}
    assert len(found) > 10


def test_pairs_within_a_split_are_not_reported():
    assert near_duplicates([("a", "train", document(1)), ("b", "train", document(1))]) == []


@pytest.mark.parametrize("texts", [[], [("a", "train", [])], [("a", "train", []), ("b", "test", [])]])
def test_nothing_to_compare(texts):
    assert near_duplicates(texts) == []


def test_masked_text_holds_values_and_no_wording():
    stages = [("add_numbers", {"numbers": [4, 5, 9]}), ("capital_of", {"country": "KE"})]
    numbered, table = item_of(stages), item_of(stages, style="table")
    assert masked(numbered) == masked(table) == ("add_numbers", "4", "5", "9", "capital_of", "KE")


def test_the_release_has_no_near_duplicates_among_its_first_items():
    items = [build_item(split, i) for split in ("train", "test_iid", "test_ood") for i in range(200)]
    assert near_duplicates([(item.id, item.split, masked(item)) for item in items]) == []
