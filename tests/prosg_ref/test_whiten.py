"""The whitened metric: it finds the same words in another context, and refuses what it cannot start."""

import pytest
import torch
from tiny_models import CONFIG, random_backbone

from prosg_ref.prosg import ProSG, ProSGConfig
from prosg_ref.whiten import whiten

TARGETS = ("ffn.key", "att.output")


def texts(seed: int, count: int) -> list[list[int]]:
    """Pairs of a small vocabulary in random order, so that each occurs in many contexts."""
    generator = torch.Generator().manual_seed(seed)
    pairs = [[2 * i, 2 * i + 1] for i in range(20)]
    return [[x for i in torch.randperm(20, generator=generator).tolist() for x in pairs[i]] for _ in range(count)]


def found_again(model: ProSG, target: str, layer: int) -> float:
    """How often the input after a pair of tokens is nearest to that after the same pair in another text."""
    key, name, hits = model.synthesis.part(target).v, model.adapter.matrix(layer, target), 0
    several = texts(7, 12)
    for one, other in zip(several[::2], several[1::2], strict=True):
        spaces = []
        for text in (one, other):
            x = model.adapter.read(torch.tensor([text]), torch.tensor([len(text)]), (target,)).inputs[name][0, 1::2]
            x = x - x.mean(0)
            spaces.append(torch.nn.functional.normalize(x + key.q[layer](key.p[layer](x)), dim=1))
        places = torch.tensor([other[::2].index(x) for x in one[::2]])
        hits += int(((spaces[0] @ spaces[1].T).argmax(1) == places).sum())
    return hits / (len(several) * 10)


@torch.no_grad()
@pytest.mark.parametrize(("target", "layer"), [("ffn.key", 1), ("att.output", 0)])
def test_the_same_words_are_found_in_another_context(target: str, layer: int) -> None:
    torch.manual_seed(0)
    model = ProSG(random_backbone(), ProSGConfig(source="tokens", key="input", targets=TARGETS, metric=CONFIG.n_embd))
    before = found_again(model, target, layer)
    whiten(model, texts(0, 60))
    assert found_again(model, target, layer) > before + 0.05


@torch.no_grad()
def test_the_mean_input_finds_nothing_and_norms_stay() -> None:
    torch.manual_seed(0)
    model = ProSG(random_backbone(), ProSGConfig(source="tokens", key="input", targets=("ffn.key",), metric=CONFIG.n_embd))
    training = texts(0, 60)
    whiten(model, [*training, [1]])
    key = model.synthesis.part("ffn.key").v
    for layer in range(CONFIG.n_layer):
        inputs = []
        for text in training:
            reading = model.adapter.read(torch.tensor([text]), torch.tensor([len(text)]), ("ffn.key",))
            inputs.append(reading.inputs[f"blocks.{layer}.ffn.key"][0, 1:])
        x = torch.cat(inputs)
        mean, centred = x.mean(0), x - x.mean(0)
        moved = centred + key.q[layer](key.p[layer](centred))
        assert (mean + key.q[layer](key.p[layer](mean))).norm() < 1e-3 * mean.norm()
        torch.testing.assert_close(moved.norm(dim=1).mean(), centred.norm(dim=1).mean(), rtol=1e-3, atol=1e-3)


def test_without_a_text_it_is_refused() -> None:
    model = ProSG(random_backbone(), ProSGConfig(source="tokens", key="input", targets=("ffn.key",), metric=CONFIG.n_embd))
    with pytest.raises(ValueError, match=r"whiten: no item of up to 1,200 tokens among so few; take more"):
        whiten(model, [[1], [1] * 1_201])


@pytest.mark.parametrize(
    "config", [{"source": "constant"}, {"source": "tokens"}, {"source": "tokens", "key": "input", "metric": 4}]
)
def test_a_metric_of_lower_rank_is_refused(config: dict[str, object]) -> None:
    model = ProSG(random_backbone(), ProSGConfig(**config, targets=("ffn.key",)))
    with pytest.raises(ValueError, match="whiten: needs `key: input` and a metric of the full rank, 32"):
        whiten(model, texts(0, 4))
