"""Checkpoints on disk: safetensors for weights, JSON for everything else, never pickle.

A backbone is a directory of `config.json`, `model.safetensors` and a tokenizer's file. A ProSG module is a directory of
`config.json` (with the digest of the backbone it was trained on) and `prosg.safetensors`.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from musi.errors import MusiError

from .prosg import ProSG, ProSGConfig
from .rwkv4 import RWKV4, RWKV4Config
from .tokenizer import AnyTokenizer, load_tokenizer

Store = Literal["float32", "float16", "bfloat16"]
MAX_CONFIG_BYTES = 1_000_000
MAX_WEIGHT_BYTES = 80_000_000_000


_File = TypeVar("_File", bound=BaseModel)


class BackboneFile(BaseModel):
    """config.json of a backbone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = Field(pattern="^rwkv4$")
    n_layer: int = Field(ge=1, le=200)
    n_embd: int = Field(ge=1, le=20_000)
    vocab_size: int = Field(ge=1, le=1_000_000)
    ctx_len: int = Field(ge=1, le=1_000_000)
    tied: bool = False  # the embedding is the output layer's matrix, which the file holds once


class ProSGFile(ProSGConfig):
    """config.json of a ProSG module."""

    architecture: str = Field(pattern="^prosg$")
    backbone_sha256: str = Field(pattern="^[0-9a-f]{64}$")


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside `path` and rename, so that a reader sees the old bytes or the new ones, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_bytes(data)
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file({name: x.detach().cpu().contiguous() for name, x in tensors.items()}, scratch, metadata)
        scratch.chmod(0o644)  # safetensors makes its files readable to the owner only
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors and the metadata of a safetensors file. Raises MusiError when it is missing or broken."""
    with _opened(path) as file:
        names = list(file.keys())
        return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})


def load_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file, without its tensors. Raises MusiError when it is missing or broken."""
    with _opened(path) as file:
        return dict(file.metadata() or {})


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        if path.stat().st_size > MAX_WEIGHT_BYTES:
            raise MusiError(f"{path}: over {MAX_WEIGHT_BYTES:,} bytes; no model of this family is that large")
        with safe_open(path, framework="pt") as file:
            yield file
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror or error}; give a directory that `musi train` wrote") from None
    except SafetensorError as error:
        raise MusiError(f"{path}: not a whole safetensors file ({error}); copy it again") from None


def read_config(path: Path, model: type[_File]) -> _File:
    """A JSON file as its model. Raises MusiError naming the file and key at fault."""
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise MusiError(f"{path}: over {MAX_CONFIG_BYTES:,} bytes; a config is a few lines")
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; give a directory that `musi train` wrote") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise MusiError(f"{path}: {place}: {first['msg'].splitlines()[0]}; mend the key or train again") from None


def check_tensors(wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor], where: str) -> None:
    """Compare names and shapes; raises MusiError naming the first key that differs."""
    for name, parameter in wanted.items():
        if name not in tensors:
            raise MusiError(f"{where}: no tensor {name}; the file is not whole, or of another model")
        found = tensors[name]
        if found.shape != parameter.shape:
            raise MusiError(
                f"{where}: {name} is {tuple(found.shape)} where this model has {tuple(parameter.shape)}; "
                "the file, or the config.json beside it, is of another model"
            )
        if not found.is_floating_point():
            raise MusiError(f"{where}: {name} is {found.dtype}, not a float; quantised files are not supported")
    extra = sorted(set(tensors) - set(wanted))
    if extra:
        raise MusiError(f"{where}: unexpected tensor {extra[0]}; the file, or the config.json beside it, is of another model")


def save_backbone(directory: Path, backbone: RWKV4, tokenizer: AnyTokenizer, store: Store = "float32") -> None:
    """Write config.json, model.safetensors and the tokenizer's file; a tied matrix is written once."""
    tensors = _parameters(backbone)
    tied = backbone.emb.weight is backbone.head.weight
    if tied:
        del tensors["emb.weight"]
    config = {"architecture": "rwkv4", **vars(backbone.config), **({"tied": True} if tied else {})}
    write_atomically(directory / "config.json", to_json(config))
    write_atomically(directory / tokenizer.file_name, tokenizer.content())
    save_tensors(directory / "model.safetensors", _stored(tensors, store))


def _parameters(module: nn.Module) -> dict[str, Tensor]:
    """What `state_dict` gives of a module without buffers, and whole where it would give shares (`shard.whole`)."""
    return {name: p.detach() for name, p in module.named_parameters(remove_duplicate=False)}


