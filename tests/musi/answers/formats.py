"""Answers of the families phrased in `formats.toml`, written by the standard library's own writers where it has one."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from musi.languages import Language
from musi.phrasing import phrasings

Params = dict[str, Any]


def keys(name: str, lang: Language) -> list[str]:
    return phrasings(lang.code)[name].part.split()


def person(params: Params, lang: Language) -> str:
    name, age, town = keys("json_object", lang)
    return json.dumps({name: params["name"], age: params["age"], town: params["town"]}, ensure_ascii=False)


def member(params: Params, lang: Language) -> str:
    rows = list(zip(params["names"], params["ages"], params["towns"], strict=True))
    found = next(row for row in rows if row[0] == params["names"][params["asked"]])
    return person(dict(zip(("name", "age", "town"), found, strict=True)), lang)


def csv_text(params: Params, lang: Language) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, keys("csv_rows", lang), lineterminator="\n")
    writer.writeheader()
    for k in range(len(params["names"])):
        writer.writerow(dict(zip(writer.fieldnames, (params["names"][k], params["ages"][k]), strict=True)))
    return text.getvalue().removesuffix("\n")


def table(params: Params, lang: Language) -> str:
    rows = [keys("markdown_table", lang), ["---", "---"]]
    rows += [list(row) for row in zip(params["names"], params["towns"], strict=True)]
    return "\n".join("| " + row[0] + " | " + row[1] + " |" for row in rows)


def pairs(params: Params, lang: Language) -> str:
    values = [params["name"], str(params["age"]), params["town"]]
    text = ""
    for key, value in zip(keys("key_value", lang), values, strict=True):
        text += ("&" if text else "") + key + "=" + value
    assert parse_qsl(text) == list(zip(keys("key_value", lang), values, strict=True))
    return text


def numbered(params: Params, lang: Language) -> str:
    lines: list[str] = []
    for word in params["words"]:
        lines.append(str(len(lines) + 1) + ". " + word)
    return "\n".join(lines)


ANSWERS: dict[str, Callable[[Params, Language], str]] = {
    "bullet_list": lambda p, lang: "".join("\n- " + word for word in p["words"])[1:],
    "csv_rows": csv_text,
    "json_list": lambda p, lang: "[" + ", ".join('"' + word + '"' for word in p["words"]) + "]",
    "json_object": person,
    "key_value": pairs,
    "markdown_table": table,
    "numbered_list": numbered,
    "record_json": member,
}

KNOWN: list[tuple[str, Params, str]] = [
    ("bullet_list", {"words": ["lamp", "tree"]}, "- lamp\n- tree"),
    ("csv_rows", {"names": ["Ada", "Leo"], "ages": [31, 42]}, "name,age\nAda,31\nLeo,42"),
    ("json_list", {"words": ["lamp", "tree", "boat"]}, '["lamp", "tree", "boat"]'),
    ("json_object", {"name": "Ada", "age": 31, "town": "Pisa"}, '{"name": "Ada", "age": 31, "town": "Pisa"}'),
    ("key_value", {"name": "Ada", "age": 31, "town": "Pisa"}, "name=Ada&age=31&town=Pisa"),
    (
        "markdown_table",
        {"names": ["Ada", "Leo"], "towns": ["Pisa", "Riga"]},
        "| name | town |\n| --- | --- |\n| Ada | Pisa |\n| Leo | Riga |",
    ),
    ("numbered_list", {"words": ["lamp", "tree", "boat"]}, "1. lamp\n2. tree\n3. boat"),
    (
        "record_json",
        {"names": ["Ada", "Leo"], "ages": [31, 42], "towns": ["Pisa", "Riga"], "asked": 1},
        '{"name": "Leo", "age": 42, "town": "Riga"}',
    ),
]
