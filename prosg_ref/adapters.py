"""What ProSG needs of a recurrent backbone, and how RWKV-4 and Hugging Face's Mamba give it.

An adapter reads prompts (state, block outputs, inputs of the target matrices), names the matrices that ΔW may change, and
runs tokens from a state with ΔW applied. Nothing else of ProSG knows which backbone it is on.

Letters: B batch, T prompt tokens, S tokens after it, L layers, D width of the residual stream.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, cast

import torch
from torch import Tensor, nn

from .change import Delta, LowRank, Merged, Tap
from .rwkv4 import RWKV4, State


class AnyState(Protocol):
    """What a backbone remembers of a text, one row per sequence."""

    def select(self, rows: Tensor) -> Self: ...


@dataclass(frozen=True)
class Reading:
    """What reading prompts gave; rows are padded on the right.

    state: to go on from. features: the state as vectors, the same for every gauge, (B, L, slots, D).
    embedded: what the first block gets at every token, (B, T, D). outputs: of every block at every token, (B, T, D) each.
    inputs: by matrix, what stood at its input at every token, (B, T, d_in); only of the matrices asked for.
    """

    state: Any
    lengths: Tensor  # (B,)
    features: Tensor
    embedded: Tensor
    outputs: Sequence[Tensor]
    inputs: Mapping[str, Tensor] = field(default_factory=dict)


class Adapter(Protocol):
    """One backbone as ProSG sees it. `targets` gives (d_in, d_out) of each matrix of a block that ΔW may change."""

    n_layer: int
    width: int
    slots: tuple[str, ...]
    targets: Mapping[str, tuple[int, int]]

    def matrix(self, layer: int, target: str) -> str:
        """The name of a matrix among the backbone's modules."""
        ...

    def read(self, prompt: Tensor, lengths: Tensor, taps: tuple[str, ...] = ()) -> Reading:
        """Run prompts (B, T) of `lengths` (B,) tokens without ΔW; `taps` are targets whose inputs are kept."""
        ...

    def empty(self, batch: int) -> Any:
        """The state before any text."""
        ...

    def hidden(self, tokens: Tensor, state: Any, lengths: Tensor | None, delta: Delta) -> tuple[Tensor, Any]:
        """Last hidden vectors (B, S, D) of tokens (B, S) under ΔW, and the state after them."""
        ...

    def head(self) -> Tensor:
        """Output matrix, (V, D): logits are hidden @ head.T."""
        ...


class RWKV4Adapter:
    """RWKV-4. Slots are the shifts of both halves of a block and the gauge-free features of the WKV sums."""

    slots: tuple[str, ...] = ("att_shift", "wkv_mean", "wkv_log_mass", "ffn_shift")

    def __init__(self, backbone: RWKV4) -> None:
        self.backbone = backbone
        self.n_layer, self.width = backbone.config.n_layer, backbone.config.n_embd
        self.targets: Mapping[str, tuple[int, int]] = {
            f"{half}.{name}": (linear.in_features, linear.out_features)
            for half in ("att", "ffn")
            for name, linear in getattr(backbone.layers[0], half).named_children()
        }

    def matrix(self, layer: int, target: str) -> str:
        return f"blocks.{layer}.{target}"

    def read(self, prompt: Tensor, lengths: Tensor, taps: tuple[str, ...] = ()) -> Reading:
        trace: list[Tensor] = []
        kept = {self.matrix(i, target): Tap([]) for target in taps for i in range(self.n_layer)}
        _, state = self.backbone.hidden(prompt, lengths=lengths, delta=kept, trace=trace)
        inputs = {name: tap.inputs[0] for name, tap in kept.items()}
        return Reading(state, lengths, state_features(state), trace[0], trace[1:], inputs)

    def empty(self, batch: int) -> State:
        return State.zeros(self.backbone.config, batch, self.backbone.ln_out.weight)

    def hidden(self, tokens: Tensor, state: State, lengths: Tensor | None, delta: Delta) -> tuple[Tensor, State]:
        return self.backbone.hidden(tokens, state, lengths, delta)

    def head(self) -> Tensor:
        return self.backbone.head.weight


def state_features(state: State) -> Tensor:
    """What ΔW may depend on, the same for every gauge of the WKV sums: (B, L, 4, D).

    wkv_mean = aa / bb and wkv_log_mass = pp + log bb; both are 0 where nothing has been read yet.
    """
    aa, bb, pp = state.wkv.unbind(2)  # (B, L, D)
    empty = bb <= 0
    mass = torch.where(empty, torch.ones_like(bb), bb)
    mean = torch.where(empty, torch.zeros_like(aa), aa / mass)
    log_mass = torch.where(empty, torch.zeros_like(pp), pp + torch.log(mass))
    return torch.stack([state.att_shift, mean, log_mass, state.ffn_shift], 2)


@dataclass(frozen=True)
class MambaState:
    """The text that was read, padded on the left: transformers' Mamba takes no state for more than one token at once.

    Going on from it reads the text again, without ΔW.
    """

    tokens: Tensor  # (B, T)
    lengths: Tensor  # (B,)

    def select(self, rows: Tensor) -> "MambaState":
        return MambaState(self.tokens[rows], self.lengths[rows])


