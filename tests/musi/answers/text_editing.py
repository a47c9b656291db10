"""Text editing: answers worked out on the text itself, where the families work on lists of words."""

import re
from collections.abc import Callable
from typing import Any

from musi.languages import Language


def swap(params: dict[str, Any], lang: Language) -> str:
    words = dict(enumerate(params["words"]))
    last = len(words) - 1
    return lang.comma.join(words[{0: last, last: 0}.get(i, i)] for i in range(last + 1))


def insert(params: dict[str, Any], lang: Language) -> str:
    text = lang.comma + lang.comma.join(params["words"]) + lang.comma
    old = lang.comma + params["words"][params["after"]] + lang.comma
    return text.replace(old, old + params["new"] + lang.comma)[len(lang.comma) : -len(lang.comma)]


def exchange(sentence: str, old: str, new: str) -> str:
    changed, times = re.subn(rf"(?<!\w){re.escape(old)}(?!\w)", new, sentence)
    assert times == 1
    return changed


ANSWERS: dict[str, Callable[[dict[str, Any], Language], str]] = {
    "replace_word": lambda p, lang: exchange(p["sentence"], p["old"], p["new"]),
    "remove_word": lambda p, lang: exchange(p["sentence"], p["word"], "").replace("  ", " ").replace(" .", "."),
    "upper_word": lambda p, lang: exchange(p["sentence"], p["word"], p["word"].upper()),
    "join_words": lambda p, lang: lang.listed(p["words"]).replace(lang.comma, ""),
    "swap_words": swap,
    "insert_word": insert,
}

BAKER = "The tired baker painted the green gate."
KNOWN = [
    ("replace_word", {"sentence": BAKER, "old": "baker", "new": "sailor"}, "The tired sailor painted the green gate."),
    ("replace_word", {"sentence": BAKER, "old": "gate", "new": "lamp"}, "The tired baker painted the green lamp."),
    ("remove_word", {"sentence": BAKER, "word": "green"}, "The tired baker painted the gate."),
    ("remove_word", {"sentence": BAKER, "word": "gate"}, "The tired baker painted the green."),
    ("upper_word", {"sentence": BAKER, "word": "gate"}, "The tired baker painted the green GATE."),
    ("join_words", {"words": ["lamp", "tree", "boat"]}, "lamptreeboat"),
    ("swap_words", {"words": ["lamp", "tree", "boat", "sock"]}, "sock, tree, boat, lamp"),
    ("insert_word", {"words": ["lamp", "tree", "boat"], "after": 0, "new": "sock"}, "lamp, sock, tree, boat"),
    ("insert_word", {"words": ["lamp", "tree", "boat"], "after": 2, "new": "sock"}, "lamp, tree, boat, sock"),
]
