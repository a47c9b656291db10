"""Checkpoints of other layouts into ours and back, and what a checkpoint is and needs.

| layout   | what it is                                                     | read | written |
|----------|----------------------------------------------------------------|------|---------|
| official | BlinkDL's `.pth`: a pickled dictionary of tensors, any float   | yes  | no      |
| hf       | folder of `RwkvForCausalLM`: safetensors (also in parts) or bin | yes | yes     |
| musi     | folder that `prosg_ref.checkpoint` writes                      | yes  | yes     |

Everything is written in float32. Nothing in a file is executed, and nothing is fetched.
"""

import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError, safe_open
from torch import Tensor

from musi.errors import MusiError

from .checkpoint import (
    BackboneFile,
    backbone_of_tensors,
    check_tensors,
    load_tensors,
    read_config,
    save_backbone,
    save_tensors,
    to_json,
    write_atomically,
)
from .loss import ROWS
from .rwkv4 import RWKV4, RWKV4Config, State
from .tokenizer import KNOWN_ENDS, AnyTokenizer, Tokenizer, load_tokenizer
from .world_tokenizer import WORLD_FILE

Layout = Literal["official", "hf", "musi"]
BLOCK_TENSORS = 30  # of size (B, T, D) that one block keeps for its backward pass

_HF_NAMES = {  # ours: theirs, as parts of a dotted name
    "emb": "embeddings",
    "ln0": "pre_ln",
    "att": "attention",
    "ffn": "feed_forward",
    "time_mix_k": "time_mix_key",
    "time_mix_v": "time_mix_value",
    "time_mix_r": "time_mix_receptance",
}


class HFConfig(BaseModel):
    """What matters in the config.json of an `RwkvForCausalLM`; other keys are left alone."""

    model_config = ConfigDict(frozen=True)

    model_type: Literal["rwkv"]
    vocab_size: int = Field(default=50277, ge=1, le=1_000_000)
    context_length: int = Field(default=1024, ge=1, le=1_000_000)
    hidden_size: int = Field(default=4096, ge=1, le=20_000)
    num_hidden_layers: int = Field(default=32, ge=1, le=200)
    attention_hidden_size: int | None = None
    intermediate_size: int | None = None
    layer_norm_epsilon: float = Field(default=1e-5, ge=1e-5, le=1e-5)
    tie_word_embeddings: Literal[False] = False


@dataclass(frozen=True)
class Source:
    """A checkpoint as found: its layout, its shape, tensors under the official names, and where its tokenizer lies."""

    layout: Layout
    config: RWKV4Config
    tensors: dict[str, Tensor]
    tokenizer: Path | None
    file_bytes: int


@dataclass(frozen=True)
class ModelInfo:
    """What a checkpoint is and needs; sizes in bytes.

    state_bytes: the state of one sequence, float32. serve_bytes: weights and one state in float32; serve_float16_bytes:
    the same with the blocks' matrices in float16. train_bytes: weights, gradients, Adam's two moments, and the activations of one
    sequence of ctx_len tokens under gradient checkpointing.
    """

    layout: Layout
    n_layer: int
    n_embd: int
    vocab_size: int
    ctx_len: int
    dtype: str
    parameters: int
    file_bytes: int
    state_bytes: int
    serve_bytes: int
    serve_float16_bytes: int
    train_bytes: int
    tokenizer: str | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def hf_name(name: str) -> str:
    """Our (the official) name of a tensor as `RwkvForCausalLM` has it.

    >>> hf_name("blocks.0.att.time_mix_k")
    'rwkv.blocks.0.attention.time_mix_key'
    """
    new = ".".join(_HF_NAMES.get(part, part) for part in name.split("."))
    return new if new.startswith("head.") else f"rwkv.{new}"


