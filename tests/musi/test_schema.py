"""Rows and their canonical bytes: frozen, strict about keys, and faults that name their place."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from musi.errors import MusiError
from musi.generate import build_item
from musi.schema import MAX_LINE_BYTES, Item, canonical_json, parse_item, read_items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcXYZ_09"), inner),
)


@given(VALUES)
def test_canonical_json_is_a_fixed_point(value):
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text
    assert unicodedata.is_normalized("NFC", text)


@given(st.dictionaries(st.text("abc", min_size=1), st.integers()), st.randoms(use_true_random=False))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value, random):
    assert canonical_json(dict(random.sample(list(value.items()), len(value)))) == canonical_json(value)


def test_canonical_json_has_no_spaces_and_keeps_letters():
    assert canonical_json({"b": [1, 2], "a": "é"}) == '{"a":"é","b":[1,2]}'


def test_canonical_json_refuses_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": float("nan")})


def test_items_are_frozen():
    item = build_item("train", 0)
    with pytest.raises(ValidationError, match="frozen"):
        item.prompt = "other"
    with pytest.raises(ValidationError, match="frozen"):
        item.stages[0].answer = "other"


def test_an_item_survives_its_line():
    item = build_item("test_ood", 3)
    assert parse_item(canonical_json(item.model_dump(mode="json")), "here") == item


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"extra": 1}, "extra: Extra inputs are not permitted"),
        ({"split": "dev"}, "split: Input should be 'train'"),
        ({"index": -1}, "index: Input should be greater than or equal to 0"),
        ({"stages": []}, "stages: Tuple should have at least 1 item"),
        ({"prompt": 7}, "prompt: Input should be a valid string"),
        ({"stages": [{"family": "x"}]}, "stages.0.instruction: Field required"),
    ],
)
def test_an_unfit_line_is_named(change, said):
    row = {**build_item("train", 0).model_dump(mode="json"), **change}
    with pytest.raises(MusiError, match=f"^f.jsonl, line 3: {said}.*musi dataset build"):
        parse_item(json.dumps(row), "f.jsonl, line 3")


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{" * 10_000, b'{"id": NaN}'])
def test_a_broken_line_is_a_musi_error(line):
    with pytest.raises(MusiError, match=r"^f\.jsonl, line 3: "):
        parse_item(line, "f.jsonl, line 3")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_item_or_a_musi_error(line):
    with pytest.raises(MusiError):
        parse_item(line, "here")


def test_an_overlong_line_is_refused_before_it_is_parsed():
    with pytest.raises(MusiError, match="over the limit"):
        parse_item(b" " * (MAX_LINE_BYTES + 1), "here")


def test_read_items_names_file_and_line(tmp_path, tiny):
    path = tmp_path / "train.jsonl"
    lines = (tiny / "train.jsonl").read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], b"{broken", *lines[3:]]) + b"\n")
    rows = read_items(path)
    assert [next(rows).index, next(rows).index] == [0, 1]
    with pytest.raises(MusiError, match=rf"^{path}, line 3: "):
        next(rows)


def test_read_items_of_a_missing_file(tmp_path):
    with pytest.raises(MusiError, match=r"train\.jsonl: No such file or directory; build it with `musi dataset build`"):
        next(read_items(tmp_path / "train.jsonl"))


def test_read_items_reads_everything(tiny):
    rows = list(read_items(tiny / "train.jsonl"))
    assert [row.index for row in rows] == list(range(19))
    assert all(isinstance(row, Item) for row in rows)
