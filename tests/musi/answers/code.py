"""Code-like rewriting: answers worked out by running or parsing the code that the instruction shows."""

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from musi.families import FAMILIES
from musi.languages import Language

OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


def shown(name: str, params: dict[str, Any], lang: Language) -> dict[str, str]:
    return FAMILIES[name].slots(params, lang)


def value(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](value(node.left), value(node.right))
    return ast.literal_eval(node)


def evaluate(params: dict[str, Any], lang: Language) -> str:
    return str(value(ast.parse(shown("evaluate_expression", params, lang)["expression"], mode="eval").body))


def binary(params: dict[str, Any], lang: Language) -> str:
    number, digits = params["number"], ""
    while number:
        number, digit = divmod(number, 2)
        digits = str(digit) + digits
    return digits


def rename(params: dict[str, Any], lang: Language) -> str:
    slots = shown("rename_variable", params, lang)
    tree = ast.parse(slots["code"])
    line = re.sub(rf"\b{slots['old']}\b", slots["new"], slots["code"])
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == slots["old"]:
            node.id = slots["new"]
    assert ast.dump(ast.parse(line)) == ast.dump(tree)
    return line


def index(params: dict[str, Any], lang: Language) -> str:
    slots = shown("index_of", params, lang)
    return str(ast.literal_eval(slots["list"]).index(slots["word"]))


def cut(params: dict[str, Any], lang: Language) -> str:
    slots = shown("slice_list", params, lang)
    words = ast.literal_eval(slots["list"])
    return lang.comma.join(word for i, word in enumerate(words) if int(slots["start"]) <= i < int(slots["stop"]))


def loop(params: dict[str, Any], lang: Language) -> str:
    match = re.fullmatch(r'for k in range\((\d+), (\d+)\): print\("(.+)", k\)', shown("loop_output", params, lang)["code"])
    assert match
    return lang.comma.join(f"{match[3]} {k}" for k in range(1_000) if int(match[1]) <= k < int(match[2]))


ANSWERS: dict[str, Callable[[dict[str, Any], Language], str]] = {
    "snake_case": lambda p, lang: " ".join(p["words"]).casefold().replace(" ", "_"),
    "camel_case": lambda p, lang: re.sub(r" (.)", lambda match: match[1].upper(), " ".join(p["words"]).casefold()),
    "evaluate_expression": evaluate,
    "binary_number": binary,
    "from_binary": lambda p, lang: str(int(shown("from_binary", p, lang)["digits"], base=2)),
    "rename_variable": rename,
    "index_of": index,
    "slice_list": cut,
    "loop_output": loop,
}

KNOWN = [
    ("snake_case", {"words": ["red", "lamp", "post"]}, "red_lamp_post"),
    ("camel_case", {"words": ["red", "lamp", "post"]}, "redLampPost"),
    ("evaluate_expression", {"numbers": [3, 4, 2], "form": 0}, "11"),
    ("evaluate_expression", {"numbers": [3, 4, 2], "form": 1}, "14"),
    ("binary_number", {"number": 22}, "10110"),
    ("from_binary", {"number": 22}, "22"),
    (
        "rename_variable",
        {"names": ["lamp", "tree", "boat"], "old": 1, "new": "sock", "form": 0, "factor": 2},
        "lamp = sock * 2 + boat",
    ),
    (
        "rename_variable",
        {"names": ["lamp", "tree", "boat"], "old": 1, "new": "sock", "form": 4, "factor": 3},
        "lamp = sock * sock - 3 * boat",
    ),
    ("index_of", {"words": ["lamp", "tree", "boat", "sock"], "asked": 2}, "2"),
    ("slice_list", {"words": ["lamp", "tree", "boat", "sock", "star"], "start": 1, "stop": 3}, "tree, boat"),
    ("loop_output", {"word": "lamp", "start": 4, "stop": 7}, "lamp 4, lamp 5, lamp 6"),
]