def convert(source: Path, out: Path, to: Literal["musi", "hf"] = "musi", tokenizer: Path | None = None) -> ModelInfo:
    """Write the checkpoint `source` (any layout) as the folder `out` in layout `to`.

    Args:
        tokenizer: a tokenizer.json (such as the Pile's 20B_tokenizer.json) or a World vocabulary; None: the source's own.
            Our layout needs one, Hugging Face's does not.

    Returns:
        What was written. Raises MusiError for a source that is broken, of another model, or without a tokenizer, and
        for an `out` that holds a checkpoint already.
    """
    if (out / "config.json").exists():
        raise MusiError(f"{out}: holds a checkpoint already; choose another folder, or remove it")
    found = read_source(source)
    path = tokenizer or found.tokenizer
    if path is None and to == "musi":
        wanted = WORLD_FILE if found.config.vocab_size == 65536 else "20B_tokenizer.json"
        raise MusiError(f"{source}: has no tokenizer; give the file it was trained with (probably {wanted})")
    words = None if path is None else load_tokenizer(path)
    if words is not None and words.vocab_size > found.config.vocab_size:
        raise MusiError(
            f"{path}: {words.vocab_size} tokens, the model has {found.config.vocab_size}; give the tokenizer it was trained with"
        )
    backbone = backbone_of_tensors(found.config, found.tensors, str(source))
    if to == "hf":
        _save_hf(out, backbone, words)
    else:
        assert words is not None
        save_backbone(out, backbone, words)
    return info(out)


def info(source: Path) -> ModelInfo:
    """Describe a checkpoint of any layout; its tensors are checked by name and shape but not read.

    Raises MusiError as `convert` does.
    """
    found = read_source(source, values=False)
    config = found.config
    with torch.device("meta"):
        backbone = RWKV4(config)
        state = State.zeros(config, 1, backbone.emb.weight)
    check_tensors(backbone.state_dict(), found.tensors, str(source))
    parameters = sum(p.numel() for p in backbone.parameters())
    matrices = sum(p.numel() for p in backbone.blocks.parameters() if p.dim() == 2)
    activations = 4 * config.ctx_len * config.n_embd * (config.n_layer + BLOCK_TENSORS) + 8 * ROWS * config.vocab_size
    return ModelInfo(
        layout=found.layout,
        n_layer=config.n_layer,
        n_embd=config.n_embd,
        vocab_size=config.vocab_size,
        ctx_len=config.ctx_len,
        dtype=", ".join(sorted({str(x.dtype).removeprefix("torch.") for x in found.tensors.values()})),
        parameters=parameters,
        file_bytes=found.file_bytes,
        state_bytes=state.bytes_per_sequence,
        serve_bytes=4 * parameters + state.bytes_per_sequence,
        serve_float16_bytes=4 * parameters - 2 * matrices + state.bytes_per_sequence,
        train_bytes=16 * parameters + activations,
        tokenizer=None if found.tokenizer is None else found.tokenizer.name,
    )


def read_source(source: Path, values: bool = True) -> Source:
    """Read a checkpoint of any layout; without `values` its tensors have shapes and dtypes only.

    Raises MusiError naming the file and key at fault.
    """
    if source.is_dir():
        return _read_folder(source, values)
    tensors = load_pth(source)
    if "emb.weight" not in tensors or tensors["emb.weight"].dim() != 2 or not tensors["emb.weight"].numel():
        raise MusiError(f"{source}: no matrix emb.weight; give an official RWKV-4 .pth")
    numbers = [name.split(".")[1] for name in tensors if name.startswith("blocks.")]
    layers = [int(number) for number in numbers if number.isdecimal()]
    if not layers:
        raise MusiError(f"{source}: no tensor blocks.*; give an official RWKV-4 .pth")
    if len(set(layers)) <= max(layers):
        missing = next(i for i in range(max(layers)) if i not in layers)
        raise MusiError(f"{source}: no tensor blocks.{missing}.*; the file is not whole, copy it again")
    vocab_size, n_embd = tensors["emb.weight"].shape
    config = RWKV4Config(max(layers) + 1, n_embd, vocab_size)
    return Source("official", config, tensors, None, source.stat().st_size)


