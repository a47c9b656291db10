"""Prompts say everything that is asked, once, and the single-stage control says only its own part."""

import pytest

from musi.compose import (
    SEPARATOR,
    STYLES,
    multi_example,
    render_answer,
    render_prompt,
    single_example,
    single_prompt,
)
from musi.languages import LANGUAGES, count_words
from tests.items import item_of

ENGLISH = LANGUAGES["en"]
STAGES = [
    ("add_numbers", {"numbers": [4, 5, 9]}),
    ("recall_figure", {"things": ["lamps", "jars", "ropes"], "counts": [6, 9, 2], "asked": 0}),
    ("capital_of", {"country": "KE"}),
]
RULES = [("end_word", {"word": "over"})]


def says(prompt: str, instruction: str) -> bool:
    """Whether the prompt holds the instruction, its first letter lowered perhaps, as in running prose."""
    return instruction in prompt or f"{instruction[0].lower()}{instruction[1:]}" in prompt


def test_every_instruction_rule_and_context_is_said(items):
    for item in items:
        assert all(says(item.prompt, stage.instruction) for stage in item.stages)
        assert all(item.prompt.count(rule.text) == 1 for rule in item.constraints)
        assert item.context in item.prompt


def test_instructions_come_in_the_order_of_the_stages(items):
    for item in items:
        places = [item.prompt.casefold().index(stage.instruction.casefold()) for stage in item.stages]
        assert places == sorted(places)


def test_answer_headers_are_announced(items):
    for item in items:
        assert "[1]" in item.prompt
        assert f"[{len(item.stages)}]" in item.prompt


def test_single_prompt_asks_only_its_stage_under_the_same_rules_and_context(items):
    for item in items[::4]:
        for k, stage in enumerate(item.stages):
            prompt = single_prompt(item, k)
            assert says(prompt, stage.instruction)
            assert not any(says(prompt, other.instruction) for other in item.stages if other is not stage)
            assert all(rule.text in prompt for rule in item.constraints)
            assert item.context in prompt
            assert "[1]" in prompt
            assert "[2]" not in prompt


@pytest.mark.parametrize("style", STYLES)
def test_no_placeholder_is_left_in_any_style(style):
    for seed in range(40):
        for instructions in (["Add 1 and 2."], ["Add 1 and 2.", "Name a city.", "Count."]):
            text = render_prompt(str(seed), ENGLISH, style, "A note.", ["One rule.", "Two rules."], instructions)
            assert "{" not in text
            assert "  " not in text
            assert "\n\n\n" not in text
            assert text == text.strip()


def test_wording_depends_on_the_key_only():
    first = render_prompt("a", ENGLISH, "prose", "", [], ["Add 1 and 2.", "Count."])
    assert first == render_prompt("a", ENGLISH, "prose", "", [], ["Add 1 and 2.", "Count."])
    assert len({render_prompt(str(i), ENGLISH, "prose", "", [], ["Add 1 and 2.", "Count."]) for i in range(30)}) > 10


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("numbered", "1. Add 1 and 2.\n2. Count."),
        ("bullets", "- Add 1 and 2.\n- Count."),
        ("table", "| Task | What to do |\n| --- | --- |\n| 1 | Add 1 and 2. |\n| 2 | Count. |"),
    ],
)
def test_layout_of_the_tasks(style, expected):
    assert f"\n\n{expected}\n\n" in render_prompt("k", ENGLISH, style, "", [], ["Add 1 and 2.", "Count."])


@pytest.mark.parametrize("style", ["prose", "letter"])
def test_prose_joins_by_connectives_and_lowers_the_first_letter(style):
    text = render_prompt("k", ENGLISH, style, "", [], ["Add 1 and 2.", "Count.", "Name a city."])
    block = next(part for part in text.split("\n\n") if "add 1 and 2." in part)
    assert any(block.startswith(f"{word} add 1 and 2.") for word in ENGLISH.first_connectives)
    assert any(f"{word} count." in block for word in ENGLISH.middle_connectives)
    assert any(block.endswith(f"{word} name a city.") for word in ENGLISH.last_connectives)


def test_letter_greets_and_closes_with_different_names():
    for seed in range(30):
        blocks = render_prompt(str(seed), ENGLISH, "letter", "", [], ["Count."]).split("\n\n")
        reader = blocks[0].rstrip(",").split()[-1]
        writer = blocks[-2].split("\n")[-1]
        assert "[1]" in blocks[-1]
        assert {reader, writer} <= set(ENGLISH.names)
        assert reader != writer


def test_one_rule_stands_alone_and_several_form_a_list():
    one = render_prompt("k", ENGLISH, "numbered", "", ["Rule A."], ["Count."])
    two = render_prompt("k", ENGLISH, "numbered", "", ["Rule A.", "Rule B."], ["Count."])
    assert "\n\nRule A.\n\n" in one
    assert f"{ENGLISH.rules_lead}\n* Rule A.\n* Rule B." in two


def test_every_style_has_its_wording_in_every_language():
    for lang in LANGUAGES.values():
        assert set(lang.openings) == set(lang.single_openings) == set(STYLES)
        assert all("{n}" not in text for texts in lang.single_openings.values() for text in texts)
        assert all("[{n}]" in text for text in lang.formats)


def test_gold_answer_of_a_small_item():
    item = item_of(STAGES, RULES)
    assert item.answer == "[1]\n18 over\n[2]\n6 over\n[3]\nNairobi over"
    assert [stage.distance for stage in item.stages] == [0, 2, 4]


def test_examples_to_train_on_are_the_prompts_and_answers():
    item = item_of(STAGES)
    assert multi_example(item) == (item.prompt, item.answer)
    assert single_example(item, 1) == (single_prompt(item, 1), "[1]\n6")
    assert SEPARATOR == "\n\n"


def test_words_are_counted_between_white_space():
    assert [count_words(text) for text in ("", "18", "a, b, c", "l-a-m-p", " two\nwords ")] == [0, 1, 3, 1, 2]
    assert render_answer([]) == ""
