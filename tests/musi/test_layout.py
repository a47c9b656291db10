"""The layout of a built directory: what `datasets` and `mlcroissant` read from it is what was built."""

import errno
import json
import os
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from musi import layout
from musi.card import dataset_card
from musi.errors import MusiError
from musi.layout import export, parquet_name
from musi.release import file_digest, manifest_of
from musi.schema import CANARY, SPLITS, read_items


@pytest.fixture(scope="module")
def exported(tiny, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("layout") / "out"
    export(tiny, out, published=date(2026, 1, 2))
    return out


def rows_of(folder: Path, split: str) -> list[dict]:
    return [item.model_dump(mode="json") for item in read_items(folder / f"{split}.jsonl")]


def test_holds_card_metadata_manifest_and_one_parquet_file_a_split(exported):
    files = {str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file()}
    assert files == {"README.md", "croissant.json", "manifest.json", *(parquet_name(split) for split in SPLITS)}
    assert [path.name for path in exported.parent.iterdir()] == ["out"]


def test_datasets_loads_the_right_splits_features_and_rows(exported, tiny, tmp_path):
    import datasets

    loaded = datasets.load_dataset(str(exported), cache_dir=str(tmp_path))
    assert list(loaded) == list(SPLITS)
    text = datasets.Value("string")
    stage = dict.fromkeys(("family", "instruction", "answer", "params"), text)
    for split in SPLITS:
        assert loaded[split].to_list() == rows_of(tiny, split)
        features = loaded[split].features
        assert features["stages"] == datasets.List({**stage, "memory": datasets.List(text), "distance": datasets.Value("int64")})
        assert features["constraints"] == datasets.List(dict.fromkeys(("name", "text", "params"), text))
        assert (features["index"], features["canary"]) == (datasets.Value("int64"), text)


def test_croissant_loads_and_iterates(exported, tiny):
    mlcroissant = pytest.importorskip("mlcroissant", reason="needs the extra `croissant`: pip install mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(exported / "croissant.json"))
    assert dataset.metadata.issues.errors == set()
    assert dataset.metadata.issues.warnings == set()
    assert str(dataset.metadata.version) == "1.0.0"
    for split in SPLITS:
        wanted = rows_of(tiny, split)
        for record, row in zip(dataset.records(split), wanted, strict=True):
            assert {key.removeprefix(f"{split}/"): plain(value, split) for key, value in record.items()} == row


def plain(value, split):
    """What mlcroissant yields, with bytes as text and field ids as plain names."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {key.rsplit("/", 1)[1]: plain(each, split) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each, split) for each in value]
    return value


def test_croissant_names_every_file_with_its_digest(exported):
    data = json.loads((exported / "croissant.json").read_text())
    assert data["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert data["datePublished"] == "2026-01-02"
    for file in data["distribution"]:
        assert file["sha256"] == file_digest(exported / file["contentUrl"]).sha256


def test_the_canary_is_in_every_file(exported):
    from pyarrow import parquet

    for name in ("README.md", "croissant.json", "manifest.json"):
        assert CANARY in (exported / name).read_text()
    for split in SPLITS:
        assert parquet.read_schema(exported / parquet_name(split)).metadata[b"musi_canary"].decode() == CANARY


def test_the_card_opens_with_its_header(tiny):
    _, header, body = dataset_card(manifest_of(tiny)).split("---\n", 2)
    data = yaml.safe_load(header)
    assert data["license"] == "cc-by-4.0"
    assert [each["split"] for each in data["configs"][0]["data_files"]] == list(SPLITS)
    assert "| train | 19 |" in body
    assert "GeoNames" in body


def test_a_file_that_differs_from_the_manifest_is_refused(tiny, tmp_path):
    copy = Path(shutil.copytree(tiny, tmp_path / "copy"))
    (copy / "train.jsonl").write_bytes((copy / "train.jsonl").read_bytes()[:-3])
    with pytest.raises(MusiError, match=r"train\.jsonl: differs from manifest\.json; rebuild"):
        export(copy, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_existing_folder_is_refused_unless_forced(tiny, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.jsonl").write_text("old")
    with pytest.raises(MusiError, match="already exists; choose another folder or write it again with --force"):
        export(tiny, tmp_path / "out")
    export(tiny, tmp_path / "out", force=True)
    assert not (tmp_path / "out" / "old.jsonl").exists()


def test_the_dataset_is_never_overwritten_by_its_own_layout(tiny):
    for out in (tiny, tiny.parent, tiny / ".." / tiny.name):
        with pytest.raises(MusiError, match="holds the dataset itself; choose another folder"):
            export(tiny, out, force=True)
    assert manifest_of(tiny).files


@pytest.mark.parametrize("step", ["_write_parquet", "dataset_card"])
def test_a_full_disk_leaves_nothing(tiny, tmp_path, monkeypatch, step):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(layout, step, full)
    with pytest.raises(MusiError, match="No space left on device; nothing was kept"):
        export(tiny, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
