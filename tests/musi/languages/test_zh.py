"""Chinese: numbers in words, counting and comparing without spaces, headers and lead-ins as Chinese models write them."""

import re
from itertools import permutations

import pytest

from musi.compose import render_prompt
from musi.constraints import CONSTRAINTS
from musi.families import FAMILIES
from musi.generate import build_item
from musi.languages import LANGUAGES, count_words
from musi.matching import match_exact, match_items, match_passage, match_text
from musi.mutants import mutants
from musi.rng import Stream
from musi.score import score_response, score_stage, segment
from tests.items import item_of

CHINESE = LANGUAGES["zh"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (10, "十"),
        (17, "十七"),
        (40, "四十"),
        (101, "一百零一"),
        (110, "一百一十"),
        (222, "二百二十二"),
        (1_000, "一千"),
        (1_005, "一千零五"),
        (1_017, "一千零一十七"),
        (2_020, "两千零二十"),
        (9_999, "九千九百九十九"),
    ],
)
def test_number_words(number, words):
    assert CHINESE.number_words(number) == words


def test_no_two_numbers_are_written_alike():
    assert len({CHINESE.number_words(n) for n in range(10_000)}) == 10_000


@pytest.mark.parametrize("words", [CHINESE.nouns, CHINESE.names, CHINESE.places, CHINESE.things, CHINESE.carried])
def test_no_word_is_part_of_another(words):
    """Without spaces, a word could otherwise be found where it does not stand."""
    assert not [pair for pair in permutations(words, 2) if pair[0] in pair[1]]


def test_sentences_are_many_and_of_similar_length():
    drawn = {CHINESE.sentence(Stream("zh", i)) for i in range(2_000)}
    assert len(drawn) > 1_990
    assert all(text.endswith("。") and " " not in text and 10 <= count_words(text) <= 20 for text in drawn)


@pytest.mark.parametrize(
    ("text", "words"),
    [("苹果", 2), ("她说：“好，我来。”", 5), ("40、41和42", 4), ("有3个苹果（青的）。", 7), ("《红楼梦》", 3)],
)
def test_a_character_or_number_is_a_word_and_a_mark_is_none(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize(
    ("match", "text", "gold", "passed"),
    [
        (match_items, "6 个苹果， 2 把椅子", "6个苹果、2把椅子", True),
        (match_items, "苹果、\n椅子", "苹果、椅子", True),
        (match_items, "苹果 椅子", "苹果、椅子", False),
        (match_items, "40、41、42。", "40、41、42", True),
        (match_items, "40 41 42", "40、41、42", False),
        (match_text, "星期 三", "星期三", True),
        (match_text, "星期三或星期四", "星期三", False),
        (match_exact, "橙子 4", "橙子4", True),
        (match_exact, "4 5", "45", False),
        (match_passage, "“疲惫的船长找到了地图。\n年轻的诗人画下了月亮。”", "疲惫的船长找到了地图。年轻的诗人画下了月亮。", True),
        (match_passage, "疲惫的船长找到了地图，年轻的诗人画下了月亮。", "疲惫的船长找到了地图。年轻的诗人画下了月亮。", False),
    ],
)
def test_spaces_beside_characters_do_not_count(match, text, gold, passed):
    assert match(text, gold).passed == passed


@pytest.mark.parametrize("header", ["【{}】", "［{}］", "任务{}：", "任务 {}：", "第{}题：", "（{}）", "{}）", "**【{}】**"])
def test_loose_headers_as_chinese_models_write_them(header):
    response = "\n".join(f"{header.format(k)}{answer}" for k, answer in enumerate(("北京", "42"), start=1))
    assert segment(response, 2, "loose") == (["北京", "42"], True)
    assert segment(response, 2, "strict") == ([None, None], False)


def test_a_list_of_numbers_is_no_row_of_headers():
    assert segment("[1]\n1、2、3\n[2]\n北京", 2, "loose") == (["1、2、3", "北京"], True)


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("18", True),
        ("答案：18", True),
        ("答案是18。", True),
        ("好的，最终答案为：18", True),
        ("4、5、9的和是18。", True),
        ("这三个数的和等于18。", True),
        ("不是18。", False),
        ("18或19", False),
    ],
)
def test_loose_scoring_reads_what_a_chinese_sentence_says(text, loose):
    item = item_of([("add_numbers", {"numbers": [4, 5, 9]})], lang="zh")
    assert score_stage(item, 0, text, "loose").passed == loose
    assert score_stage(item, 0, text).passed == (text == "18")


def test_place_in_a_sentence():
    item = item_of([("capital_of", {"country": "KE"})], lang="zh")
    assert score_stage(item, 0, "肯尼亚的首都是内罗毕。", "loose").passed
    assert not score_stage(item, 0, "肯尼亚的首都不是内罗毕。", "loose").passed


def test_rules_in_chinese():
    name, words = CONSTRAINTS["speaker_name"], CONSTRAINTS["numbers_in_words"]
    assert name.apply("42", {"name": "晓明"}, CHINESE) == "晓明：42"
    assert name.strip("晓明: 42", {"name": "晓明"}, CHINESE) == "42"
    assert words.apply("2005", {}, CHINESE) == "两千零五"
    assert words.strip("二千〇五", {}, CHINESE) == "2005"
    assert not words.check("2005", {}, CHINESE).passed


def test_prompts_have_no_spaces_between_sentences():
    prompt = render_prompt("key", CHINESE, "prose", "仓库里有3把椅子。", [], ["计算1 + 2。", "写出肯尼亚的首都。"])
    assert not any(f"{mark} " in prompt for mark in "，。：？")


@pytest.mark.parametrize("family", ["sentence_with_words", "question_with_word"])
def test_two_words_alone_are_no_sentence(family):
    params = (
        {"words": ["台灯", "河流"], "spare": 9}
        if family == "sentence_with_words"
        else {"name": "晓明", "word": "河流", "spare": 6}
    )
    end = "。" if family == "sentence_with_words" else "？"
    first = params["words"][0] if "words" in params else params["name"]
    assert not FAMILIES[family].verify(f"{first}和河流{end}", params, CHINESE).passed
    assert FAMILIES[family].verify(f"{first}掉进了河流{end}", params, CHINESE).passed


def test_mutants_fail_and_gold_passes():
    """A loose reader takes the only number of a sentence, and the last line of an echoed letter: as in English."""
    items = [build_item("train", i, lang="zh") for i in range(60)]
    other = "我不知道"
    for item in items:
        for mode in ("strict", "loose"):
            assert all(score_response(item, item.answer, range(len(item.stages)), mode).passed)
        for k, stage in enumerate(item.stages):
            for kind, text in mutants(item, k, other):
                assert not score_stage(item, k, text).passed, (item.id, k, kind, text)
                one_number = kind == "hedge" and len(re.findall(r"\d+", text)) == 1
                if not one_number and kind != "sentence around the answer" and (kind, item.style) != ("prompt echoed", "letter"):
                    assert not score_stage(item, k, text, "loose").passed, (item.id, k, kind, text)
            if not item.constraints:
                other = stage.answer
