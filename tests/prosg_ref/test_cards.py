"""The model cards belong to the weights and the recipes that lie here."""

import json
from pathlib import Path

import pytest
import yaml

from musi.errors import MusiError
from musi.generate import RELEASE
from musi.release import lock_digest
from prosg_ref import cards
from prosg_ref.cards import ABOUT, config_digest, recipes_of
from prosg_ref.checkpoint import file_sha256
from prosg_ref.study_page import COLUMNS
from prosg_ref.verify import WEIGHTS

MAX_BYTES = 10_000_000  # of everything shipped


@pytest.mark.parametrize("name", ABOUT)
def test_card_is_of_the_weights_and_recipes_beside_it(name: str) -> None:
    text = (WEIGHTS / name / "README.md").read_text("utf-8")
    (weights,) = (WEIGHTS / name).glob("*.safetensors")
    for digest in (file_sha256(weights), config_digest(ABOUT[name][0]), lock_digest(RELEASE)):
        assert digest in text
    head = yaml.safe_load(text.split("---")[1])
    metrics = {each["type"]: each["value"] for each in head["model-index"][0]["results"][0]["metrics"]}
    assert metrics.keys() <= COLUMNS.keys()
    assert metrics["answer_ppl"] > 1


def test_every_shipped_folder_has_a_card_and_all_of_it_is_small() -> None:
    assert {path.name for path in WEIGHTS.iterdir()} == ABOUT.keys()
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) < MAX_BYTES


def test_recipes_are_followed_back_to_the_first() -> None:
    assert recipes_of("tiny-backbone")[0] == "tiny-backbone-copy"
    parts = ["placed", "found", "lists", "items", "pointing", "near", "tokens", "asked", "together", "spelt", "cased", "all"]
    assert recipes_of("tiny-prosg-all") == [*recipes_of("tiny-backbone"), *(f"tiny-prosg-{part}" for part in parts)]
    control = [f"tiny-backbone-more{part}" for part in ("-near", "", "-together", "-all")]
    assert recipes_of("tiny-backbone-more-all") == [*recipes_of("tiny-backbone"), *control]


def test_figures_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "verify.json"
    path.write_text(json.dumps({"backbone": {}}))
    with pytest.raises(MusiError, match="give what `musi study verify --json` printed"):
        cards.main(path)
