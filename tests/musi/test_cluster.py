"""Building on a Ray cluster gives the bytes of a local build."""

import sys

import pytest

from musi import build as build_module
from musi import cluster
from musi.build import build, shard_rows, source_digest
from musi.errors import MusiError
from tests.musi.test_build import contents


def test_a_worker_builds_the_rows_of_its_shard():
    assert cluster.shard_bytes("train", range(3, 9), "de", source_digest()) == b"".join(shard_rows("train", range(3, 9), "de"))


def test_a_worker_of_another_version_is_refused():
    with pytest.raises(MusiError, match="another version of MuSI; install the same one on every machine"):
        cluster.shard_bytes("train", range(2), "en", "another")


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MusiError, match=r"pip install 'musi\[ray\]'"):
        build(tmp_path / "out", 22, workers=1, engine="ray")


@pytest.fixture
def two_machines(monkeypatch):
    """A cluster of two nodes with one core each."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    pytest.importorskip("ray", reason="needs the extra `ray`: pip install ray")
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    yield nodes
    nodes.shutdown()


@pytest.mark.slow
def test_a_cluster_of_two_gives_the_same_bytes_and_resumes(two_machines, small, tmp_path, monkeypatch):
    import ray

    monkeypatch.setattr(build_module, "SHARD_ITEMS", 20)

    class StopError(Exception):
        pass

    def stop(done: int) -> None:
        calls.append(done)
        if len(calls) == 5:
            raise StopError

    calls: list[int] = []
    with pytest.raises(StopError):
        build(tmp_path / "out", 220, workers=1, engine="ray", progress=stop)
    assert not ray.is_initialized(), "the build disconnects from what it connected to"
    done: list[int] = []
    build(tmp_path / "out", 220, workers=1, engine="ray", progress=done.append)
    assert done[0] >= 60, "finished shards are taken up"
    assert contents(tmp_path / "out") == contents(small)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9"])
def test_a_cluster_that_is_not_there_is_a_musi_error(tmp_path, monkeypatch, address):
    pytest.importorskip("ray", reason="needs the extra `ray`: pip install ray")
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(MusiError, match="Connection refused; check RAY_ADDRESS, then run the same command again"):
        build(tmp_path / "out", 22, workers=1, engine="ray")
