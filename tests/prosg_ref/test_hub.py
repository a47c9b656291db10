"""The hub sees the checkpoint's own files only, and is asked for nothing unless told to."""

from pathlib import Path

import pytest
import torch
from tiny_models import random_backbone

from musi.errors import MusiError
from prosg_ref import hub


def test_a_folder_loads(backbone_dir: Path) -> None:
    model, _ = hub.from_pretrained(str(backbone_dir))
    assert torch.equal(model.head.weight, random_backbone().head.weight)


def test_nothing_is_fetched_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    whole = hub.snapshot_download

    def watch(*args: object, local_files_only: bool, **options: object) -> str:
        asked.append(local_files_only)
        return str(whole(*args, cache_dir=tmp_path, local_files_only=True, **options))

    monkeypatch.setattr(hub, "snapshot_download", watch)
    with pytest.raises(MusiError, match="musi/none: not in the local cache; pass download=True"):
        hub.from_pretrained("musi/none")
    with pytest.raises(MusiError, match="musi/none: not in the local cache; check the name and the network"):
        hub.from_pretrained("musi/none", download=True)
    assert asked == [True, False]
    with pytest.raises(MusiError, match="a/b/c: neither a folder nor owner/name"):
        hub.from_pretrained("a/b/c")


def test_a_cached_repository_loads(backbone_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "snapshot_download", lambda *args, **options: str(backbone_dir))
    assert hub.from_pretrained("musi/tiny")[0].config == random_backbone().config


class FakeApi:
    """Remembers what would be uploaded."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, object]]] = []

    def create_repo(self, name: str, **options: object) -> None:
        self.calls.append((name, options))

    def upload_folder(self, **options: object) -> str:
        self.calls.append(("upload", options))
        return "https://example.org/commit"


def test_push(backbone_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi()
    monkeypatch.setattr(hub, "HfApi", lambda: api)
    assert hub.push_to_hub(backbone_dir, "musi/tiny") == "https://example.org/commit"
    assert api.calls[0] == ("musi/tiny", {"private": True, "exist_ok": True})
    assert api.calls[1][1] == {"folder_path": backbone_dir, "repo_id": "musi/tiny", "allow_patterns": hub.FILES}
    with pytest.raises(MusiError, match=r"config\.json"):
        hub.push_to_hub(tmp_path, "musi/tiny")
    assert len(api.calls) == 2


def test_a_refusal_is_one_line(backbone_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(FakeApi):
        def create_repo(self, name: str, **options: object) -> None:
            raise OSError("no route\nat all")

    monkeypatch.setattr(hub, "HfApi", Refusing)
    with pytest.raises(MusiError, match=r"^musi/tiny: no route; check the name and your login \(`hf auth login`\)$"):
        hub.push_to_hub(backbone_dir, "musi/tiny")
