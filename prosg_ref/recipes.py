"""Training recipes: one YAML file each, read into a frozen model that refuses unknown keys.

The shipped ones lie in `prosg_ref/configs/`; paths in them are relative to the working directory.
"""

from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from musi.constraints import CONSTRAINTS
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.generate import RELEASE
from musi.languages import LANGUAGES

from .checkpoint import Store
from .synthesis import ProSGConfig

MAX_CONFIG_BYTES = 100_000
DATA = Path("data") / f"musi-{RELEASE}"  # where `musi dataset build` puts the release by default


class Strict(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Schedule(Strict):
    """How long and how fast to train; the same for both phases. Steps are optimiser steps.

    batch_size: mean number of examples drawn per step over all processes, before those over `max_tokens` and those that have
        nothing of what is asked for are left out.
    accumulate: a step's examples are run in so many parts, by length: less memory, less padding, the same gradient
        (of `losses: {gates, recall}`, which are means over a part, about the same).
    optimizer: `muon` takes the matrices of the blocks through torch's Muon at `muon_lr`, everything else through Adam.
    prompt_weight: loss weight of prompt tokens (answer tokens have 1; phase 2 ignores it, its prompt pass has no loss).
    stage_tokens: what one stage of an answer may weigh in all: the tokens of a longer one share it, so that a list of 300
        numbers does not drown the one-word answers beside it.
    end_weight: loss weight of the token with which an answer to a stage is over (the next stage's number, or the end of the
        document): of a list of 300 numbers it is one token in hundreds, and a list that is not ended there takes all later
        stages with it. What looks like an end and is none, after the same two tokens, weighs together as much.
    bare_share: share of examples that are one instruction with its rules and the context it needs, without the sentences
        around them; note_share: the same with the context of that stage alone; single_share: share of whole single-stage
        prompts; echo_share: share that write the sentences of a context again, in another order. The rest are whole items.
    spoilt_share: share of the whole items in which some answers stand one instruction early, as a model writes them that has
        lost count (`examples.spoil`): without any loss of their own, they teach what is to come after such.
    families: of whose stages bare, note, echo and single examples are made (whole items: all); empty: all. wordings: notes and
        their instructions come in so many wordings a family, 0 for all. Few of both to begin with let a small model find out how
        to copy before it learns whole sentences.
    rules: of whose items single examples are made: those that have one of these rules for all their answers; empty: all.
    max_words: answers of more words are left out; 0: none is. max_distance: whole items whose last stage begins more words of
        answer after the prompt are left out; that stage may be as long as it is. 0: none is.
    window: the examples of so many steps are drawn together and mixed; fewer where steps are large, to begin soon.
    extra_items: further items of the train split, generated beyond those of the release.
    languages: of the items, in turn; with more than English alone, each item of the release is taken in one of them.
    patience: stop after so many validations without a better answer perplexity, and keep the best; 0: never.
    precision: `bfloat16` runs matrix products in it where the processor has such products; weights, WKV and losses stay float32.
    store: precision of the matrices in the checkpoint that is written; a run resumes from float32 all the same. A backbone kept
        in bfloat16 says the same when it decodes with bfloat16 weights, which halves the memory to read.
    shard: every process keeps a share of the weights, gradients and moments (FSDP), for models that fill a device.
    graphs: phase 1 on a GPU, run a step's examples as CUDA graphs of a few shapes, for models so small that starting kernels
        takes longer than running them; `accumulate` counts for nothing then. One process only.
    gradient_checkpointing: keep one tensor per block of a training pass and compute the rest again: less memory, more time.
    """

    seed: int = 0
    steps: int = Field(ge=1)
    batch_size: int = Field(default=16, ge=1)
    accumulate: int = Field(default=1, ge=1)
    optimizer: Literal["adam", "muon"] = "adam"
    lr: float = Field(gt=0)
    muon_lr: float = Field(default=0.02, gt=0)
    final_lr_factor: float = Field(default=0.05, ge=0, le=1)
    warmup_steps: int = Field(default=100, ge=0)
    prompt_weight: float = Field(default=0.2, ge=0, le=1)
    stage_tokens: float = Field(default=16.0, gt=0)
    end_weight: float = Field(default=1.0, gt=0)
    single_share: float = Field(default=0.25, ge=0, le=1)
    bare_share: float = Field(default=0.0, ge=0, le=1)
    note_share: float = Field(default=0.0, ge=0, le=1)
    echo_share: float = Field(default=0.0, ge=0, le=1)
    spoilt_share: float = Field(default=0.0, ge=0, le=1)
    families: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    wordings: int = Field(default=0, ge=0)
    max_tokens: int = Field(default=1024, ge=2, description="longer examples are left out")
    max_words: int = Field(default=0, ge=0)
    max_distance: int = Field(default=0, ge=0)
    window: int = Field(default=64, ge=1)
    extra_items: int = Field(default=0, ge=0)
    languages: tuple[str, ...] = Field(default=("en",), min_length=1)
    save_every: int = Field(default=500, ge=1)
    validate_every: int = Field(default=500, ge=1)
    validation_items: int = Field(default=128, ge=1)
    patience: int = Field(default=0, ge=0)
    precision: Literal["float32", "bfloat16"] = "float32"
    store: Store = "float32"
    gradient_checkpointing: bool = False
    graphs: bool = False
    shard: bool = False

    @model_validator(mode="after")
    def _shares(self) -> "Schedule":
        parts = self.single_share + self.bare_share + self.note_share + self.echo_share
        if parts > 1 + 1e-9:
            raise ValueError("single_share, bare_share, note_share and echo_share are over 1 together")
        if self.graphs and (self.shard or self.gradient_checkpointing):
            raise ValueError("graphs: not with shard or gradient_checkpointing")
        if self.shard and self.optimizer == "muon":
            raise ValueError("shard: muon needs whole matrices; use adam")
        for family in self.families:
            if family not in FAMILIES:
                raise ValueError(f"families: there is no {family!r}")
        for rule in self.rules:
            if rule not in CONSTRAINTS:
                raise ValueError(f"rules: there is no {rule!r}")
        for lang in self.languages:
            if lang not in LANGUAGES:
                raise ValueError(f"languages: {lang!r} is none of {', '.join(LANGUAGES)}")
        return self


class BackboneShape(Strict):
    """The shape of a backbone; one trained from scratch gets a tokenizer of its own, trained on the same data."""

    n_layer: int = Field(ge=1)
    n_embd: int = Field(ge=2)
    vocab_size: int = Field(ge=258, description="256 bytes, the end token, and merges")
    ctx_len: int = Field(default=1024, ge=1)


class BackboneRecipe(Strict):
    """Phase 1: train a backbone on prompts and answers, from scratch or from a checkpoint (`init_from`).

    With `init_from`, `model` is the shape it must have; without, the shape to make.

    tied: the embedding and the output layer are one matrix while it trains (the checkpoint holds it twice), so that copying
        a word is learnt once and not word by word.
    slowest_decay: from scratch, log of the decay rate per token of the slowest channels; the official -5 halves in 100 tokens,
        -8 in 2,000. The fastest stay where they are.
    """

    data: Path = DATA
    model: BackboneShape | None = None
    init_from: Path | None = None
    tied: bool = False
    slowest_decay: float = Field(default=-5.0, ge=-12.0, le=0.0)
    schedule: Schedule

    @model_validator(mode="after")
    def _start(self) -> "BackboneRecipe":
        if self.model is None and self.init_from is None:
            raise ValueError("give `model` (from scratch), `init_from` (a checkpoint), or both (a checkpoint of that shape)")
        return self


class Losses(Strict):
    """Phase 2 beside the answer's cross entropy; each is the weight of a further loss.

    reconstruction: cross entropy of the prompt itself under its ΔW, from the state of an empty text, so that ΔW must hold
        what the state would.
    distil: Kullback-Leibler divergence of the answers from those of the backbone that has read the prompt twice.
    gates: binary cross entropy of the gates of `tokens`, a mean over the prompt's tokens: each is to say how much of what the
        backbone does not know would be told there (`labels.told`).
    recall: of `prosg.recall`, that instructions point at what their answers begin with, other tokens at nothing
        (`recall.pointer_loss`), and that they are found there (`recall.key_loss`); with `prosg.address` also that instructions
        are counted and answers know their number (`address.address_loss`).
    numbers: of that last one within `recall`'s. At 0, `prosg.address` learns what keys and answers need of it, and no more.
    """

    reconstruction: float = Field(default=0.0, ge=0)
    distil: float = Field(default=0.0, ge=0)
    gates: float = Field(default=0.0, ge=0)
    recall: float = Field(default=0.0, ge=0)
    numbers: float = Field(default=1.0, ge=0)


class ProSGRecipe(Strict):
    """Phase 2: train the synthesis module on a frozen backbone, or both at once (`joint`, the one-phase ablation).

    init_from: the module goes on from one that was trained before, on this backbone or on an earlier state of it; `prosg` must
        then be the same, but that it may gain `recall`, `reach` and `address`.
    whiten: start the metrics from so many items of the train split (`prosg_ref.whiten`); 0: from what they are.
    key_share: of the rate, what the space learns at in which keys are compared. A whitened one is soon spoilt by large steps.
    placed: what tokens say is not found by keys but put where it is due, at the answer's places that `whiten.pairs` gives, so
        that what to say is learnt before how to find it.
    pointing: train what `prosg.recall` points at and is found by, and `prosg.address`, by these losses and nothing else, without
        any answer under ΔW of the prompt.
    parts: train only parameters whose names contain one of these; none: all.
    shrunk: factors on parameters whose names contain the key, put on before the first step.
    """

    data: Path = DATA
    backbone: Path
    init_from: Path | None = None
    model: BackboneShape | None = Field(default=None, description="the shape that the backbone must have")
    prosg: ProSGConfig
    whiten: int = Field(default=0, ge=0, le=10_000)
    key_share: float = Field(default=1.0, ge=0)
    placed: bool = False
    pointing: bool = False
    parts: tuple[str, ...] = ()
    shrunk: dict[str, float] = {}
    losses: Losses = Losses()
    joint: bool = False
    schedule: Schedule

    @model_validator(mode="after")
    def _fit_together(self) -> "ProSGRecipe":
        if self.schedule.graphs:
            raise ValueError("schedule.graphs: for phase 1 alone; leave it out")
        if (self.losses.gates or self.placed) and (self.prosg.source != "tokens" or self.prosg.chunk > 1):
            raise ValueError(
                "losses.gates and placed: for `source: tokens` with a gate for every token; leave them or `chunk` out"
            )
        if (self.losses.recall or self.pointing) and (self.prosg.source != "tokens" or not self.prosg.recall):
            raise ValueError("losses.recall and pointing: for `source: tokens` with prosg.recall; set that, or leave them out")
        if self.pointing and self.placed:
            raise ValueError("pointing and placed: one at a time; leave one out")
        return self


Config = TypeVar("Config", bound=BaseModel)
Recipe = TypeVar("Recipe", BackboneRecipe, ProSGRecipe)


def load_recipe(path: Path, model: type[Recipe]) -> Recipe:
    """Read a recipe. Raises MusiError naming the file and the key at fault."""
    return load_yaml(path, model, shipped(""))


def load_yaml(path: Path, model: type[Config], examples: Path) -> Config:
    """Read a small YAML file as its model; `examples` is the folder to compare a broken one with.

    Raises MusiError naming the file and the key at fault.
    """
    return validated(read_yaml(path, examples), model, path, examples)


def read_yaml(path: Path, examples: Path) -> dict[str, Any]:
    """The keys and values of a small YAML file. Raises MusiError naming the file."""
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise MusiError(f"{path}: over {MAX_CONFIG_BYTES:,} bytes; a recipe is a few lines of YAML")
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; the shipped recipes lie in {examples}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MusiError(f"{path}: not YAML ({' '.join(str(error).split())[:120]}); compare with {examples}") from None
    if not isinstance(values, dict):
        raise MusiError(f"{path}: file: Input should be keys with values; compare with {examples}")
    return values


def validated(values: Any, model: type[Config], path: Path, examples: Path) -> Config:
    """Values as their model. Raises MusiError naming `path` and the key at fault."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise MusiError(f"{path}: {place}: {first['msg'].splitlines()[0]}; compare with {examples}") from None


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
