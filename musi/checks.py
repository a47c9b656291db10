"""Rules that an instruction states about its own answer, checked by program; IFEval and IFBench call them instructions.

{"name": "length_constraints:number_words", "num_words": 300, "relation": "at least"}      passes on a text of 300 words or more

Names and arguments are those of the two benchmarks (Zhou et al. 2023, arXiv 2311.07911; Pyatkin et al. 2025, arXiv 2507.02833):
their files can be read as they are. The checks are our own and cover the rules whose meaning does not hang on a sentence
splitter, a language detector or a tagger. Words are compared whole, without regard to case. All work in linear time.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from musi.matching import MAX_ANSWER_CHARS, Verdict

Arguments = Mapping[str, Any]
RELATIONS = ("at least", "less than")
_WORD = re.compile(r"\w+")
_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*)\n```", re.DOTALL | re.IGNORECASE)
_CHOICES = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


class Check(NamedTuple):
    """One kind of rule: what decides it, and the type of each argument it needs."""

    passes: Callable[[str, Arguments], bool]
    needs: Mapping[str, type]


def _compare(count: int, relation: str, wanted: int) -> bool:
    return count >= wanted if relation == "at least" else count < wanted


def _count(text: str, phrase: str) -> int:
    return len(re.findall(rf"(?<!\w){re.escape(phrase.strip())}(?!\w)", text, re.IGNORECASE))


def _letters(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _parts(text: str, divider: str) -> list[str]:
    return [part.strip() for part in text.strip().split(divider)]


def _highlights(text: str, arguments: Arguments) -> bool:
    found = [*re.findall(r"\*\*([^\n*]+)\*\*", text), *re.findall(r"(?<!\*)\*([^\n*]+)\*(?!\*)", text)]
    return sum(bool(each.strip()) for each in found) >= arguments["num_highlights"]


def _bullets(text: str, arguments: Arguments) -> bool:
    return len(re.findall(r"^[ \t]{0,20}(?:\*(?!\*)|-)[ \t]?\S", text, re.MULTILINE)) == arguments["num_bullets"]


def _paragraphs(text: str, arguments: Arguments) -> bool:
    parts = _parts(text, "***")
    return len(parts) == arguments["num_paragraphs"] and all(parts)


def _first_word(text: str, arguments: Arguments) -> bool:
    parts = [part for part in re.split(r"\n[ \t]{0,20}\n", text.strip()) if part.strip()]
    nth = arguments["nth_paragraph"]
    if len(parts) != arguments["num_paragraphs"] or not 1 <= nth <= len(parts):
        return False
    word = _WORD.search(parts[nth - 1])
    return word is not None and word[0].casefold() == arguments["first_word"].casefold()


def _two_responses(text: str, arguments: Arguments) -> bool:
    parts = _parts(text, "******")
    return len(parts) == 2 and all(parts) and parts[0] != parts[1]


def _json(text: str, arguments: Arguments) -> bool:
    fenced = _FENCE.fullmatch(text.strip())
    try:
        json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return False
    return True


def _sections(text: str, arguments: Arguments) -> bool:
    return len(re.findall(rf"(?<!\w){re.escape(arguments['section_spliter'])}[ \t]?[0-9]", text)) >= arguments["num_sections"]


def _capital_words(text: str, arguments: Arguments) -> bool:
    count = sum(word.isupper() for word in _WORD.findall(text))
    return _compare(count, arguments["capital_relation"], arguments["capital_frequency"])


def _letter_frequency(text: str, arguments: Arguments) -> bool:
    return _compare(text.casefold().count(arguments["letter"].casefold()), arguments["let_relation"], arguments["let_frequency"])


def _keywords_multiple(text: str, arguments: Arguments) -> bool:
    return all(_count(text, arguments[f"keyword{k}"]) == times for k, times in enumerate((1, 2, 3, 5, 7), start=1))


def _word_range(text: str, arguments: Arguments) -> bool:
    return arguments["min_words"] <= len(_WORD.findall(text)) <= arguments["max_words"]


def _number_words(text: str, arguments: Arguments) -> bool:
    return _compare(len(_WORD.findall(text)), arguments["relation"], arguments["num_words"])


def _keyword_frequency(text: str, arguments: Arguments) -> bool:
    return _compare(_count(text, arguments["keyword"]), arguments["relation"], arguments["frequency"])


def _ends(text: str, arguments: Arguments) -> bool:
    return text.strip().strip('"').strip().casefold().endswith(arguments["end_phrase"].strip().casefold())


def _quoted(text: str, arguments: Arguments) -> bool:
    text = text.strip()
    return len(text) > 2 and text[0] == text[-1] == '"'


def _postscript(text: str, arguments: Arguments) -> bool:
    return any(line.strip().startswith(arguments["postscript_marker"]) for line in text.splitlines())


CHECKS: dict[str, Check] = {
    "change_case:capital_word_frequency": Check(_capital_words, {"capital_frequency": int, "capital_relation": str}),
    "change_case:english_capital": Check(lambda text, _: _letters(text) and text == text.upper(), {}),
    "change_case:english_lowercase": Check(lambda text, _: _letters(text) and text == text.lower(), {}),
    "combination:two_responses": Check(_two_responses, {}),
    "count:keywords_multiple": Check(_keywords_multiple, {f"keyword{k}": str for k in range(1, 6)}),
    "count:unique_word_count": Check(lambda text, a: len(set(_WORD.findall(text.casefold()))) >= a["N"], {"N": int}),
    "count:word_count_range": Check(_word_range, {"min_words": int, "max_words": int}),
    "detectable_content:number_placeholders": Check(
        lambda text, a: len(re.findall(r"\[[^\[\]\n]+\]", text)) >= a["num_placeholders"], {"num_placeholders": int}
    ),
    "detectable_content:postscript": Check(_postscript, {"postscript_marker": str}),
    "detectable_format:constrained_response": Check(lambda text, _: any(each in text for each in _CHOICES), {}),
    "detectable_format:json_format": Check(_json, {}),
    "detectable_format:multiple_sections": Check(_sections, {"section_spliter": str, "num_sections": int}),
    "detectable_format:number_bullet_lists": Check(_bullets, {"num_bullets": int}),
    "detectable_format:number_highlighted_sections": Check(_highlights, {"num_highlights": int}),
    "detectable_format:title": Check(lambda text, _: any(map(str.strip, re.findall(r"<<([^\n<>]+)>>", text))), {}),
    "format:no_whitespace": Check(lambda text, _: bool(text.strip()) and not re.search(r"\s", text.strip()), {}),
    "keywords:existence": Check(lambda text, a: all(_count(text, word) for word in a["keywords"]), {"keywords": list}),
    "keywords:forbidden_words": Check(
        lambda text, a: not any(_count(text, word) for word in a["forbidden_words"]), {"forbidden_words": list}
    ),
    "keywords:frequency": Check(_keyword_frequency, {"keyword": str, "frequency": int, "relation": str}),
    "keywords:letter_frequency": Check(_letter_frequency, {"letter": str, "let_frequency": int, "let_relation": str}),
    "length_constraints:nth_paragraph_first_word": Check(
        _first_word, {"num_paragraphs": int, "nth_paragraph": int, "first_word": str}
    ),
    "length_constraints:number_paragraphs": Check(_paragraphs, {"num_paragraphs": int}),
    "length_constraints:number_words": Check(_number_words, {"num_words": int, "relation": str}),
    "punctuation:no_comma": Check(lambda text, _: "," not in text, {}),
    "startend:end_checker": Check(_ends, {"end_phrase": str}),
    "startend:quotation": Check(_quoted, {}),
}


def check_fault(rule: Mapping[str, Any]) -> str | None:
    """What is wrong with a rule as data (unknown, or an argument missing or of another type), or None."""
    name = rule.get("name")
    if not isinstance(name, str) or name not in CHECKS:
        return f"no verifier for the rule {str(name)[:60]!r}"
    for argument, kind in CHECKS[name].needs.items():
        value = rule.get(argument)
        words = value if isinstance(value, list) else [value] if kind is str else []
        if not isinstance(value, kind) or isinstance(value, bool) or (kind is list and not words):
            return f"rule {name} needs {argument}"
        if not all(isinstance(word, str) and word.strip() for word in words):
            return f"rule {name} needs words in {argument}"
        if argument.endswith("relation") and value not in RELATIONS:
            return f"rule {name}: {argument} must be 'at least' or 'less than'"
    return None


def run_checks(text: str, rules: list[Arguments]) -> Verdict:
    """Whether a text obeys every rule; an empty or over-long one obeys none."""
    text = text.strip()
    if not text or len(text) > MAX_ANSWER_CHARS:
        return Verdict(False, "empty answer" if not text else "over-long answer", text[:80])
    broken = [rule["name"] for rule in rules if not CHECKS[rule["name"]].passes(text, rule)]
    return Verdict(not broken, "does not obey: " + ", ".join(broken) if broken else "obeys every rule", text)