def _stored(tensors: Mapping[str, Tensor], store: Store) -> dict[str, Tensor]:
    """Matrices, and stacks of them, in the precision asked for; vectors are few, and decays need theirs."""
    return {name: x.to(getattr(torch, store)) if _of_matrices(x) else x for name, x in tensors.items()}


def _of_matrices(x: Tensor) -> bool:
    return x.dim() == 2 or (x.dim() > 2 and min(x.shape[-2:]) > 1)


def load_backbone(directory: Path) -> tuple[RWKV4, AnyTokenizer]:
    """Read what `save_backbone` wrote, in evaluation mode. Raises MusiError naming the file and key at fault."""
    found = read_config(directory / "config.json", BackboneFile)
    tensors, _ = load_tensors(directory / "model.safetensors")
    tokenizer = load_tokenizer(directory)
    if tokenizer.vocab_size > found.vocab_size:
        raise MusiError(
            f"{directory / tokenizer.file_name}: {tokenizer.vocab_size} tokens, the model has {found.vocab_size}; "
            "put the tokenizer it was trained with beside it"
        )
    if found.tied and "head.weight" in tensors:
        tensors.setdefault("emb.weight", tensors["head.weight"])
    config = RWKV4Config(found.n_layer, found.n_embd, found.vocab_size, found.ctx_len)
    backbone = backbone_of_tensors(config, tensors, str(directory / "model.safetensors"))
    if found.tied:
        backbone.head.weight = backbone.emb.weight  # one matrix, counted and trained once
    return backbone, tokenizer


def backbone_of_tensors(config: RWKV4Config, tensors: Mapping[str, Tensor], where: str) -> RWKV4:
    """A float32 backbone in evaluation mode from tensors of the official names.

    Raises MusiError naming the first key that is missing, too many, of another shape, or no float.
    """
    with torch.device("meta"):  # no time and no random numbers are spent on weights that are replaced at once
        backbone = RWKV4(config)
    check_tensors(backbone.state_dict(), tensors, where)
    backbone.load_state_dict({name: x.to(torch.float32, copy=True) for name, x in tensors.items()}, assign=True)
    return backbone.eval()


def save_prosg(directory: Path, model: ProSG, backbone_directory: Path, store: Store = "float32") -> None:
    """Write config.json and prosg.safetensors; the backbone itself is named by its digest only."""
    config: dict[str, Any] = {"architecture": "prosg", **model.config.model_dump()}
    config["backbone_sha256"] = file_sha256(backbone_directory / "model.safetensors")
    write_atomically(directory / "config.json", to_json(config))
    save_tensors(directory / "prosg.safetensors", _stored(_parameters(model.synthesis), store))


def load_prosg(directory: Path, backbone: RWKV4, backbone_directory: Path) -> ProSG:
    """Put a ProSG module on the backbone it was trained on. Raises MusiError when that is another one."""
    found = read_config(directory / "config.json", ProSGFile)
    digest = file_sha256(backbone_directory / "model.safetensors")
    if digest != found.backbone_sha256:
        raise MusiError(
            f"{directory / 'config.json'}: trained on backbone {found.backbone_sha256[:12]}, {backbone_directory} is "
            f"{digest[:12]}; load the backbone it was trained on"
        )
    return _fitted(found, directory, backbone)


def load_module(directory: Path, backbone: RWKV4) -> ProSG:
    """Put a ProSG module on any backbone of the shape it was trained on, to train it further.

    Raises MusiError when it does not fit.
    """
    return _fitted(read_config(directory / "config.json", ProSGFile), directory, backbone)


def _fitted(found: ProSGFile, directory: Path, backbone: RWKV4) -> ProSG:
    values = found.model_dump(exclude={"architecture", "backbone_sha256"})
    try:
        model = ProSG(backbone, ProSGConfig(**values))
    except ValueError as error:
        raise MusiError(f"{directory / 'config.json'}: {error}; mend the key or train again") from None
    tensors, _ = load_tensors(directory / "prosg.safetensors")
    check_tensors(model.synthesis.state_dict(), tensors, str(directory / "prosg.safetensors"))
    model.synthesis.load_state_dict({name: x.float() for name, x in tensors.items()})
    return model.eval()


def to_json(value: Any) -> bytes:
    """A config's bytes: sorted keys, one a line."""
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
