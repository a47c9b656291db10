"""Build shards on a Ray cluster: `musi dataset build --engine ray`.

The rows of a shard come back to this machine, which alone writes files: workers need no shared disk, and a killed build resumes
as a local one does. `RAY_ADDRESS` names a running cluster; without it Ray starts one of this machine's cores. Every worker must
have the same MuSI installed, which is checked before it builds. Ray's usage reports to its makers are switched off.
"""

import os
import socket
from collections.abc import Sequence
from itertools import islice
from typing import Any

from musi.build import Job, Progress, shard_rows, source_digest, write_shard
from musi.errors import MusiError
from musi.schema import Split

SHARDS_PER_CORE = 2  # in flight at a time; their rows are what this process holds in memory
PATIENCE = 10  # seconds to wait for a cluster's first sign of life


def shard_bytes(split: Split, bounds: range, lang: str, digest: str) -> bytes:
    """The rows of one shard, built on a worker; raises MusiError when its MuSI is another one than the builder's."""
    if source_digest() != digest:
        raise MusiError("a worker of the cluster has another version of MuSI; install the same one on every machine")
    return b"".join(shard_rows(split, bounds, lang))


def build_shards(jobs: Sequence[Job], progress: Progress) -> None:
    """Build every (path, split, indices, language) on the cluster and write it here.

    Raises MusiError when Ray is not installed, the cluster cannot be reached, or a worker fails.
    """
    try:
        import ray
    except ImportError:
        raise MusiError("--engine ray needs Ray: pip install 'musi[ray]'") from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = os.environ.get("RAY_ADDRESS")
    started = not ray.is_initialized()
    try:
        if started:
            _knock(address)
            ray.init(address=address, log_to_driver=False, include_dashboard=False)
        _run(ray, jobs, progress)
    except ray.exceptions.RayTaskError as error:
        raise MusiError(f"a worker of the cluster failed: {error.cause}; run the same command again to go on from here") from None
    except (ray.exceptions.RayError, ConnectionError, TimeoutError, socket.gaierror) as error:
        said = " ".join(str(error).split())[:200]
        raise MusiError(f"Ray: {said}; check RAY_ADDRESS, then run the same command again to go on from here") from None
    finally:
        if started and ray.is_initialized():
            ray.shutdown()


def _knock(address: str | None) -> None:
    """Raise OSError when nobody listens at HOST:PORT: Ray itself would try again for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), PATIENCE).close()


def _run(ray: Any, jobs: Sequence[Job], progress: Progress) -> None:
    """Keep the cluster's cores busy, and no more shards in memory than that takes."""
    build_remote = ray.remote(shard_bytes)
    digest = source_digest()
    room = SHARDS_PER_CORE * max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting = iter(jobs)
    running: dict[Any, Job] = {}
    while True:
        for path, split, bounds, lang in islice(waiting, room - len(running)):
            running[build_remote.remote(split, bounds, lang, digest)] = (path, split, bounds, lang)
        if not running:
            return
        (done, *_), _ = ray.wait(list(running), num_returns=1)
        path, _, bounds, _ = running.pop(done)
        write_shard(path, [ray.get(done)])
        progress(len(bounds))
