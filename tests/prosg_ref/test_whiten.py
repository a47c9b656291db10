"""The whitened metric: it finds the same words in another context, and refuses what it cannot start."""

import pytest
import torch
from tiny_models import CONFIG, random_backbone

from prosg_ref.examples import Example
from prosg_ref.prosg import ProSG, ProSGConfig
from prosg_ref.whiten import pairs, whiten

TARGETS = ("ffn.key", "att.output")
# 20 to 24 with commas (5), told backwards
LIST = Example([9, 20, 5, 21, 5, 22, 5, 23, 5, 24, 8, 7], [23, 5, 22, 5, 21, 5, 20, 1], (8,))


def test_pairs_are_places_of_the_same_words_and_what_is_due_there() -> None:
    text = LIST.prompt + LIST.answer
    found = pairs(LIST, (-4, 0, 2), torch.ones(8))
    assert len(found) == 3
    for now, before, due in found:
        assert text[now - 1 : now + 1] == text[before - 1 : before + 1]
        assert text[now + 1] == text[due]
        assert before < len(LIST.prompt) <= now
    assert not pairs(LIST, (-4, 0, 2), torch.zeros(8))


def examples(seed: int, count: int) -> list[Example]:
    """Pairs of a small vocabulary in random order, and answers with the same ones in another order."""
    generator = torch.Generator().manual_seed(seed)
    words = [[3 * i, 3 * i + 1, 3 * i + 2] for i in range(20)]

    def text() -> list[int]:
        return [x for i in torch.randperm(20, generator=generator).tolist() for x in words[i]]

    return [Example([*text(), 99], text(), (60,)) for _ in range(count)]


def found_again(model: ProSG, target: str, layer: int) -> float:
    """How often the input after two words of an answer is nearest to that after the same two of its prompt."""
    key, name, hits = model.synthesis.part(target).v, model.adapter.matrix(layer, target), 0
    some = examples(7, 12)
    for example in some:
        spaces = []
        for text in (example.prompt[:-1], example.answer):
            x = model.adapter.read(torch.tensor([text]), torch.tensor([len(text)]), (target,)).inputs[name][0, 1::3]
            x = x - x.mean(0)
            spaces.append(torch.nn.functional.normalize(x + key.q[layer](key.p[layer](x)), dim=1))
        places = torch.tensor([example.prompt[1::3].index(x) for x in example.answer[1::3]])
        hits += int(((spaces[1] @ spaces[0].T).argmax(1) == places).sum())
    return hits / (len(some) * 20)


@torch.no_grad()
@pytest.mark.parametrize(("target", "layer"), [("ffn.key", 1), ("att.output", 0)])
def test_the_same_words_are_found_in_another_context(target: str, layer: int) -> None:
    torch.manual_seed(0)
    model = ProSG(random_backbone(), ProSGConfig(source="tokens", key="input", targets=TARGETS, metric=CONFIG.n_embd))
    before = found_again(model, target, layer)
    whiten(model, [*examples(0, 60), Example([1] * 1_300, [2], (1,))])
    assert found_again(model, target, layer) > before + 0.05


@torch.no_grad()
def test_the_mean_input_finds_nothing_and_norms_stay() -> None:
    torch.manual_seed(0)
    model = ProSG(random_backbone(), ProSGConfig(source="tokens", key="input", targets=("ffn.key",), metric=CONFIG.n_embd))
    training = examples(0, 60)
    whiten(model, training)
    key = model.synthesis.part("ffn.key").v
    for layer in range(CONFIG.n_layer):
        inputs = []
        for example in training:
            text = [*example.prompt, *example.answer]
            reading = model.adapter.read(torch.tensor([text]), torch.tensor([len(text)]), ("ffn.key",))
            share = torch.ones(len(example.answer))
            inputs.append(reading.inputs[f"blocks.{layer}.ffn.key"][0, [before for _, before, _ in pairs(example, (0,), share)]])
        x = torch.cat(inputs)
        mean, centred = x.mean(0), x - x.mean(0)
        moved = centred + key.q[layer](key.p[layer](centred))
        assert (mean + key.q[layer](key.p[layer](mean))).norm() < 1e-3 * mean.norm()
        torch.testing.assert_close(moved.norm(dim=1).mean(), centred.norm(dim=1).mean(), rtol=1e-3, atol=1e-3)


def test_without_a_place_it_is_refused() -> None:
    model = ProSG(random_backbone(), ProSGConfig(source="tokens", key="input", targets=("ffn.key",), metric=CONFIG.n_embd))
    with pytest.raises(ValueError, match=r"whiten: ffn\.key: too few places of so few examples up to 1,200 tokens; take more"):
        whiten(model, [Example([1, 2, 3], [4, 5], (2,)), Example([1] * 1_201, [1], (1,))])


@pytest.mark.parametrize(
    "config", [{"source": "constant"}, {"source": "tokens"}, {"source": "tokens", "key": "input", "metric": 4}]
)
def test_a_metric_of_lower_rank_is_refused(config: dict[str, object]) -> None:
    model = ProSG(random_backbone(), ProSGConfig(**config, targets=("ffn.key",)))
    with pytest.raises(ValueError, match="whiten: needs `key: input` and a metric of the full rank, 32"):
        whiten(model, examples(0, 4))
