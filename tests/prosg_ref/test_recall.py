"""What an instruction asks for is found by what it names, said where its answer begins, and by nothing else."""

import pytest
import torch
from tiny_models import random_backbone, random_prosg

from musi.compose import multi_example
from musi.generate import build_item
from musi.rng import Stream
from prosg_ref.checkpoint import load_backbone
from prosg_ref.examples import Example, note_example, tokenize
from prosg_ref.prosg import ProSG, ProSGConfig
from prosg_ref.recall import SPAN, Asked, Recall, dues, key_loss, pointer_loss
from prosg_ref.recipes import shipped
from prosg_ref.spelling import folded

_, TOKENIZER = load_backbone(shipped("").parent / "weights/tiny/backbone")


def test_instructions_end_where_their_last_words_do() -> None:
    missing, count = 0, 0
    for item in (build_item("train", i) for i in range(60)):
        instructions = [stage.instruction for stage in item.stages]
        (example,) = tokenize([(*multi_example(item), *instructions)], TOKENIZER)
        for instruction, at in zip(instructions, example.asked, strict=True):
            count += 1
            missing += at < 0
            said = TOKENIZER.decode(example.prompt[: at + 1])
            assert at < 0 or said.endswith(instruction[1:].rstrip(" .,:;?!\"'`)]}")), instruction
        assert [at for at in example.asked if at >= 0] == sorted(at for at in example.asked if at >= 0)
        for k in range(len(item.stages)):
            texts = note_example(item, k, Stream("note", item.index, k))
            (note,) = tokenize([texts], TOKENIZER)
            assert TOKENIZER.decode(note.prompt[: note.asked[0] + 1]).endswith(texts[2].rstrip(" .,:;?!\"'`)]}"))
    assert missing < 0.02 * count


def test_nobody_who_does_not_ask_is_told_where_instructions_end() -> None:
    assert tokenize([("Name two colours.", "[1]\nred\n[2]\nblue")], TOKENIZER)[0].asked == ()


def test_due_is_the_first_lost_token_of_a_stage_if_the_prompt_has_it() -> None:
    example = Example([20, 21, 22, 5, 6, 23, 20, 9, 7], [1, 20, 21, 3, 8, 22, 4, 8, 20], (4, 3, 2), (3, 4, 5))
    lost = torch.zeros(1, 9)
    lost[0, [1, 4, 5, 8]] = 1
    found = dues([example], lost)
    assert found.rows.tolist() == [0, 0]
    assert found.asked.tolist() == [3, 5], "the second stage's first lost token, 8, is not in the prompt"
    right = [row.nonzero().flatten().tolist() for row in found.right]
    assert right == [[0], [0, 6]], "where most of what follows is the same"
    assert found.told.tolist() == [[-1, 0, 1, *[-1] * 6], [*[-1] * 8, 0]]
    assert [mask.nonzero().flatten().tolist() for mask in found.others] == [[4, 8], [1, 4]]
    unknown = Example(example.prompt, example.answer, example.stages, (-1, -1, 8))
    assert not len(dues([unknown], lost).rows), "where an instruction is not found, or ends with what ΔW is not made of"
    assert not len(dues([Example(example.prompt, example.answer, example.stages)], lost).rows)


def test_nothing_is_due_of_a_spoilt_stage_and_its_answer_is_another_to_the_rest() -> None:
    example = Example([20, 21, 22, 7], [1, 20, 3, 20, 3, 21], (2, 2, 2), (0, 1, 2), (1, 1, 1), spoilt=(0,))
    lost = torch.zeros(1, 6)
    lost[0, [1, 3, 5]] = 1
    found = dues([example], lost)
    assert found.asked.tolist() == [1, 2]
    assert [mask.nonzero().flatten().tolist() for mask in found.others] == [[1, 5], [1, 3]]
    assert found.whole.tolist() == [False]
    recall, inside = Recall(2, 8, 8, 6), torch.ones(1, 3, dtype=torch.bool)

    def loss(gate: float) -> float:
        asked = Asked(torch.full((1, 3), gate), torch.zeros(1, 3, 16), inside)
        return pointer_loss(recall, asked, found).item()

    assert loss(0.01) == loss(0.99), "whom a spoilt example's gates should let through is not known"


def test_of_a_record_what_it_opens_with_is_known_and_its_first_value_is_due() -> None:
    items = (build_item("train", i) for i in range(400))
    records = [(item, k) for item in items for k, stage in enumerate(item.stages) if stage.family == "record_json"]
    assert len(records) > 5
    for item, k in records:
        (example,) = tokenize([note_example(item, k, Stream("note", item.index, k))], TOKENIZER)
        said = [TOKENIZER.decode(example.answer[:s]) for s in range(len(example.answer))]
        lost = torch.zeros(1, len(example.answer))
        lost[0, next(s for s, text in enumerate(said) if text.endswith('"age": ')) :] = 1
        assert len(dues([example], lost).rows) == 1, said[-1]


@pytest.mark.parametrize("written", ["PALERMO", "palermo", "Palermo"])
@pytest.mark.parametrize("lost_from", [0, 1])
def test_a_name_is_told_by_the_token_that_it_is_spelt_from(written: str, lost_from: int) -> None:
    prompt = "Nora lives in Palermo, Hugo in Paris, Ida in Porto.\n\nWhere does Nora live?\n"
    (example,) = tokenize([(prompt, f"[1]\n{written}", "Where does Nora live?")], TOKENIZER)
    begin, end = example.headers[0], len(example.answer) - 1  # before the end of the document
    lost = torch.zeros(1, len(example.answer))
    lost[0, min(begin + lost_from, end - 1) :] = 1
    found = dues([example], lost, folded(TOKENIZER))
    assert [TOKENIZER.decode([example.prompt[t]]) for t in found.right[0].nonzero().flatten()] == [" Palermo"]
    assert found.told[0].tolist() == [-1] * begin + [0] * (end - begin) + [-1]
    assert len(dues([example], lost).rows) == (written == "Palermo"), "ids alone know a word as it is written"


