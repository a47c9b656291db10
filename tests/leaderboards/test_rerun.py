"""`rerun`: the same model passes, another one does not; a card cannot make lm-eval run a stranger's code."""

import json

import pytest

from leaderboards.rerun import rerun
from leaderboards.submission import submit
from musi.errors import MusiError
from tests.leaderboards.support import answer_with, edit_card, edit_results


@pytest.fixture
def gold(results, tmp_path):
    """The gold oracle's answers, under the name by which lm-eval can find that model again."""
    folder = tmp_path / "results"
    path = next(results("gold").rglob("results_*.json"))
    folder.mkdir()
    value = json.loads(path.read_text()) | {"model_source": "musi-gold"}
    (folder / path.name).write_text(json.dumps(value))
    samples = next(results("gold").rglob("samples_*"))
    (folder / samples.name).write_bytes(samples.read_bytes())
    return submit(folder, "Gold", tmp_path)


def test_same_model_passes(gold):
    found = rerun(gold, 20, seed=5)
    assert found.passed
    assert (found.items, found.identical, found.responses) == (20, 20, 20)
    assert found.equal == found.verdicts > 80
    assert "(seed 5)" in found.summary()
    assert rerun(gold, 3).seed != rerun(gold, 3).seed


def test_another_model_does_not(gold):
    answer_with(gold, lambda item, k, old: old if k is None else "[1]\nno idea")
    found = rerun(gold, 20, seed=5)
    assert not found.passed
    assert found.equal == found.verdicts // 2


@pytest.mark.parametrize(
    ("model", "model_args", "what"),
    [
        ("hf", "pretrained=x,trust_remote_code=True", "trust_remote_code"),
        ("hf", "pretrained=x,peft=y", "peft"),
        ("local-completions", "base_url=http://example.org", "local-completions"),
    ],
)
def test_code_of_the_submitter_is_not_run(gold, model, model_args, what):
    def change(results):
        results["model_source"] = model
        results["config"]["model_args"] = model_args

    edit_results(gold, change)
    edit_card(gold, model=model, model_args=model_args)
    with pytest.raises(MusiError, match=rf"asks for '{what}', which could run code"):
        rerun(gold, 1)
