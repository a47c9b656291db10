"""Fully sharded training (torch's FSDP2): every process keeps a share of each weight, gradient and moment, and puts a block's
weights together only while that block runs.

What is written to disk is whole tensors, so a run may go on with another number of processes, sharded or not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor


def shard(module: nn.Module, device: torch.device, processes: int) -> None:
    """Shard a module over all processes, in place: its blocks one by one, the rest as one. Its parameters become new objects.

    The first block goes with the rest: RWKV-4 calls its `ln0` outside it. The parts of a sequence are taken one by one, since
    `TargetSynthesis` runs the last one apart from the others.
    """
    mesh = init_device_mesh(device.type, (processes,))
    for blocks in [child for child in module.modules() if isinstance(child, nn.ModuleList)]:
        for block in blocks[1:]:
            for part in block if isinstance(block, nn.Sequential) else [block]:
                if next(part.parameters(), None) is not None:
                    fully_shard(part, mesh=mesh)
    fully_shard(module, mesh=mesh)


@contextmanager
def whole(module: nn.Module) -> Iterator[None]:
    """All weights together on every process while it lasts, to validate or to write a checkpoint. All processes must enter."""
    parts = [child for child in module.modules() if isinstance(child, FSDPModule)]  # none if it is not sharded
    for part in parts:
        part.unshard()
    try:
        yield
    finally:
        for part in parts:
            part.reshard()


def gathered(x: Tensor) -> Tensor:
    """A tensor that may be sharded, whole and without its gradient. All processes must ask."""
    return cast(DTensor, x.detach()).full_tensor() if isinstance(x, DTensor) else x


def as_sharded(x: Tensor, like: Tensor) -> Tensor:
    """A whole tensor cut up as another one is, on its device."""
    x = x.to(like.device)
    return distribute_tensor(x, like.device_mesh, like.placements) if isinstance(like, DTensor) else x