@pytest.mark.parametrize(("number", "written"), [("84", "eighty-four"), ("84", "EIGHTY-FOUR"), ("84", "84")])
@pytest.mark.parametrize("lost_from", [0, 2])
def test_a_figure_is_told_by_its_digits_however_it_is_written(number: str, written: str, lost_from: int) -> None:
    prompt = f"In the shed there are {number} nails, 8 pails and 840 screws.\n\nHow many nails are there?\n"
    (example,) = tokenize([(prompt, f"[1]\n{written}", "How many nails are there?")], TOKENIZER)
    lost = torch.zeros(1, len(example.answer))
    lost[0, example.headers[0] + (lost_from if written != number else 0) : -1] = 1
    found = dues([example], lost, folded(TOKENIZER))
    at = found.right[0].nonzero().flatten().tolist()
    if written == number:
        assert len(at) == 2, "840 begins alike"
    else:
        assert [TOKENIZER.decode(example.prompt[t : t + 3]) for t in at] == [f"{number} nails"]
    slots = found.told[0].tolist()
    assert slots[: example.headers[0]] == [-1] * example.headers[0]
    assert sorted(set(slots) - {-1}) == [0, 1]


def test_no_more_is_told_than_a_stage_has() -> None:
    example = Example([20, 21, 22, 23, 24, 25, 7], [20, 21, 22, 23, 24, 20, 1, 20, 21], (5, 1, 3), (1, 2, 3))
    lost = torch.zeros(1, 9)
    lost[0, [0, 5, 7]] = 1
    told = dues([example], lost).told.tolist()
    assert told == [[0, 1, 2, 3, *[-1] * 5], [*[-1] * 5, 0, *[-1] * 3], [*[-1] * 7, 0, 1]]


def test_a_token_sees_what_follows_its_other_mentions_and_an_empty_prompt_is_no_nan() -> None:
    """Names of the same two people in another order change what a later mention of one of them is."""
    torch.manual_seed(0)
    model = random_prosg("recall")
    part = model.synthesis.part("ffn.value").recall

    def at_the_end(prompt: list[int]) -> torch.Tensor:
        reading = model.adapter.read(torch.tensor([prompt]), torch.tensor([len(prompt)]))
        silent = type(reading)(
            reading.state, reading.lengths, reading.features, reading.embedded, [x * 0 for x in reading.outputs]
        )
        return part(silent).pair[0, -1]

    far = list(range(100, 180))
    one, other = at_the_end([9, 30, 5, 10, 31, 5, *far, 9]), at_the_end([9, 31, 5, 10, 30, 5, *far, 9])
    unnamed = at_the_end([9, 30, 5, 10, 31, 5, *far, 11]) - at_the_end([9, 31, 5, 10, 30, 5, *far, 11])
    assert (one - other).abs().max() > 3 * unnamed.abs().max()
    memory = model.internalize(torch.zeros(2, 4, dtype=torch.int64), torch.tensor([0, 4]))
    assert all(x.a.isfinite().all() and x.b.isfinite().all() for x in memory.delta.values())


def test_losses_are_least_where_gates_pointers_and_keys_are_right() -> None:
    torch.manual_seed(0)
    recall = Recall(2, 8, 8, 6)
    due = dues([Example([20, 21, 22, 5, 6], [1, 21, 3], (3,), (3,))], torch.tensor([[0.0, 1.0, 0.0]]))
    inside = torch.ones(1, 4, dtype=torch.bool)
    with torch.no_grad():
        for matrix in (recall.q.weight, recall.k.weight):
            matrix.zero_()
            matrix[0, 0] = 1

    def loss(gates: list[float], points_at: int) -> float:
        pair = torch.zeros(1, 4, 16)
        pair[0, 3, 0], pair[0, points_at, 0] = 5, 60
        with torch.no_grad():
            return pointer_loss(recall, Asked(torch.tensor([gates]), pair, inside), due).item()

    shut, wide = 1e-6, 1 - 1e-6
    right = loss([shut, shut, shut, wide], 1)
    assert right < 0.01
    assert loss([shut, shut, wide, shut], 1) > right + 1
    assert loss([shut, shut, shut, shut], 2) > right + 1
    assert loss([shut, shut, shut, shut], 2) < loss([shut, shut, shut, wide], 2), "who points elsewhere is to be shut"
    inputs = [torch.eye(6)[:3].unsqueeze(0)] * 2
    there = torch.ones(1, 3, dtype=torch.bool)
    asked = Asked(torch.ones(1, 4), torch.zeros(1, 4, 16), inside)
    found = []
    for place in range(3):
        keys = torch.zeros(SPAN, 2, 6)
        keys[0, :, place] = 6**0.5
        with torch.no_grad():
            recall.key[1].bias.copy_(keys.flatten())
            found.append(key_loss(recall, asked, inputs, there, due).item())
    assert found[1] == pytest.approx(0, abs=1e-6)
    assert min(found[0], found[2]) > 1


def test_recall_is_for_single_tokens() -> None:
    with pytest.raises(ValueError, match="recall is of single tokens"):
        ProSGConfig(source="tokens", recall=2, chunk=2)
    assert ProSG(random_backbone(), ProSGConfig(source="tokens", recall=2)).synthesis.part("ffn.value").recall is not None
