"""Which example is seen at which step, and how it is laid out."""

from pathlib import Path

import pytest
import torch

from musi.compose import render_answer, single_example
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.generate import build_item
from musi.languages import LANGUAGES, count_words
from musi.rng import Stream
from musi.schema import Item
from prosg_ref.examples import (
    Batches,
    Example,
    Pool,
    bare_example,
    draw_texts,
    echo_example,
    load_items,
    note_example,
    split_batch,
    spoil,
    tokenize,
    whole_batch,
)
from prosg_ref.recipes import Schedule
from prosg_ref.tokenizer import Tokenizer

A, B = Example([1, 2, 3], [4, 0], (2,)), Example([5], [6, 7, 8, 0], (1, 3))
SCHEDULE = Schedule(steps=10, batch_size=2, lr=0.1, max_tokens=20_000)
WINDOW = SCHEDULE.window


def test_whole_batch() -> None:
    inputs, targets, weights = whole_batch([A, B], prompt_weight=0.5)
    assert inputs.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert targets.tolist() == [[2, 3, 4, 0], [6, 7, 8, 0]]
    assert weights.tolist() == [[0.5, 0.5, 1, 1], [1, 1, 1, 1]]


def test_split_batch() -> None:
    batch = split_batch([A, B])
    assert batch.prompt.tolist() == [[1, 2], [0, 0]]
    assert batch.prompt_lengths.tolist() == [2, 0]
    assert batch.inputs.tolist() == [[3, 4, 0, 0], [5, 6, 7, 8]]
    assert batch.targets.tolist() == [[4, 0, 0, 0], [6, 7, 8, 0]]
    assert batch.weights.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]


def test_long_stages_share_their_weight() -> None:
    assert whole_batch([B], 0.0, stage_tokens=1.5)[2].tolist() == [[1, 0.5, 0.5, 0.5]]
    assert split_batch([A, B], stage_tokens=1.5).weights.tolist() == [[0.75, 0.75, 0, 0], [1, 0.5, 0.5, 0.5]]


def test_the_end_of_an_answer_weighs_what_it_is_given() -> None:
    """The next stage's first token, and the end of the document; not the first stage's own beginning."""
    example = Example([1, 2], [3, 4, 5, 6, 7, 8], (2, 1, 3))
    assert example.weights(16.0, end_weight=4.0).tolist() == [1, 1, 4, 4, 1, 4]
    assert split_batch([example], 1.5, 4.0).weights.tolist() == [[0.75, 0.75, 4, 2, 0.5, 2]]
    assert whole_batch([example], 0.5, 16.0, 4.0)[2].tolist() == [[0.5, 1, 1, 4, 4, 1, 4]]


def test_what_looks_like_an_end_weighs_as_much_as_one() -> None:
    """A count past 315 to 215, a token a digit: after 315 it goes on. Many such places share the weight, and keep their own."""
    count = Example([9], [3, 1, 5, 8, 2, 1, 5, 0], (8,))
    assert count.weights(100.0, end_weight=6.0).tolist() == [1, 1, 1, 6, 1, 1, 1, 6]
    assert count.weights(100.0).tolist() == [1] * 8
    twice = Example([9], [4, 1, 5, 8, 3, 1, 5, 8, 2, 1, 5, 0], (12,))
    assert twice.weights(100.0, end_weight=6.0).tolist() == [1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 6]
    words = Example([9], [4, 5] * 20 + [0], (41,))
    assert words.weights(100.0, end_weight=6.0).tolist() == [1] * 40 + [6]


def test_where_a_stage_ends_its_answer_is_over(tokenizer: Tokenizer) -> None:
    (example,) = tokenize([("Name two colours.", "[1]\nred\n[2]\nblue")], tokenizer)
    weights = example.weights(1000.0, end_weight=9.0).tolist()
    ends = [i for i, weight in enumerate(weights) if weight == 9.0]
    assert "[1]\nred" in tokenizer.decode(example.answer[: ends[0]])
    assert "2" not in tokenizer.decode(example.answer[: ends[0]])
    assert ends[1:] == [len(example.answer) - 1]


