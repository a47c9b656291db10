"""What is gained far from the prompt and near it, in loss and in retention."""

from typing import Any

import pytest

from prosg_ref.gains import loss_against, loss_growth, retention_against, retention_growth


def row(*items: list[tuple[float, float, int, bool, bool]]) -> dict[str, Any]:
    """Values of a row: by item (words before it, nats, tokens, right in the chain, right alone) of every stage."""
    return {"stages": [[list(stage) for stage in item] for item in items]}


WITHOUT = row(
    [(0, 10.0, 10, True, True), (100, 9.0, 3, False, True), (200, 20.0, 10, False, True)],
    [(24, 10.0, 10, True, True), (500, 6.0, 20, False, True)],
    [(0, 5.0, 20, True, False)],
)
WITH = row(
    [(0, 9.0, 10, True, True), (100, 1.0, 3, True, True), (200, 17.0, 10, True, True)],
    [(24, 9.0, 10, True, True), (500, 0.0, 20, True, True)],
    [(0, 3.0, 20, False, False)],
)


def test_loss_far_less_near() -> None:
    """Near the prompt 0.1 nats a token are gained, far from it 0.3 on all items; what is between does not count."""
    found = loss_growth(WITH, WITHOUT)
    assert found["value"] == pytest.approx(-0.3 + 0.1)
    assert found["low"] == found["high"] == pytest.approx(-0.2)
    assert loss_against(WITH, WITHOUT)["value"] == pytest.approx((39 - 60) / 73)
    assert loss_against(WITH, WITHOUT, 100, 200)["value"] == pytest.approx(-8 / 3)


def test_retention_far_less_near() -> None:
    """Near the prompt both keep what they know, far from it one does: a stage that is not right alone counts for nothing."""
    assert retention_against(WITH, WITHOUT, 0, 25)["value"] == 0
    assert retention_against(WITH, WITHOUT, 200)["value"] == 1
    assert retention_growth(WITH, WITHOUT)["value"] == 1
    assert retention_growth(WITHOUT, WITH)["value"] == -1


def test_nothing_far_is_no_growth() -> None:
    near = row([(0, 1.0, 1, True, True)], [(0, 2.0, 1, True, True)])
    assert loss_growth(near, near)["value"] is None
    assert retention_growth(near, near)["value"] is None


def test_intervals_hold_the_value_and_come_of_the_items() -> None:
    """Two kinds of items: one gains 0.4 far from the prompt and half of its stages, the other nothing."""
    gaining = [(0, 4.0, 10, True, True), (300, 8.0, 10, False, True)], [(0, 4.0, 10, True, True), (300, 4.0, 10, True, True)]
    still = [(0, 4.0, 10, True, True), (300, 8.0, 10, True, True)]
    before, after = row(*[gaining[0], still] * 20), row(*[gaining[1], still] * 20)
    for found, value in ((loss_growth(after, before), -0.2), (retention_growth(after, before), 0.5)):
        assert found["value"] == pytest.approx(value)
        assert min(found["low"], found["high"]) < value < max(found["low"], found["high"])
        assert 0.1 * abs(value) < found["high"] - found["low"] < 2 * abs(value)
