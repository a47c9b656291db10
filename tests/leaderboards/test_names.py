"""Names that could pass for others are refused or found."""

import pytest

from leaderboards.names import one_line, plain_name, skeleton
from leaderboards.signals import twin_names


@pytest.mark.parametrize("name", ["SmolLM2-135M", "通义千问-7B", "Ελλάδα", "Мамба 2", "Qwen3 (日本語)", "Élan", "a" * 80])
def test_plain_names_pass(name):
    assert plain_name(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("RWKV\u202e4", "invisible character U\\+202E"),
        ("RWKV\u200b4", "invisible character U\\+200B"),
        ("R\u2066W", "U\\+2066"),
        ("two\nlines", "U\\+000A"),
        ("tab\t", "U\\+0009"),
        ("\ue000", "U\\+E000"),
        ("SmоlLM2", "mixes Cyrillic and Latin letters"),
        ("RWKV-α", "mixes Greek and Latin letters"),
        ("ＲＷＫＶ", "plain form"),
        ("𝐑𝐖𝐊𝐕", "plain form"),
        (" padded", "plain form"),
        ("Z\u030a\u0323\u0316algo", "accents|plain form"),
    ],
)
def test_deceptive_names_are_refused(name, reason):
    with pytest.raises(ValueError, match=reason):
        plain_name(name)


def test_notes_may_mix_alphabets():
    assert one_line("trained with β = 0.9 on Мир") == "trained with β = 0.9 on Мир"


@pytest.mark.parametrize(
    "twin", ["smollm2 135m", "SMOLLM2_135M", "Smo1LM2-135M", "SmoILM2-135M", "SmolLM2-135M.", "SmôlLM2-135M"]
)
def test_twins_have_the_same_skeleton(twin):
    assert skeleton(twin) == skeleton("SmolLM2-135M")


def test_names_in_another_alphabet_are_found():
    assert skeleton("сосо") == skeleton("coco")
    assert skeleton("RWKV-4") != skeleton("RWKV-7")


def test_twin_names_become_signals():
    found = twin_names({"a": "SmolLM2-135M", "b": "smollm2 135m", "c": "Other"})
    assert set(found) == {"a", "b"}
    assert found["a"][0].text == "looks like the name of b"
