"""What the measure measures, on fewer items than `benchmarks/validity.py`, whose simulated models these are."""

import runpy
from pathlib import Path

import pytest

from musi.release import load_split
from musi.report import first_line, report_task
from musi.retention import half_life
from musi.samples import Sample, outcomes, score_samples

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "validity.py"))
simulate, halving = SCRIPT["simulate"], SCRIPT["halving"]


@pytest.fixture(scope="module")
def items():
    return load_split("test_iid")[:200]


def reported(samples):
    return report_task(samples, score_samples(samples))


def test_gold_is_right_and_nothing_else_is(items):
    found = SCRIPT["answers"](items)
    assert set(found["gold"].values()) == {1.0}
    assert set(found["empty"].values()) == set(found["echo"].values()) == {0.0}
    assert max(found["foil"].values()) <= 0.005


@pytest.mark.parametrize(("words", "able"), [(40.0, 1.0), (120.0, 0.6)])
def test_a_memory_that_halves_gives_its_half_life_back(items, words, able):
    """Whatever the ability is: errors that hit chain and single alike move the height of the curve, not its slope."""
    fits = [half_life(outcomes(score_samples(simulate(items, halving(words, seed), able, seed=seed)))) for seed in range(4)]
    assert sum(fit.low <= words <= fit.high for fit in fits) >= 3
    assert sum(fit.words for fit in fits) / 4 == pytest.approx(words, rel=0.25)


def test_a_memory_that_ends_after_so_many_words_shows_in_the_curve(items):
    """An exponential is not that shape; the curve shows it as it is."""
    found = SCRIPT["cliff"](items, 100.0)
    assert [found["curve"][each] for each in ("0-25", "25-50", "50-100")] == [1, 1, 1]
    assert found["curve"]["200-400"] == found["curve"]["400-800"] == 0
    assert 20 < found["half_life"] < 200


def test_lowering_ability_alone_does_not_move_adjusted_retention(items):
    """It moves retention, which the noise of ability enters as a factor."""
    truth = reported(simulate(items, halving(120.0)))["retention"]["value"]
    noisy = reported(simulate(items, halving(120.0), able=0.6, again=True))
    assert noisy["adjusted_retention"]["low"] <= truth <= noisy["adjusted_retention"]["high"]
    assert noisy["retention"]["high"] < truth
    assert noisy["retention"]["value"] == pytest.approx(0.6 * truth, abs=0.08)
    assert noisy["consistency"]["value"] == pytest.approx(0.6, abs=0.08)
    assert f"still does {noisy['adjusted_retention']['value']:.0%}" in first_line("it", noisy)


def test_a_model_that_cannot_do_some_families_keeps_its_retention(items):
    """Inability that is no luck: their stages leave the denominator."""
    hard = {"add_numbers", "sort_words", "capital_of", "weekday_after", "copy_message"}
    samples = simulate(items, halving(120.0))
    spoilt = []
    for sample in samples:
        pairs = zip(sample.item.stages, sample.singles, strict=True)
        singles = ["lost" if stage.family in hard else text for stage, text in pairs]
        spoilt.append(Sample(sample.item, (sample.multi, *singles)))
    before, after = reported(samples), reported(spoilt)
    assert after["single_acc"]["value"] < before["single_acc"]["value"] == 1
    assert after["retention"]["low"] <= before["retention"]["value"] <= after["retention"]["high"]
