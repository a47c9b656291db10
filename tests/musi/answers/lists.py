"""Lists, worked out a second way."""

from typing import Any

from musi.languages import Language


def merged(params: dict[str, Any], lang: Language) -> str:
    words = [""] * (2 * len(params["first"]))
    words[::2], words[1::2] = params["first"], params["second"]
    return lang.comma.join(words)


def unique(params: dict[str, Any], lang: Language) -> str:
    words = params["words"]
    return lang.comma.join(word for i, word in enumerate(words) if word not in words[:i])


ANSWERS = {
    "filter_numbers": lambda p, lang: lang.comma.join(f"{n}" for n in p["numbers"] if n in range(p["limit"] + 1, 1000)),
    "merge_lists": merged,
    "nth_item": lambda p, _: dict(enumerate(p["words"], start=1))[p["position"]],
    "reverse_numbers": lambda p, lang: lang.comma.join(map(str, reversed(p["numbers"]))),
    "sort_numbers": lambda p, lang: lang.comma.join(str(n) for n in range(1000) if n in p["numbers"]),
    "unique_items": unique,
}
KNOWN = [
    ("filter_numbers", {"numbers": [41, 7, 20, 148, 14], "limit": 20}, "41, 148"),
    (
        "merge_lists",
        {"first": ["lamp", "tree", "kite"], "second": ["boat", "coin", "bell"]},
        "lamp, boat, tree, coin, kite, bell",
    ),
    ("nth_item", {"words": ["lamp", "tree", "boat", "coin", "bell"], "position": 4}, "coin"),
    ("reverse_numbers", {"numbers": [418, 77, 480, 9]}, "9, 480, 77, 418"),
    ("sort_numbers", {"numbers": [418, 77, 481, 9, 148]}, "9, 77, 148, 418, 481"),
    ("unique_items", {"words": ["tree", "lamp", "lamp", "tree", "boat"]}, "tree, lamp, boat"),
]
