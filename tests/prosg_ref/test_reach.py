"""What instructions point at opens the gates around it, as far as each token hands it on."""

import pytest
import torch
from tiny_models import random_backbone, random_prosg

from prosg_ref.prosg import ProSG, ProSGConfig
from prosg_ref.reach import Reach
from prosg_ref.recall import Asked

WIDTH, KINDS, OFFSETS = 8, 2, 3


def asked(rows: int, time: int) -> Asked:
    return Asked(torch.ones(rows, time), torch.randn(rows, time, 2 * WIDTH), torch.ones(rows, time, dtype=torch.bool))


def drawn() -> Reach:
    reach = Reach(WIDTH, KINDS, OFFSETS)
    with torch.no_grad():
        for parameter in reach.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return reach


def test_tokens_hand_on_what_is_pointed_at_one_after_another() -> None:
    torch.manual_seed(0)
    reach, found, pointed = drawn(), asked(2, 11), torch.rand(2, 11)
    kept = torch.sigmoid(reach.keep(found.pair))  # (B, T, K)
    opens = reach.open(found.pair).unflatten(2, (2, KINDS, OFFSETS))
    wanted = torch.zeros(2, 11, OFFSETS)
    for row in range(2):
        for k in range(KINDS):
            for backwards, places in enumerate((range(11), range(10, -1, -1))):
                here = torch.tensor(0.0)
                for place, t in enumerate(places):
                    # a step between two tokens costs what the later one of them lets through
                    through = kept[row, t + backwards, k] if place else torch.tensor(0.0)
                    here = through * here + pointed[row, t]
                    wanted[row, t] += here * opens[row, t, backwards, k]
    torch.testing.assert_close(reach(found, pointed), wanted, atol=1e-5, rtol=1e-5)


def test_what_is_not_pointed_at_opens_nothing_and_a_shut_token_lets_nothing_through() -> None:
    torch.manual_seed(0)
    reach, found = drawn(), asked(1, 9)
    assert reach(found, torch.zeros(1, 9)).abs().max() < 1e-20
    with torch.no_grad():
        reach.keep.weight.zero_()
        reach.keep.bias.fill_(-30.0)
    pointed = torch.zeros(1, 9)
    pointed[0, 4] = 1
    opened = reach(found, pointed)[0].abs().sum(1) > 1e-6
    assert opened.tolist() == [t == 4 for t in range(9)]


def test_gates_open_where_instructions_point_and_only_with_reach() -> None:
    torch.manual_seed(0)
    model = ProSG(random_backbone(), ProSGConfig(source="tokens", targets=("ffn.value",), key="input", recall=3, reach=2))
    prompt = torch.randint(0, 400, (1, 12))
    part = model.synthesis.part("ffn.value")
    shut = next(iter(model.internalize(prompt).gates.values()))
    with torch.no_grad():
        part.reach.open.bias.fill_(2.0)
        part.recall.gate.bias.fill_(4.0)
    opened = next(iter(model.internalize(prompt).gates.values()))
    assert (opened > shut).all()
    plain = random_prosg("recall").synthesis
    assert not any(".reach." in name for name, _ in plain.named_parameters())


def test_reach_is_for_recall() -> None:
    with pytest.raises(ValueError, match="reach is for recall"):
        ProSGConfig(source="tokens", reach=2)