def load_pth(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.pth`, mapped from the file. Raises MusiError for a file that holds anything else, unexecuted."""
    try:
        with path.open("rb") as file:
            zipped = file.read(4) == b"PK\x03\x04"  # torch's format since 1.6; only that one can be mapped
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except OSError as error:
        step = "copy it again" if path.is_file() else "give an official RWKV-4 .pth"
        raise MusiError(f"{path}: cannot be read ({error.strerror or error}); {step}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:120]
        raise MusiError(
            f"{path}: refused, not a whole and plain file of tensors ({reason}); copy it again, or give an official RWKV-4 .pth"
        ) from None
    if not isinstance(tensors, dict):
        raise MusiError(f"{path}: not a dictionary of tensors; give an official RWKV-4 .pth")
    for name, x in tensors.items():
        if not isinstance(name, str) or not isinstance(x, Tensor) or x.layout != torch.strided:
            raise MusiError(f"{path}: {name!r} is not a plain tensor with a name; give an official RWKV-4 .pth")
    return tensors


def _read_folder(folder: Path, values: bool) -> Source:
    tokenizer = next((folder / name for name in (WORLD_FILE, Tokenizer.file_name) if (folder / name).exists()), None)
    path = folder / "config.json"
    if "model_type" not in _keys(path):
        ours = read_config(path, BackboneFile)
        weights = folder / "model.safetensors"
        config = RWKV4Config(ours.n_layer, ours.n_embd, ours.vocab_size, ours.ctx_len)
        ours_tensors = _read_tensors(weights, values)
        if ours.tied and "head.weight" in ours_tensors:
            ours_tensors.setdefault("emb.weight", ours_tensors["head.weight"])
        return Source("musi", config, ours_tensors, tokenizer, weights.stat().st_size)
    theirs = read_config(path, HFConfig)
    for name, wanted in (("attention_hidden_size", theirs.hidden_size), ("intermediate_size", 4 * theirs.hidden_size)):
        if getattr(theirs, name) not in (None, wanted):
            raise MusiError(f"{path}: {name}: {getattr(theirs, name)}, but RWKV-4 has {wanted}; give another model")
    tensors: dict[str, Tensor] = {}
    size = 0
    for weights in _weight_files(folder):
        tensors |= load_pth(weights) if weights.suffix == ".bin" else _read_tensors(weights, values)
        size += weights.stat().st_size
    config = RWKV4Config(theirs.num_hidden_layers, theirs.hidden_size, theirs.vocab_size, theirs.context_length)
    with torch.device("meta"):
        names = {hf_name(name): name for name in RWKV4(config).state_dict()}
    return Source("hf", config, {names.get(name, name): x for name, x in tensors.items()}, tokenizer, size)


def _keys(path: Path) -> set[str]:
    """The keys of a JSON object; none where the file is something else, which its own reader will tell."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return set()
    return set(values) if isinstance(values, dict) else set()


def _weight_files(folder: Path) -> list[Path]:
    """model.safetensors, or its parts as the index names them, or pytorch_model.bin."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        try:
            parts = set(json.loads(index.read_bytes())["weight_map"].values())
            return sorted(folder / Path(part).name for part in parts)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise MusiError(f"{index}: no weight_map; copy it again") from None
    binary = folder / "pytorch_model.bin"
    whole = folder / "model.safetensors"
    return [binary if binary.exists() and not whole.exists() else whole]


def _read_tensors(path: Path, values: bool) -> dict[str, Tensor]:
    if values:
        return load_tensors(path)[0]
    try:
        with safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  (not a dictionary)
            return {
                name: torch.empty(x.get_shape(), dtype=_DTYPES.get(x.get_dtype(), torch.int8), device="meta")
                for name, x in slices.items()
            }
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror or error}; give a folder with a checkpoint") from None
    except SafetensorError as error:
        raise MusiError(f"{path}: not a whole safetensors file ({error}); copy it again") from None


_DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def _save_hf(folder: Path, backbone: RWKV4, tokenizer: AnyTokenizer | None) -> None:
    config = backbone.config
    values = {
        "architectures": ["RwkvForCausalLM"],
        "model_type": "rwkv",
        "vocab_size": config.vocab_size,
        "context_length": config.ctx_len,
        "hidden_size": config.n_embd,
        "num_hidden_layers": config.n_layer,
        "attention_hidden_size": config.n_embd,
        "intermediate_size": 4 * config.n_embd,
        "layer_norm_epsilon": 1e-5,
        "rescale_every": 0,  # any other value makes transformers divide the weights in place at inference
        "tie_word_embeddings": False,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "dtype": "float32",
    }
    tensors = {hf_name(name): x for name, x in backbone.state_dict().items()}
    save_tensors(folder / "model.safetensors", tensors, {"format": "pt"})
    if tokenizer is not None:
        write_atomically(folder / tokenizer.file_name, tokenizer.content())
    if isinstance(tokenizer, Tokenizer):
        end = next(end for end in KNOWN_ENDS if tokenizer.raw.token_to_id(end) == tokenizer.end_id)
        words = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": end, "eos_token": end}
        write_atomically(folder / "tokenizer_config.json", to_json(words))
    write_atomically(folder / "config.json", to_json(values))
