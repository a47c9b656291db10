"""Names that strangers choose: no invisible characters, one alphabet, and no twin of a name that is already there."""

import itertools
import unicodedata

INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
# alphabets whose letters pass for each other's; others (Han, Kana, Hangul, Arabic…) may stand beside any one of these
ALIKE = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "GEORGIAN")
# letters that are read as a Latin one at a glance
TWINS = str.maketrans(
    "аеорсухіјѕԁԛԝһьёїгпкмнтвαοερτυνικηγωχօոսցհյ01|ıȷłøđħŋ",
    "aeopcyxijsdqwhbeirnkmhtbaoeptuvikhywxonughjoilijlodhn",
)


def one_line(text: str) -> str:
    """Accept text without control, direction or other invisible characters; what a name or a note must be."""
    for char in text:
        if unicodedata.category(char) in INVISIBLE:
            raise ValueError(f"holds the invisible character U+{ord(char):04X}")
    return text


def plain_name(text: str) -> str:
    """Accept a name whose letters are of one alphabet, in Unicode's composed form, without piled-up accents."""
    one_line(text)
    if text != unicodedata.normalize("NFKC", text).strip():
        raise ValueError("is not in its plain form (NFKC, no spaces around); write it with ordinary characters")
    alphabets = {word for char in text if char.isalpha() and (word := unicodedata.name(char, "").split(" ")[0]) in ALIKE}
    if len(alphabets) > 1:
        raise ValueError(f"mixes {' and '.join(sorted(each.capitalize() for each in alphabets))} letters, which look alike")
    if any(unicodedata.combining(a) and unicodedata.combining(b) for a, b in itertools.pairwise(text)):
        raise ValueError("piles accents on one letter")
    return text


def skeleton(name: str) -> str:
    """What a name looks like at a glance: equal for `SmolLM2-135M`, `smo1lm2 135m` and its Cyrillic twin."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(char for char in letters if not unicodedata.combining(char)).translate(TWINS).casefold()
    shapes = bare.replace("l", "i").replace("rn", "m").replace("vv", "w")
    return "".join(char for char in shapes if char.isalnum())
