"""Overlaps are looked for in a few items of the test splits, so that no test builds them whole."""

import pytest

from musi.generate import build_item
from musi.importers import own_data

TESTS = [build_item(split, index) for split in ("test_iid", "test_ood") for index in range(20)]


@pytest.fixture(autouse=True)
def few_tests(monkeypatch):
    """The test splits, cut short."""
    monkeypatch.setattr(own_data, "load_split", lambda split: [item for item in TESTS if item.split == split])
