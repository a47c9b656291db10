"""Every shipped recipe loads; a wrong one is refused by name of file and key."""

from pathlib import Path

import pytest

from musi.errors import MusiError
from prosg_ref.prosg import ProSG
from prosg_ref.recipes import BackboneRecipe, ProSGRecipe, load_recipe, shipped
from prosg_ref.rwkv4 import RWKV4, RWKV4Config

BACKBONES = sorted(path.name for path in shipped("").glob("*-backbone*.yaml"))
PROSGS = sorted(path.name for path in shipped("").glob("*-prosg*.yaml"))


def test_every_recipe_is_of_a_known_kind() -> None:
    assert sorted(path.name for path in shipped("").glob("*.yaml")) == sorted([*BACKBONES, *PROSGS])
    assert {"tiny-backbone.yaml", "tiny-prosg-tokens.yaml", "tiny-prosg-state.yaml"} <= {*BACKBONES, *PROSGS}


@pytest.mark.parametrize("name", BACKBONES)
def test_backbone_recipes_load(name: str) -> None:
    recipe = load_recipe(shipped(name), BackboneRecipe)
    assert recipe.model is not None or recipe.init_from is not None


@pytest.mark.parametrize("name", PROSGS)
def test_prosg_recipes_build_a_module(name: str) -> None:
    recipe = load_recipe(shipped(name), ProSGRecipe)
    ProSG(RWKV4(RWKV4Config(n_layer=2, n_embd=8, vocab_size=16)), recipe.prosg)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: [", "not YAML"),
        ("data: 2024-13-45", "not YAML"),
        ("data: " + "[" * 5_000, "not YAML"),
        (
            "data: x\nbackbone: y\nprosg: {source: state, attention: 1}\nschedule: {steps: 1, lr: 0.1}",
            "attention is for `source:",
        ),
        ("data: x\nbackbone: y\nprosg: {source: state}\nschedule: {steps: 1, lr: 0.1, spets: 2}", "schedule.spets: Extra"),
        (
            "data: x\nbackbone: y\nprosg: {source: state}\nschedule: {steps: 1, lr: 0.1, graphs: true}",
            "graphs: for phase 1 alone; leave it out",
        ),
        ("data: x\nbackbone: y\nprosg: {source: magic}\nschedule: {steps: 1, lr: 0.1}", "prosg.source: Input should be"),
        ("data: x\nbackbone: y\nprosg: {source: state, targets: []}\nschedule: {steps: 1, lr: 0.1}", "prosg.targets: Tuple"),
        (
            "data: x\nbackbone: y\nprosg: {source: state}\nschedule: {steps: 1, lr: 0.1, bare_share: 0.9}",
            "over 1 together",
        ),
        ("data: x\nbackbone: y\nprosg: {source: state}\nschedule: {steps: 0, lr: 0.1}", "schedule.steps: Input should be"),
        ("[]", "file: Input should be"),
    ],
)
def test_broken_recipes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MusiError) as caught:
        load_recipe(path, ProSGRecipe)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_recipe(tmp_path: Path) -> None:
    with pytest.raises(MusiError, match=r"none\.yaml: No such file"):
        load_recipe(tmp_path / "none.yaml", BackboneRecipe)