def test_tokenize_counts_the_tokens_of_each_stage(tokenizer: Tokenizer) -> None:
    answer = "[1]\nred\n[2]\n7\n[3]\n[9] lamps"
    (example,) = tokenize([("Do it.", answer)], tokenizer)
    assert example.answer == [*tokenizer.encode("\n\n" + answer), 0]
    pieces = [tokenizer.decode(example.answer[sum(example.stages[:k]) : sum(example.stages[: k + 1])]) for k in range(3)]
    assert pieces == ["\n\n[1]\nred", "\n[2]\n7", "\n[3]\n[9] lamps"]


def test_batches_are_a_function_of_the_step(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = load_items(data_dir / "train.jsonl")
    forward, backward = Batches(items, tokenizer, SCHEDULE), Batches(items, tokenizer, SCHEDULE)
    steps = [0, 1, WINDOW - 1, WINDOW, WINDOW + 5]
    assert [forward[s] for s in steps] == [backward[s] for s in reversed(steps)][::-1]
    other = Batches(items, tokenizer, SCHEDULE.model_copy(update={"seed": 1}))
    assert forward[0] != other[0]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_single_share(data_dir: Path, tokenizer: Tokenizer, share: float) -> None:
    items = load_items(data_dir / "train.jsonl")
    batches = Batches(items, tokenizer, SCHEDULE.model_copy(update={"single_share": share}))
    texts = [tokenizer.decode(e.answer) for step in range(WINDOW) for e in batches[step]]
    assert len(texts) == 2 * WINDOW
    assert all(("[2]" in text) == (share == 0.0) for text in texts)


def test_families_are_those_asked_for(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = load_items(data_dir / "train.jsonl")
    families = tuple(sorted({stage.family for item in items[:12] for stage in item.stages}))
    schedule = Schedule(steps=1, batch_size=4, lr=1e-3, single_share=1.0, families=families, max_tokens=20000)
    batches = Batches(items, tokenizer, schedule)
    asked = {
        tuple(e.prompt)
        for item in items
        for k, s in enumerate(item.stages)
        if s.family in families
        for e in tokenize([single_example(item, k)], tokenizer)
    }
    assert {tuple(e.prompt) for step in range(WINDOW) for e in batches[step]} <= asked
    assert len(asked) < sum(len(item.stages) for item in items)


def test_single_examples_are_of_items_with_the_rules_asked_for(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = load_items(data_dir / "train.jsonl")
    name = next(rule.name for item in items for rule in item.constraints)
    schedule = Schedule(steps=1, batch_size=16, lr=1e-3, single_share=1.0, rules=(name,), max_tokens=20000)
    drawn = [draw_texts(item, Stream("rules", i), schedule) for i, item in enumerate(items)]
    ruled = [name in [rule.name for rule in item.constraints] for item in items]
    assert [found is not None for found in drawn] == ruled
    assert 0 < sum(ruled) < len(items)
    whole = schedule.model_copy(update={"single_share": 0.0})
    assert all(draw_texts(item, Stream("rules", i), whole) for i, item in enumerate(items)), "whole items: all"
    with pytest.raises(ValueError, match="rules: there is no 'shouting'"):
        Schedule(steps=1, lr=1e-3, rules=("shouting",))


def test_every_item_is_seen_once_an_epoch(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = load_items(data_dir / "train.jsonl")[:32]
    batches = Batches(items, tokenizer, SCHEDULE.model_copy(update={"single_share": 0.0}))
    prompts = [tokenizer.decode(e.prompt) for step in range(WINDOW) for e in batches[step]]
    assert sorted(prompts) == sorted([item.prompt for item in items] * 4)


def test_a_step_is_a_mixture_of_lengths_in_order(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = load_items(data_dir / "train.jsonl")
    batches = Batches(items, tokenizer, SCHEDULE.model_copy(update={"batch_size": 8}))
    lengths = [[e.tokens for e in batches[step]] for step in range(WINDOW)]
    assert all(step == sorted(step) for step in lengths)
    middle = sorted(n for step in lengths for n in step)[len(lengths) * 4]
    assert sum(step[0] < middle < step[-1] for step in lengths) > WINDOW * 0.9


def test_note_example_tells_its_own_stage_and_nothing_else() -> None:
    for item in (build_item("train", i) for i in range(40)):
        for k, stage in enumerate(item.stages):
            prompt, answer, instruction = note_example(item, k, Stream("note", item.index, k))
            assert prompt.endswith(instruction)
            assert answer == f"[1]\n{stage.answer}"
            blocks = prompt.split("\n\n")
            assert blocks[-1 - len(item.constraints) : -1] == [rule.text for rule in item.constraints]
            assert len(blocks) == 1 + len(item.constraints) + bool(FAMILIES[stage.family].tells(LANGUAGES["en"]))
            first = note_example(item, k, Stream("note", item.index, k), wordings=1)[0]
            assert all(note_example(item, k, Stream("again", seed), wordings=1)[0] == first for seed in range(5))


def test_stages_of_imported_data_have_no_note_of_their_own() -> None:
    item = build_item("train", 0)
    stages = tuple(stage.model_copy(update={"family": "imported"}) for stage in item.stages)
    item = item.model_copy(update={"stages": stages, "constraints": ()})
    assert note_example(item, 0, Stream("note"))[0] == item.stages[0].instruction
    assert echo_example(item, range(len(stages)), Stream("echo")) is None


def test_echo_example_writes_the_sentences_of_the_notes_in_another_order() -> None:
    other, found = 0, 0
    for item in (build_item("train", i) for i in range(60)):
        told = [k for k, stage in enumerate(item.stages) if FAMILIES[stage.family].tells(LANGUAGES["en"])]
        pair = echo_example(item, range(len(item.stages)), Stream("echo", item.index))
        assert (pair is None) == (not told)
        if pair is not None:
            notes, again = pair
            assert sorted(notes.replace(".", ". ").split()) == sorted(again.replace(".", ". ").split())
            other, found = other + (notes != again), found + 1
        untold = [k for k in range(len(item.stages)) if k not in told]
        assert echo_example(item, untold, Stream("echo", item.index)) is None
    assert found > 30
    assert other > found / 3


def test_examples_too_long_for_the_schedule_are_an_error_when_all_are(data_dir: Path, tokenizer: Tokenizer) -> None:
    batches = Batches(load_items(data_dir / "train.jsonl"), tokenizer, SCHEDULE.model_copy(update={"max_tokens": 3}))
    with pytest.raises(MusiError, match=r"schedule\.max_tokens: 128 of 128 examples have over 3 tokens; raise it"):
        batches[0]


LONG = Schedule(steps=8, batch_size=16, lr=0.1, max_tokens=20_000, single_share=0.3, window=8)


def first_window(items: list[Item], tokenizer: Tokenizer, **settings: object) -> list[Example]:
    """The examples that `LONG` draws together, with some of its values set otherwise."""
    return [e for batch in Batches(items, tokenizer, LONG.model_copy(update=settings)).window(0) for e in batch]


def test_answers_of_too_many_words_are_left_out(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = load_items(data_dir / "train.jsonl")
    every, near = first_window(items, tokenizer), first_window(items, tokenizer, max_words=60)
    words = [count_words(tokenizer.decode(e.answer[:-1])) for e in near]
    assert max(words) <= 60 < max(count_words(tokenizer.decode(e.answer[:-1])) for e in every)
    assert len(every) / 4 < len(near) < len(every)
    with pytest.raises(MusiError, match=r"128 items have no stage .* or are over schedule\.max_words"):
        first_window(items, tokenizer, max_words=1, single_share=0.0)


def test_stages_that_begin_too_far_from_the_prompt_are_left_out(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = load_items(data_dir / "train.jsonl")
    every, near = first_window(items, tokenizer), first_window(items, tokenizer, max_distance=60)

    def words(example: Example) -> tuple[int, int]:
        """Before the last stage's header, and in all."""
        first = sum(example.stages[:-1])
        return count_words(tokenizer.decode(example.answer[:first])), count_words(tokenizer.decode(example.answer[:-1]))

    assert max(words(e)[0] - len(e.stages) + 1 for e in near) <= 60 < max(words(e)[0] for e in every)
    assert max(words(e)[1] for e in near) > 100  # the last stage may be as long as it is
    assert len(every) / 4 < len(near) < len(every)


def test_answers_are_over_before_what_a_rule_puts_at_their_ends(tokenizer: Tokenizer) -> None:
    """As far as several answers tell, and from a mark on, so that words which end alike are no rule's."""

    def left(*answers: str) -> list[str]:
        (example,) = tokenize([("Do it.", render_answer(answers))], tokenizer)
        return [tokenizer.decode(example.answer[end:]) for end in example.ends().tolist()]

    assert left("12, 13 - Zoe", "a b - Zoe") == [" - Zoe\n[2]\na b - Zoe", " - Zoe"]
    assert left("12", "82") == ["\n[2]\n82", ""]
    assert left("seven", "seven") == ["\n[2]\nseven", ""]
    assert left("12!") == [""]
    (example,) = tokenize([("Do it.", render_answer(["1, 2!", "3!"]))], tokenizer)
    weights = example.weights(100, 5.0)
    assert [tokenizer.decode([i]) for i, weight in zip(example.answer, weights.tolist(), strict=True) if weight == 5] == [
        "!",
        "!",
    ]


def test_bare_and_single_examples_are_of_one_stage(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = load_items(data_dir / "train.jsonl")

    def most(**shares: float) -> int:
        batches = Batches(items, tokenizer, SCHEDULE.model_copy(update={"batch_size": 8, **shares}))
        return max(len(e.stages) for step in range(WINDOW) for e in batches[step])

    assert most(single_share=0.4, bare_share=0.6) == 1
    assert most(single_share=0.2, bare_share=0.3) > 1


def test_bare_example_is_the_instruction_with_its_rules_and_context() -> None:
    items = [build_item("train", i) for i in range(60)]
    told = 0
    for item in items:
        for k, stage in enumerate(item.stages):
            prompt, answer = bare_example(item, k)
            assert prompt.endswith(stage.instruction)
            assert all(rule.text in prompt for rule in item.constraints)
            needs = bool(FAMILIES[stage.family].tells(LANGUAGES["en"]))
            assert (item.context in prompt and bool(item.context)) == needs
            assert answer == f"[1]\n{stage.answer}"
            told += needs
    assert told


def test_further_items_are_those_of_train_beyond_the_release(data_dir: Path) -> None:
    items = load_items(data_dir / "train.jsonl")
    pool = Pool(items, 5)
    assert len(pool) == len(items) + 5
    assert pool[3] is items[3]
    assert pool[len(items) + 2] == build_item("train", len(items) + 2)


def test_spoilt_answers_are_those_to_the_next_instruction_and_have_no_loss(data_dir: Path, tokenizer: Tokenizer) -> None:
    seen = set()
    for number in range(40):
        item = build_item("train", number)
        texts, wrong = spoil(item, (item.prompt, item.answer, "asked"), Stream("spoil", number))
        answers = [stage.answer for stage in item.stages]
        assert texts == (item.prompt, texts[1], "asked")
        assert wrong
        assert len(item.stages) - 1 not in wrong
        assert texts[1] == render_answer([answers[k + (k in wrong)] for k in range(len(answers))])
        seen.add(wrong)
    assert any(len(wrong) > 1 for wrong in seen)
    schedule = SCHEDULE.model_copy(update={"single_share": 0.0, "spoilt_share": 0.5})
    steps = [Batches(load_items(data_dir / "train.jsonl"), tokenizer, schedule)[step] for step in range(8)]
    every = [example for examples in steps for example in examples]
    assert 0 < sum(bool(example.spoilt) for example in every) < len(every)
    for example in every:
        shares = [stage.sum().item() for stage in example.weights(1.0).split(list(example.stages))]
        assert [share == 0 for share in shares] == [k in example.spoilt for k in range(len(shares))]
    always = schedule.model_copy(update={"spoilt_share": 1.0})
    lone = item.model_copy(update={"stages": item.stages[:1]})  # as imported data may have
    assert draw_texts(item, Stream(1), always)[1]
    assert draw_texts(lone, Stream(1), always)[1] == ()
    whole = schedule.model_copy(update={"spoilt_share": 0.0})
    assert not any(example.spoilt for example in Batches(load_items(data_dir / "train.jsonl"), tokenizer, whole)[0])


def test_padding_is_never_a_target() -> None:
    assert split_batch([A, B]).weights.sum() == len(A.answer) + len(B.answer)
    assert torch.equal(whole_batch([A, B], 0.0)[2].sum(1), torch.tensor([2.0, 4.0]))
