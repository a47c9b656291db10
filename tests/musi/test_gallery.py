"""The gallery in docs/ is the one that this version prints: it is never edited by hand."""

from pathlib import Path

from musi.constraints import CONSTRAINTS
from musi.families import FAMILIES
from musi.gallery import EXAMPLES, gallery
from musi.languages import LANGUAGES

PAGE = Path(__file__).parents[2] / "docs" / "gallery.md"


def test_the_committed_gallery_is_current():
    assert PAGE.read_text("utf-8") == gallery()


def test_every_family_and_constraint_has_its_examples_in_every_language():
    sections = {part.split()[0]: part for part in gallery().split("\n### ")[1:]}
    for name, kind in (FAMILIES | CONSTRAINTS).items():
        for code, lang in LANGUAGES.items():
            offered = kind.asks(lang) if name in FAMILIES else kind.says(lang)
            assert sections[name.strip()].count(f"\n- {code}: ") == (EXAMPLES if offered else 0), (name, code)
