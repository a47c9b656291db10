"""Checkpoints of other programs load with the same logits, go back, and are refused by name of key when broken."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import CONFIG, random_backbone, world_vocabulary

from musi.errors import MusiError
from prosg_ref.checkpoint import load_backbone
from prosg_ref.convert import BLOCK_TENSORS, convert, hf_name, info
from prosg_ref.world_tokenizer import WORLD_FILE, WorldTokenizer

TOKENS = torch.randint(0, CONFIG.vocab_size, (1, 9), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def words(backbone_dir: Path) -> Path:
    return backbone_dir / "tokenizer.json"


def official(path: Path, dtype: torch.dtype = torch.float32, drop: str = "", **extra: torch.Tensor) -> Path:
    tensors = {name: x.to(dtype) for name, x in random_backbone().state_dict().items() if name != drop}
    torch.save(tensors | extra, path)
    return path


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_official_pth(tmp_path: Path, words: Path, dtype: torch.dtype) -> None:
    described = convert(official(tmp_path / "model.pth", dtype), tmp_path / "out", tokenizer=words)
    loaded, tokenizer = load_backbone(tmp_path / "out")
    assert (loaded.config.n_layer, loaded.config.n_embd, loaded.config.vocab_size) == (3, 32, 400)
    for name, x in random_backbone().state_dict().items():
        assert torch.equal(loaded.state_dict()[name], x.to(dtype).float()), name
    assert tokenizer.content() == words.read_bytes()
    assert (described.layout, described.dtype) == ("musi", "float32")
    assert info(tmp_path / "model.pth").dtype == str(dtype).removeprefix("torch.")


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("1/0",))


def test_pth_that_would_run_code_is_refused(tmp_path: Path, words: Path) -> None:
    torch.save({"emb.weight": _Bomb()}, tmp_path / "zip.pth")
    (tmp_path / "raw.pth").write_bytes(pickle.dumps(_Bomb()))
    for name in ("zip.pth", "raw.pth"):
        with pytest.raises(MusiError, match=rf"{name}: refused, not a whole and plain file of tensors"):
            convert(tmp_path / name, tmp_path / "out", tokenizer=words)
    assert not (tmp_path / "out").exists()


def refused(source: Path, message: str, words: Path) -> None:
    for call in (lambda: info(source), lambda: convert(source, source.with_name("out"), tokenizer=words)):
        with pytest.raises(MusiError) as caught:
            call()
        assert message in str(caught.value)
        assert str(source) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"weight": torch.zeros(2)}, "no matrix emb.weight"),
        ({"emb.weight": torch.zeros(2, 2)}, "no tensor blocks.*"),
        ({"emb.weight": torch.zeros(2, 2), "blocks.1.ln1.weight": torch.zeros(2)}, "no tensor blocks.0.*"),
        ({"emb.weight": torch.zeros(400, 2), "blocks.0.ln1.weight": torch.zeros(2)}, "no tensor blocks.0.ln0.weight"),
        ({"emb.weight": 3}, "'emb.weight' is not a plain tensor"),
        ({"emb.weight": torch.zeros(2, 2).to_sparse()}, "'emb.weight' is not a plain tensor"),
        ({"emb.weight": torch.zeros(2, 2), 5: torch.zeros(2)}, "5 is not a plain tensor"),
        (torch.zeros(3), "not a dictionary of tensors"),
    ],
)
def test_pth_of_something_else_is_refused(tmp_path: Path, words: Path, tensors: object, message: str) -> None:
    torch.save(tensors, tmp_path / "model.pth")
    refused(tmp_path / "model.pth", message, words)


def test_faults_of_a_pth_are_named(tmp_path: Path, words: Path) -> None:
    path = official(tmp_path / "model.pth", drop="blocks.1.att.time_first")
    refused(path, "no tensor blocks.1.att.time_first", words)
    official(path, **{"blocks.2.att.time_faaaa": torch.zeros(32)})
    refused(path, "unexpected tensor blocks.2.att.time_faaaa", words)
    official(path, **{"blocks.2.ffn.key.weight": torch.zeros(96, 32)})
    refused(path, "blocks.2.ffn.key.weight is (96, 32) where this model has (128, 32)", words)
    official(path, **{"head.weight": torch.zeros(400, 32, dtype=torch.int8)})
    refused(path, "head.weight is torch.int8, not a float", words)
    official(path)
    path.write_bytes(path.read_bytes()[:-2000])
    refused(path, "refused, not a whole and plain file of tensors", words)
    path.write_bytes(path.read_bytes()[:100])
    refused(path, "copy it again", words)
    path.write_bytes(b"")
    refused(path, "refused, not a whole and plain file of tensors", words)
    refused(tmp_path / "none.pth", "No such file", words)


def test_pth_in_the_format_before_torch_1_6(tmp_path: Path, words: Path) -> None:
    tensors = random_backbone().state_dict()
    torch.save(tensors, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    convert(tmp_path / "old.pth", tmp_path / "out", tokenizer=words)
    assert all(torch.equal(x, tensors[name]) for name, x in load_backbone(tmp_path / "out")[0].state_dict().items())


def test_pth_needs_a_tokenizer_that_fits(tmp_path: Path, words: Path) -> None:
    path = official(tmp_path / "model.pth")
    with pytest.raises(MusiError, match=r"model\.pth: has no tokenizer; give the file .*20B_tokenizer\.json"):
        convert(path, tmp_path / "out")
    torch.save({name: x[:100] if x.shape[0] == 400 else x for name, x in torch.load(path).items()}, tmp_path / "less.pth")
    with pytest.raises(MusiError, match=r"tokens, the model has 100"):
        convert(tmp_path / "less.pth", tmp_path / "out", tokenizer=words)


def test_a_world_model_keeps_its_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(world_vocabulary(["ab", "the "]))
    described = convert(official(tmp_path / "model.pth"), tmp_path / "out", tokenizer=path)
    assert described.tokenizer == WORLD_FILE
    _, tokenizer = load_backbone(tmp_path / "out")
    assert isinstance(tokenizer, WorldTokenizer)
    assert tokenizer.decode(tokenizer.encode("the abc")) == "the abc"
    convert(tmp_path / "out", tmp_path / "hf", to="hf")
    convert(tmp_path / "hf", tmp_path / "back")
    assert (tmp_path / "back" / WORLD_FILE).read_bytes() == path.read_bytes()


def test_hugging_face_reads_what_we_write(backbone_dir: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    convert(backbone_dir, tmp_path / "hf", to="hf")
    other = AutoModelForCausalLM.from_pretrained(tmp_path / "hf")
    model, tokenizer = load_backbone(backbone_dir)
    torch.testing.assert_close(model(TOKENS)[0], other.eval()(TOKENS).logits, atol=1e-4, rtol=1e-4)
    theirs = AutoTokenizer.from_pretrained(tmp_path / "hf")
    text = "Name two colours.\n\n[1]\nred, 12"
    assert theirs(text)["input_ids"] == tokenizer.encode(text)
    assert (theirs.eos_token_id, theirs.decode(tokenizer.encode(text))) == (0, text)


@pytest.mark.parametrize("shard", ["1GB", "200KB"])
def test_we_read_what_hugging_face_writes(backbone_dir: Path, words: Path, tmp_path: Path, shard: str) -> None:
    from transformers import RwkvConfig, RwkvForCausalLM

    other = RwkvForCausalLM(RwkvConfig(vocab_size=400, hidden_size=32, num_hidden_layers=3, rescale_every=0)).eval()
    other.load_state_dict({hf_name(name): x for name, x in random_backbone().state_dict().items()})
    other.save_pretrained(tmp_path / "hf", max_shard_size=shard)
    assert (tmp_path / "hf" / "model.safetensors.index.json").exists() == (shard == "200KB")
    convert(tmp_path / "hf", tmp_path / "out", tokenizer=words)
    model, _ = load_backbone(tmp_path / "out")
    torch.testing.assert_close(model(TOKENS)[0], random_backbone()(TOKENS)[0], atol=0, rtol=0)


def test_old_hugging_face_folder_with_a_bin(backbone_dir: Path, tmp_path: Path) -> None:
    convert(backbone_dir, tmp_path / "hf", to="hf")
    weights = tmp_path / "hf" / "model.safetensors"
    torch.save(load_file(weights), tmp_path / "hf" / "pytorch_model.bin")
    weights.unlink()
    assert convert(tmp_path / "hf", tmp_path / "out").parameters == info(backbone_dir).parameters


def test_there_and_back_is_the_same_file(backbone_dir: Path, tmp_path: Path) -> None:
    convert(backbone_dir, tmp_path / "hf", to="hf")
    convert(tmp_path / "hf", tmp_path / "back")
    for name in ("model.safetensors", "tokenizer.json"):
        assert (tmp_path / "back" / name).read_bytes() == (backbone_dir / name).read_bytes()
    with pytest.raises(MusiError, match="back: holds a checkpoint already"):
        convert(backbone_dir, tmp_path / "back")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "mamba"}, "config.json: model_type: "),
        ({"hidden_size": 0}, "config.json: hidden_size: "),
        ({"layer_norm_epsilon": 1e-6}, "config.json: layer_norm_epsilon: "),
        ({"tie_word_embeddings": True}, "config.json: tie_word_embeddings: "),
        ({"attention_hidden_size": 64}, "config.json: attention_hidden_size: 64, but RWKV-4 has 32"),
        ({"intermediate_size": 64}, "config.json: intermediate_size: 64, but RWKV-4 has 128"),
        ({"num_hidden_layers": 4}, "no tensor blocks.3."),
        ({"num_hidden_layers": 2}, "unexpected tensor rwkv.blocks.2."),
    ],
)
def test_hugging_face_config_that_does_not_fit(
    backbone_dir: Path, words: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    convert(backbone_dir, tmp_path / "hf", to="hf")
    path = tmp_path / "hf" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    refused(tmp_path / "hf", message, words)


def test_broken_folders_are_named(backbone_dir: Path, words: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hf"
    convert(backbone_dir, folder, to="hf")
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-50])
    refused(folder, "model.safetensors: not a whole safetensors file", words)
    weights.unlink()
    refused(folder, "model.safetensors: No such file", words)
    tensors = load_file(backbone_dir / "model.safetensors")
    save_file({hf_name(name): x for name, x in tensors.items() if name != "ln_out.bias"}, weights)
    refused(folder, "no tensor ln_out.bias", words)
    for text in ("{}", "[" * 200_000):
        (folder / "model.safetensors.index.json").write_text(text)
        refused(folder, "model.safetensors.index.json: no weight_map", words)
    (folder / "config.json").unlink()
    refused(folder, "config.json: No such file", words)


def test_info_counts_what_is_there(backbone_dir: Path) -> None:
    found = info(backbone_dir)
    model, _ = load_backbone(backbone_dir)
    parameters = sum(p.numel() for p in model.parameters())
    assert found.parameters == parameters
    assert found.state_bytes == 5 * 3 * 32 * 4
    assert found.serve_bytes == 4 * parameters + found.state_bytes
    small = model.with_16_bit_weights()
    assert found.serve_float16_bytes == sum(p.numel() * p.element_size() for p in small.parameters()) + found.state_bytes
    assert found.train_bytes > 16 * parameters
    assert json.loads(json.dumps(found.as_dict()))["tokenizer"] == "tokenizer.json"


def test_activation_estimate_is_close() -> None:
    """What autograd keeps for one block, against the constant that `info` reckons with."""
    model = random_backbone()
    kept: dict[int, int] = {}

    def keep(x: torch.Tensor) -> torch.Tensor:
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        alive.append(x)
        return x

    alive: list[torch.Tensor] = []
    x = torch.randn(1, 512, 32)
    state = model(TOKENS)[1]
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        model.layers[1](
            x.requires_grad_(), state.att_shift[:, 1], state.wkv[:, 1], state.ffn_shift[:, 1], None, {}, "blocks.1", "auto"
        )
    activations = sum(size for place, size in kept.items() if place not in weights)
    assert 0.8 < activations / (4 * x.numel() * BLOCK_TENSORS) < 1.2
