"""Training recipes: one YAML file each, read into a frozen model that refuses unknown keys.

The shipped ones lie in `prosg_ref/configs/`; paths in them are relative to the working directory.
"""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from musi.errors import MusiError

from .prosg import ProSGConfig, Source, validate_targets

MAX_CONFIG_BYTES = 100_000


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Schedule(_Strict):
    """How long and how fast to train; the same for both phases.

    batch_size is the mean number of examples per step: batches hold about equal numbers of tokens, so one of short
    examples has more of them. prompt_weight is the loss weight of prompt tokens (answer tokens have 1; phase 2 ignores
    it, its prompt pass has no loss). stage_tokens is what one stage of an answer may weigh in all: the tokens of a longer
    one share it, so that a list of 300 numbers does not drown the one-word answers beside it. Steps are optimiser steps.
    gradient_checkpointing keeps one tensor per block of a training pass and computes the rest again: less memory, more time.
    """

    seed: int = 0
    steps: int = Field(ge=1)
    batch_size: int = Field(default=16, ge=1)
    lr: float = Field(gt=0)
    final_lr_factor: float = Field(default=0.05, ge=0, le=1)
    warmup_steps: int = Field(default=100, ge=0)
    clip: float = Field(default=1.0, gt=0)
    prompt_weight: float = Field(default=0.2, ge=0, le=1)
    stage_tokens: float = Field(default=16.0, gt=0)
    single_share: float = Field(default=0.25, ge=0, le=1, description="share of single-stage examples")
    max_tokens: int = Field(default=1024, ge=2, description="longer examples are left out")
    short_steps: int = Field(default=0, ge=0, description="for so many steps first, only examples of short_tokens or less")
    short_tokens: int = Field(default=400, ge=2)
    save_every: int = Field(default=500, ge=1)
    validate_every: int = Field(default=500, ge=1)
    validation_items: int = Field(default=128, ge=1)
    gradient_checkpointing: bool = False


class BackboneShape(_Strict):
    """A model to train from scratch, with a tokenizer of its own trained on the same data."""

    n_layer: int = Field(ge=1)
    n_embd: int = Field(ge=2)
    vocab_size: int = Field(ge=258, description="256 bytes, the end token, and merges")
    ctx_len: int = Field(default=1024, ge=1)


class BackboneRecipe(_Strict):
    """Phase 1: train a backbone on prompts and answers, from scratch (`model`) or from a checkpoint (`init_from`)."""

    data: Path
    model: BackboneShape | None = None
    init_from: Path | None = None
    schedule: Schedule


class SynthesisShape(_Strict):
    """The synthesis module; the fields are those of `ProSGConfig`."""

    source: Source
    targets: tuple[str, ...] = ("ffn.value", "att.value")
    rank: int = Field(default=4, ge=1)
    depth: int = Field(default=1, ge=0)
    scale: float = Field(default=0.1, gt=0)
    reference_tokens: int = Field(default=64, ge=1)

    @field_validator("targets")
    @classmethod
    def _known(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        validate_targets(targets)
        return targets

    def config(self) -> ProSGConfig:
        return ProSGConfig(**self.model_dump())


class ProSGRecipe(_Strict):
    """Phase 2: freeze a backbone and train the synthesis module."""

    data: Path
    backbone: Path
    prosg: SynthesisShape
    schedule: Schedule


Recipe = TypeVar("Recipe", BackboneRecipe, ProSGRecipe)


def load_recipe(path: Path, model: type[Recipe]) -> Recipe:
    """Read a recipe. Raises MusiError naming the file and the key at fault."""
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise MusiError(f"{path}: over {MAX_CONFIG_BYTES:,} bytes; a recipe is a few lines of YAML")
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; the shipped recipes lie in {shipped('')}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MusiError(f"{path}: not YAML ({' '.join(str(error).split())[:120]}); compare with {shipped('')}") from None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise MusiError(f"{path}: {place}: {first['msg'].splitlines()[0]}; compare with {shipped('')}") from None


def find_recipe(name: str) -> Path:
    """The recipe file `name`, or the shipped recipe of that name. Raises MusiError listing the shipped ones."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    if not shipped(f"{name}.yaml").exists():
        known = ", ".join(sorted(recipe.stem for recipe in shipped("").glob("*.yaml")))
        raise MusiError(f"--config {name}: no recipe of that name (shipped: {known}); give one of them or a YAML file")
    return shipped(f"{name}.yaml")


def shipped(name: str) -> Path:
    """The path of a shipped recipe, or of their folder for the empty name."""
    return Path(__file__).with_name("configs") / name
