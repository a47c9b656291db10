"""What counts as the same answer: exact after harmless reformatting, no credit for substrings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi.matching import MATCHERS, MAX_ANSWER_CHARS, Verdict, clean

PASS = [
    ("integer", "18", "18"),
    ("integer", " 18 ", "18"),
    ("integer", "18.", "18"),
    ("integer", "**18**", "18"),
    ("integer", "**18.**", "18"),
    ("integer", "`18`", "18"),
    ("integer", "_18_", "18"),
    ("integer", "```\n18\n```", "18"),
    ("integer", "```text\n18\n```", "18"),
    ("integer", "+18", "18"),
    ("integer", "018", "18"),
    ("integer", "1,800", "1800"),
    ("integer", "1800", "1800"),
    ("integer", "12,345,678", "12345678"),
    ("integer", "-7", "-7"),
    ("integer", "0", "0"),
    ("integer", "000", "0"),
    ("text", "nairobi", "Nairobi"),
    ("text", "NAIROBI", "Nairobi"),
    ("text", "Buenos \n Aires", "Buenos Aires"),
    ("text", "Nairobi.", "Nairobi"),
    ("text", "l-a-m-p", "l-a-m-p"),
    ("text", "cafe\u0301", "café"),
    ("exact", "Na", "Na"),
    ("exact", " **Na**", "Na"),
    ("items", "a, b, c", "a, b, c"),
    ("items", "a,b,c", "a, b, c"),
    ("items", "A , B ,\nC.", "a, b, c"),
    ("items", "red  lamp, red lamp", "red lamp, red lamp"),
    ("passage", "The cat sat. It slept.", "The cat sat. It slept."),
    ("passage", '"The cat sat. It slept."', "The cat sat. It slept."),
    ("passage", "“The cat sat. It slept.”", "The cat sat. It slept."),
    ("passage", "The cat sat.\nIt slept", "The cat sat. It slept."),
]
FAIL = [
    ("integer", "", "18"),
    ("integer", "17", "18"),
    ("integer", "-18", "18"),
    ("integer", "118", "18"),
    ("integer", "180", "18"),
    ("integer", "18.0", "18"),
    ("integer", "18 or 25", "18"),
    ("integer", "18 25", "18"),
    ("integer", "the answer is 18", "18"),
    ("integer", "eighteen", "18"),
    ("integer", "１８", "18"),
    ("integer", "1,8", "18"),
    ("integer", "1,80", "180"),
    ("integer", "0x12", "18"),
    ("integer", "18 lamps", "18"),
    ("integer", "1_8", "18"),
    ("integer", "1e3", "1000"),
    ("text", "", "Nairobi"),
    ("text", "Nairob", "Nairobi"),
    ("text", "Nairobi, Kenya", "Nairobi"),
    ("text", "Nairobi or Mombasa", "Nairobi"),
    ("text", "Nairobi?", "Nairobi"),
    ("text", "It is Nairobi", "Nairobi"),
    ("text", "lamp", "l-a-m-p"),
    ("text", "Buenos-Aires", "Buenos Aires"),
    ("exact", "na", "Na"),
    ("exact", "NA", "Na"),
    ("items", "b, a, c", "a, b, c"),
    ("items", "a, b", "a, b, c"),
    ("items", "a, b, c, c", "a, b, c"),
    ("items", "a b c", "a, b, c"),
    ("items", "a; b; c", "a, b, c"),
    ("items", "a, b, c,", "a, b, c"),
    ("items", "a, b and c", "a, b, c"),
    ("passage", "The cat sat. It slep.", "The cat sat. It slept."),
    ("passage", "The cat sat.", "The cat sat. It slept."),
    ("passage", "It slept. The cat sat.", "The cat sat. It slept."),
    ("passage", '"', "The cat sat."),
    ("passage", '""', "The cat sat."),
]


@pytest.mark.parametrize(("kind", "text", "gold"), PASS)
def test_passes(kind, text, gold):
    assert MATCHERS[kind](text, gold).passed


@pytest.mark.parametrize(("kind", "text", "gold"), FAIL)
def test_fails(kind, text, gold):
    assert not MATCHERS[kind](text, gold).passed


@pytest.mark.parametrize("kind", MATCHERS)
@given(text=st.text(), gold=st.text(min_size=1))
def test_any_text_gives_a_verdict_with_a_reason(kind, text, gold):
    verdict = MATCHERS[kind](text, gold)
    assert isinstance(verdict, Verdict)
    assert verdict.reason


@given(st.integers())
def test_an_integer_matches_only_its_own_value(number):
    match = MATCHERS["integer"]
    assert match(str(number), str(number)).passed
    assert match(f"{number:,}", str(number)).passed
    assert not match(str(number + 1), str(number)).passed
    assert not match(f"{number}0", str(number or 1)).passed


@given(st.lists(st.text("abcxyz", min_size=1, max_size=4), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_items_match_in_their_own_order_only(words, random):
    gold = ", ".join(words)
    shuffled = random.sample(words, len(words))
    assert MATCHERS["items"](",".join(words).upper(), gold).passed
    assert MATCHERS["items"](", ".join(shuffled), gold).passed == (shuffled == words)


@given(st.text("ab *_`.\n", max_size=20))
def test_clean_leaves_no_outer_space(text):
    assert clean(text) == clean(text).strip()


def test_only_one_layer_of_emphasis_is_harmless():
    assert clean("***18***") == "*18*"
    assert clean("**`18`**") == "`18`"


def test_an_overlong_text_never_matches():
    gold = "a" * 10
    assert not MATCHERS["text"](gold + "a" * MAX_ANSWER_CHARS, gold).passed
