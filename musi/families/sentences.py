"""What families share that edit sentences, or ask for some: taking sentences apart, and the rules that free writing must keep."""

import re
from collections import Counter

from musi.languages import Language, count_words
from musi.matching import QUOTES, Verdict, clean
from musi.rng import Stream

ENDS = ".!?。！？"
MAX_SENTENCE_CHARS = 1_000
_WORDLIKE = re.compile(r"\w")
_WORD = re.compile(r"[^\W\d_]+")


def words_of(sentence: str) -> list[str]:
    """The words of a plain sentence, without its full stop; only for languages that put spaces between words."""
    return sentence[:-1].split(" ")


def sentence_of(words: list[str]) -> str:
    """The inverse of `words_of`."""
    return " ".join(words) + "."


def marked_word(rng: Stream, words: list[str]) -> int:
    """The index of a word that occurs once, is not the first (whose capital would move) and has only letters from a to z."""
    folded = [word.casefold() for word in words]
    while True:
        index = rng.randint(1, len(words) - 1)
        word = words[index]
        if word.isascii() and word.isalpha() and folded.count(folded[index]) == 1:
            return index


def is_one_sentence(text: str) -> bool:
    """Whether no sentence ends, and nothing is introduced by a colon, before the end of a text that is not over-long."""
    return len(text) <= MAX_SENTENCE_CHARS and not any(mark in clean(text).rstrip(ENDS) for mark in ENDS + ":：")


def check_writing(text: str, lang: Language, wanted: list[str], least: int, most: int) -> Verdict:
    """Whether a text has `least` to `most` words and among them, whole and in any letter case, all of `wanted`.

    Quotation marks (which fail an answer that repeats the instruction), line breaks, the given words alone and one word over and
    over are refused.
    """
    text = clean(text).replace("\u00a0", " ").replace("\u202f", " ")
    if any(letter in QUOTES or not letter.isprintable() for letter in set(text)):
        return Verdict(False, "holds quotation marks or line breaks", text)
    size = count_words(" ".join(part for part in text.split() if _WORDLIKE.search(part)))
    if not least <= size <= most:
        return Verdict(False, f"{size} words, not {least} to {most}" if size else "empty answer", text)
    folded = text.casefold()
    found = _WORD.findall(folded) if lang.word_gap else [letter for letter in folded if letter.isalpha()]
    counts = Counter(found)
    for word in wanted:
        word = word.casefold()
        if word not in folded or (lang.word_gap and not all(part in counts for part in _WORD.findall(word))):
            return Verdict(False, f"lacks {word}", text)
    rest = folded
    for word in wanted:
        rest = rest.replace(word.casefold(), "")
    if not any(letter.isalpha() for letter in rest):
        return Verdict(False, "nothing but the given words", text)
    word_size = 1 if lang.word_gap else 2  # most Chinese words have two characters
    if 2 * sum(count for _, count in counts.most_common(word_size)) >= len(found):
        return Verdict(False, "the same word over and over", text)
    return Verdict(True, "obeys every rule", text)
