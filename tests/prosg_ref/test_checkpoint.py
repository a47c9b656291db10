"""Checkpoints come back as they were; broken ones are refused by name of file and key."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import CONFIG, random_backbone, random_prosg

from musi.errors import MusiError
from prosg_ref.checkpoint import Store, load_backbone, load_prosg, save_backbone, save_prosg
from prosg_ref.tokenizer import Tokenizer


@pytest.fixture
def directory(backbone_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(backbone_dir, tmp_path / "model"))


def test_backbone_round_trip(backbone_dir: Path, tokenizer: Tokenizer) -> None:
    model, loaded = load_backbone(backbone_dir)
    assert model.config == CONFIG
    assert loaded.content() == tokenizer.content()
    for name, tensor in random_backbone().state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor), name


@pytest.mark.parametrize("store", ["float16", "bfloat16"])
def test_a_tied_backbone_in_16_bits_is_written_once_and_comes_back_as_two_equal_matrices(
    tokenizer: Tokenizer, tmp_path: Path, store: Store
) -> None:
    model = random_backbone()
    model.emb.weight = model.head.weight
    save_backbone(tmp_path, model, tokenizer, store)
    assert "emb.weight" not in load_file(tmp_path / "model.safetensors")
    loaded, _ = load_backbone(tmp_path)
    assert torch.equal(loaded.emb.weight, loaded.head.weight)
    for name, tensor in model.state_dict().items():
        rounded = tensor.to(getattr(torch, store)).float() if tensor.dim() == 2 else tensor
        assert torch.equal(loaded.state_dict()[name], rounded), name


@pytest.mark.parametrize("source", ["state", "tokens", "constant"])
def test_prosg_round_trip(backbone_dir: Path, tmp_path: Path, source: str) -> None:
    model = random_prosg(source)
    save_prosg(tmp_path, model, backbone_dir)
    loaded = load_prosg(tmp_path, load_backbone(backbone_dir)[0], backbone_dir)
    assert loaded.config == model.config
    for name, tensor in model.synthesis.state_dict().items():
        assert torch.equal(loaded.synthesis.state_dict()[name], tensor), name


def test_prosg_of_another_backbone_is_refused(backbone_dir: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_prosg(tmp_path / "prosg", random_prosg("state"), backbone_dir)
    save_backbone(tmp_path / "other", random_backbone(seed=5), tokenizer)
    with pytest.raises(MusiError, match=r"config\.json: trained on backbone [0-9a-f]{12}, .*other is [0-9a-f]{12}; load"):
        load_prosg(tmp_path / "prosg", load_backbone(tmp_path / "other")[0], tmp_path / "other")


def refused(directory: Path, message: str) -> None:
    with pytest.raises(MusiError) as caught:
        load_backbone(directory)
    assert message in str(caught.value)
    assert str(directory) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_missing_file(directory: Path, name: str) -> None:
    (directory / name).unlink()
    refused(directory, name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_layer": 4}, "no tensor blocks.3.ln1.weight"),
        ({"n_layer": 2}, "unexpected tensor blocks.2."),
        ({"vocab_size": 401}, "emb.weight is (400, 32) where this model has (401, 32)"),
        ({"vocab_size": 20}, "400 tokens, the model has 20"),
        ({"n_embd": -1}, "config.json: n_embd: "),
        ({"n_layer": 10**9}, "config.json: n_layer: "),
        ({"heads": 1}, "config.json: heads: "),
        ({"architecture": "rwkv7"}, "config.json: architecture: "),
    ],
)
def test_config_that_does_not_fit(directory: Path, change: dict[str, object], message: str) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    refused(directory, message)


def test_truncated_weights(directory: Path) -> None:
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refused(directory, "model.safetensors: not a whole safetensors file")


def test_integer_weights(directory: Path) -> None:
    path = directory / "model.safetensors"
    tensors = load_file(path)
    tensors["head.weight"] = tensors["head.weight"].to(torch.int8)
    save_file(tensors, path)
    refused(directory, "head.weight is torch.int8, not a float")
