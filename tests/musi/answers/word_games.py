"""Word games: answers worked out letter by letter."""

from collections import Counter
from collections.abc import Callable
from functools import reduce
from typing import Any

from musi.languages import Language


def each(change: Callable[[str], str]) -> Callable[[dict[str, Any], Language], str]:
    return lambda params, lang: lang.comma.join(map(change, params["words"]))


def without_vowels(params: dict[str, Any], lang: Language) -> str:
    both_cases = lang.vowels + lang.vowels.upper()
    return lang.comma.join(word.translate(dict.fromkeys(map(ord, both_cases))) for word in params["words"])


ANSWERS: dict[str, Callable[[dict[str, Any], Language], str]] = {
    "reverse_letters": each(lambda word: reduce(lambda done, letter: letter + done, word)),
    "remove_vowels": without_vowels,
    "count_letter": lambda p, lang: str(sum(Counter(word.casefold())[p["letter"]] for word in p["words"])),
    "caesar_shift": each(lambda word: "".join(chr((ord(letter) - ord("a") + 1) % 26 + ord("a")) for letter in word.casefold())),
    "longest_word": lambda p, lang: sorted(p["words"], key=lambda word: sum(1 for _ in word))[-1],
    "word_lengths": each(lambda word: str(sum(1 for _ in word))),
    "alternate_case": lambda p, lang: " ".join(
        "".join(a + b for a, b in zip(word.lower()[::2], [*word.upper()[1::2], ""], strict=False)) for word in p["words"]
    ),
    "letter_at": lambda p, lang: lang.comma.join(word[: p["place"]][-1] for word in p["words"]),
}

KNOWN = [
    ("reverse_letters", {"words": ["lamp", "tree"]}, "pmal, eert"),
    ("remove_vowels", {"words": ["lamp", "tree", "umbrella"]}, "lmp, tr, mbrll"),
    ("count_letter", {"words": ["kettle", "needle"], "letter": "e"}, "5"),
    ("count_letter", {"words": ["kettle", "needle"], "letter": "z"}, "0"),
    ("caesar_shift", {"words": ["lamp", "zebra"]}, "mbnq, afcsb"),
    ("longest_word", {"words": ["lamp", "feather", "tree", "boat"]}, "feather"),
    ("word_lengths", {"words": ["lamp", "feather", "owl"]}, "4, 7, 3"),
    ("alternate_case", {"words": ["lamp", "tiger"]}, "lAmP tIgEr"),
    ("letter_at", {"words": ["lamp", "feather", "owl"], "place": 3}, "m, a, l"),
]
