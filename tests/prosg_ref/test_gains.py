"""What is gained far from the prompt and near it."""

import pytest

from prosg_ref.gains import growth


def test_what_is_gained_far_less_near() -> None:
    """Near the prompt 0.1 nats a token are gained, far from it 0.3 by two items of three; what is between does not count."""
    without = {"stages": [[[0, 10.0, 10], [100, 9.0, 3], [200, 20.0, 10]], [[24, 10.0, 10], [500, 6.0, 20]], [[0, 5.0, 20]]]}
    with_it = {"stages": [[[0, 9.0, 10], [100, 1.0, 3], [200, 17.0, 10]], [[24, 9.0, 10], [500, 0.0, 20]], [[0, 3.0, 20]]]}
    found = growth(with_it, without)
    assert found["value"] == pytest.approx(-0.3 + 0.1)
    assert found["low"] == found["high"] == pytest.approx(-0.2)
    assert growth({"stages": [[[0, 1.0, 1]]] * 2}, {"stages": [[[0, 2.0, 1]]] * 2})["value"] is None
