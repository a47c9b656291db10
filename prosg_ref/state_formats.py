"""The state in the orders in which other programs keep it, so that a text read here goes on there, and back.

| order    | whose                                    | as                                                            |
|----------|------------------------------------------|---------------------------------------------------------------|
| official | BlinkDL's RNN script (model_run.py)      | one tensor (5 L, D): ffn_xx, att_xx, aa, bb, pp of each layer |
| hf       | `RwkvForCausalLM`                        | five tensors (B, D, L): ffn_xx, att_xx, aa, bb, pp            |
| pip      | the package `rwkv` (RWKV-4)              | 5 L tensors (D,): att_xx, aa, bb, pp, ffn_xx of each layer    |

`*_xx` are the shifted inputs; letters B batch, L layers, D n_embd. Tensors are copies.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from musi.errors import MusiError

from .rwkv4 import RWKV4Config, State

Order = Literal["official", "hf", "pip"]
Exported = Tensor | list[Tensor]

_FFN_FIRST = (4, 0, 1, 2, 3)  # ffn_xx, att_xx, aa, bb, pp as places in att_xx, aa, bb, pp, ffn_xx


def export_state(state: State, order: Order) -> Exported:
    """A state as another program keeps it; `official` and `pip` hold one text, so the state must have one row.

    Raises MusiError for more rows than the order holds. ValueError for an unknown order.
    """
    parts = torch.cat([state.att_shift.unsqueeze(2), state.wkv, state.ffn_shift.unsqueeze(2)], 2).float()  # (B, L, 5, D)
    if order == "hf":
        return [parts[:, :, i].transpose(1, 2).contiguous() for i in _FFN_FIRST]
    if order not in ("official", "pip"):
        raise ValueError(f"unknown order {order!r}; one of official, hf, pip")
    if parts.shape[0] != 1:
        raise MusiError(f"order {order}: holds one text, the state has {parts.shape[0]} rows; select one first")
    if order == "official":
        return parts[0, :, _FFN_FIRST].flatten(0, 1)
    return [x.clone() for x in parts[0].flatten(0, 1)]


def import_state(values: Tensor | Sequence[Tensor], order: Order, config: RWKV4Config) -> State:
    """What another program keeps as a state of a model of shape `config`.

    Raises MusiError when number or shapes of the tensors do not fit. ValueError for an unknown order.
    """
    layers, width = config.n_layer, config.n_embd
    shape: tuple[int, ...]
    if order == "hf":
        count, shape = 5, (len(values[0]) if len(values) else 0, width, layers)
    elif order in ("official", "pip"):
        count, shape = 5 * layers, (width,)
    else:
        raise ValueError(f"unknown order {order!r}; one of official, hf, pip")
    tensors = list(values)
    if len(tensors) != count:
        raise MusiError(f"order {order}: {len(tensors)} tensors where this model has {count}; is it of another model?")
    for i, x in enumerate(tensors):
        if x.shape != shape:
            raise MusiError(
                f"order {order}: tensor {i} is {tuple(x.shape)} where this model has {shape}; is it of another model?"
            )
    stacked = torch.stack([x.detach().float().cpu() for x in tensors])
    parts = stacked.permute(1, 3, 0, 2) if order == "hf" else stacked.view(1, layers, 5, width)  # (B, L, 5, D)
    if order != "pip":
        parts = parts[:, :, (1, 2, 3, 4, 0)]
    return State(parts[:, :, 0].clone(), parts[:, :, 1:4].clone(), parts[:, :, 4].clone())
