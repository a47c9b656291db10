"""Records: entries that are not in the cache are checked side by side, with the same result as one after the other."""

import os

import pytest

from leaderboards.record import record_of, records_of
from leaderboards.submission import submit
from musi.errors import MusiError
from tests.leaderboards.support import edit_results


@pytest.fixture
def folders(results, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return [submit(results(model), name, tmp_path) for model, name in (("gold", "A"), ("forgetful", "B"), ("silent", "C"))]


def test_several_processes_give_what_one_gives(folders, tmp_path, monkeypatch):
    together = list(records_of(folders))
    monkeypatch.setenv("MUSI_CACHE", str(tmp_path / "another"))
    one_by_one = [record_of(folder) for folder in folders]
    assert [record for record, _ in together] == [record for record, _ in one_by_one]
    for (_, pages), (_, others) in zip(together, one_by_one, strict=True):
        assert {path.name: path.read_bytes() for path in pages.iterdir()} == {p.name: p.read_bytes() for p in others.iterdir()}


def test_an_entry_that_fails_its_check_is_named(folders):
    edit_results(folders[1], lambda results: results["results"]["musi_quick"].__setitem__("item_acc,none", 1.0))
    with pytest.raises(MusiError, match="claims item_acc"):
        list(records_of(folders))
    assert record_of(folders[0])[0].name == "A"