class MambaAdapter:
    """transformers' `MambaForCausalLM`, without its fused kernels. Slots are the convolution's last inputs and the SSM state.

    Prompts are padded on the left, where its attention mask keeps the state at zero; on the right it would go on decaying.
    """

    def __init__(self, model: Any) -> None:
        config = model.config
        self.model, self.n_layer, self.width = model.eval(), config.num_hidden_layers, config.hidden_size
        self.parts = config.intermediate_size // config.hidden_size
        if config.intermediate_size % config.hidden_size:
            raise ValueError("MambaAdapter: intermediate_size must be a multiple of hidden_size")
        names = ["conv", *(f"ssm{n}" for n in range(config.state_size))]
        self.slots = tuple(f"{name}.{part}" for name in names for part in range(self.parts))
        mixer = model.backbone.layers[0].mixer
        self.targets: Mapping[str, tuple[int, int]] = {
            name: (getattr(mixer, name).in_features, getattr(mixer, name).out_features)
            for name in ("in_proj", "x_proj", "out_proj")
        }

    def matrix(self, layer: int, target: str) -> str:
        return f"backbone.layers.{layer}.mixer.{target}"

    def read(self, prompt: Tensor, lengths: Tensor, taps: tuple[str, ...] = ()) -> Reading:
        tokens, mask, back = _left_padded(prompt, lengths)
        kept: dict[str, Tensor] = {}
        hooks = []
        for name in (self.matrix(i, target) for target in taps for i in range(self.n_layer)):
            hooks.append(self.model.get_submodule(name).register_forward_pre_hook(_keep(kept, name)))
        try:
            out = self.model.backbone(tokens, attention_mask=mask, use_cache=True, output_hidden_states=True)
        finally:
            for hook in hooks:
                hook.remove()
        layers = out.cache_params.layers
        features = [
            torch.cat([_cached(x.conv_states)[..., -1:], _cached(x.recurrent_states)], -1) for x in layers
        ]  # (B, I, 1 + N) each
        stacked = torch.stack(features, 1).transpose(2, 3)  # (B, L, 1 + N, I)
        batch = prompt.shape[0]
        # 1 + L of (B, T, D); the last one is normalised, as is what the head sees
        stream = [x.gather(1, back[..., None].expand_as(x)) for x in out.hidden_states]
        inputs = {name: x.gather(1, back[..., None].expand_as(x)) for name, x in kept.items()}
        return Reading(
            MambaState(tokens, lengths),
            lengths,
            stacked.reshape(batch, self.n_layer, -1, self.width),
            stream[0],
            stream[1:],
            inputs,
        )

    def empty(self, batch: int) -> MambaState:
        device = self.model.device
        return MambaState(
            torch.zeros(batch, 0, dtype=torch.int64, device=device), torch.zeros(batch, dtype=torch.int64, device=device)
        )

    def hidden(self, tokens: Tensor, state: MambaState, lengths: Tensor | None, delta: Delta) -> tuple[Tensor, MambaState]:
        before = state.tokens.shape[1]
        text = torch.cat([state.tokens, tokens], 1)
        places = torch.arange(text.shape[1], device=text.device)
        mask = (places >= (before - state.lengths).unsqueeze(1)).to(torch.int64)
        hooks = [
            self.model.get_submodule(name).register_forward_hook(_add(change, before, self.model.get_submodule(name)))
            for name, change in delta.items()
        ]
        try:
            x = self.model.backbone(text, attention_mask=mask, use_cache=False).last_hidden_state[:, before:]
        finally:
            for hook in hooks:
                hook.remove()
        if lengths is None:
            return x, MambaState(text, state.lengths + tokens.shape[1])
        shift = (tokens.shape[1] - lengths).unsqueeze(1)  # rows move right until their own last token is the last one
        index = (places.unsqueeze(0) - shift).clamp(min=0)
        return x, MambaState(text.gather(1, index), state.lengths + lengths)

    def head(self) -> Tensor:
        return cast(Tensor, self.model.lm_head.weight)


def _cached(states: Any) -> Tensor:
    """A layer's cached state, which transformers keeps alone or as a dictionary of one."""
    return cast(Tensor, next(iter(states.values())) if isinstance(states, dict) else states)


def _left_padded(prompt: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens moved to the right end, their mask, and where each token of the right-padded rows went, (B, T) each."""
    time = prompt.shape[1]
    places = torch.arange(time, device=prompt.device).unsqueeze(0)
    offset = (time - lengths).unsqueeze(1)
    mask = (places >= offset).to(torch.int64)
    tokens = prompt.gather(1, (places - offset).clamp(min=0)) * mask
    return tokens, mask, (places + offset).clamp(max=time - 1)


def _keep(kept: dict[str, Tensor], name: str) -> Any:
    def hook(module: nn.Module, args: tuple[Tensor, ...]) -> None:
        kept[name] = args[0]

    return hook


def _add(change: Any, before: int, matrix: nn.Module) -> Any:
    """A forward hook that adds ΔW's part of the product to every token after the first `before` ones, or keeps their inputs."""

    def hook(module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> Tensor:
        x = args[0][:, before:]
        if isinstance(change, Tap):
            change.inputs.append(x)
            return out if change.change is None else _add(change.change, before, matrix)(module, args, out)
        if isinstance(change, Merged):
            more = x @ (change.weight - cast(Tensor, matrix.weight)).T
        elif isinstance(change, LowRank):
            more = torch.bmm(torch.bmm(x, change.a.transpose(1, 2)), change.b)
        else:
            raise TypeError(f"a backbone takes LowRank, Merged or Tap changes, not {type(change).__name__}")
        return torch.cat([out[:, :before], out[:, before:] + more], 1)

    return hook


def adapter_of(model: nn.Module) -> Adapter:
    """The adapter of a backbone. Raises TypeError for one that has none."""
    if isinstance(model, RWKV4):
        return RWKV4Adapter(model)
    if type(model).__name__ == "MambaForCausalLM":
        return MambaAdapter(model)
    raise TypeError(f"{type(model).__name__}: no adapter for this backbone; write one like those in prosg_ref/adapters.py")
