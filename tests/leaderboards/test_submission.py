"""`submit`: what the folder holds, what it takes from lm-eval and from the card, and what it refuses."""

import json
import shutil
import subprocess

import pytest
import zstandard

from leaderboards.submission import SUMS, known, read_results, read_submission, slug, submit
from musi.errors import MusiError
from tests.leaderboards.support import only


def test_folder_holds_card_claim_evidence_and_sums(pristine):
    names = sorted(path.name.split("_20")[0] for path in pristine.iterdir())
    assert names == ["SHA256SUMS", "results", "samples_musi_quick", "submission.yaml"]
    assert subprocess.run(["sha256sum", "-c", "--quiet", SUMS], cwd=pristine).returncode == 0


def test_files_of_lm_eval_are_copied_unchanged(results, pristine):
    assert only(results("forgetful"), "results_*.json").read_bytes() == only(pristine, "results_*.json").read_bytes()
    packed = only(pristine, "samples_*.jsonl.zst").read_bytes()
    assert zstandard.decompress(packed) == only(results("forgetful"), "samples_*.jsonl").read_bytes()


def test_card_is_filled_from_the_results(pristine):
    card = read_submission(pristine / "submission.yaml")
    assert card.name == "Forgetful"
    assert (card.parameters, card.state_bytes) == (430_000, 5_120)
    assert [(run.task, run.version) for run in card.tasks] == [("musi_quick", 2.0)]
    assert card.decoding.generation == {"until": [], "do_sample": False}
    assert card.tools["lm_eval"].startswith("0.4.")
    assert card.trained_on == "not declared"


def test_decoding_of_several_tasks_is_that_of_the_ones_that_generate(pristine):
    results = read_results(only(pristine, "results_*.json"))
    results["configs"]["musi_forced"] = results["configs"]["musi_quick"] | {"generation_kwargs": None}
    assert known(results, ("musi_forced", "musi_quick"), "here").decoding.generation == {"until": [], "do_sample": False}
    assert known(results, ("musi_forced",), "here").decoding.generation == {}
    results["configs"]["musi_generate"] = results["configs"]["musi_quick"] | {"generation_kwargs": {"do_sample": True}}
    with pytest.raises(MusiError, match="here: its tasks were generated in different ways"):
        known(results, ("musi_generate", "musi_quick"), "here")
    results["configs"]["musi_generate"]["generation_kwargs"] = "greedy"
    with pytest.raises(MusiError, match="here: is not laid out as lm-eval's results are"):
        known(results, ("musi_generate",), "here")


def test_card_file_adds_what_lm_eval_does_not_know(results, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text("licence: Apache-2.0\ntrained_on: MuSI train split\nrevision: abc123\nparameters: 430000\n")
    read = read_submission(submit(results("forgetful"), "Forgetful", tmp_path, card) / "submission.yaml")
    assert (read.licence, read.trained_on, read.revision) == ("Apache-2.0", "MuSI train split", "abc123")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("parameters: 7", "parameters is 7, but lm-eval recorded 430000"),
        ("speed: fast", "speed: Extra inputs are not permitted; its fields are revision,"),
        ("trained_on: everything", "trained_on: Input should be"),
        ("licence: [MIT", "write plain `key: value` lines"),
        ("- MIT", "not a mapping"),
        ('licence: "a\\u202eb"', r"licence: .*U\+202E"),
    ],
)
def test_wrong_card_is_refused(results, tmp_path, text, reason):
    card = tmp_path / "card.yaml"
    card.write_text(text)
    with pytest.raises(MusiError, match=rf"card\.yaml.*{reason}"):
        submit(results("forgetful"), "Forgetful", tmp_path / "out", card)
    assert not (tmp_path / "out").exists()


def test_results_without_samples_are_refused(results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(results("forgetful"), folder)
    only(folder, "samples_*.jsonl").unlink()
    with pytest.raises(MusiError, match=r"holds no samples_musi_.*--log_samples"):
        submit(folder, "Forgetful", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folders_without_results_are_refused(tmp_path):
    with pytest.raises(MusiError, match=r"absent: no such folder"):
        submit(tmp_path / "absent", "x", tmp_path)
    with pytest.raises(MusiError, match=r"holds no results_"):
        submit(tmp_path, "x", tmp_path)


def test_several_models_in_one_folder_are_refused(results, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(results("forgetful"), tmp_path / "results" / name)
    with pytest.raises(MusiError, match="results of 2 models"):
        submit(tmp_path / "results", "x", tmp_path)
    assert submit(tmp_path / "results" / "a", "x", tmp_path).is_dir()


def test_newest_run_is_taken_unless_another_is_named(results, tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    for path in results("forgetful").rglob("*_20*"):
        shutil.copy(path, folder / path.name)
        shutil.copy(path, folder / f"{path.name.split('_20')[0]}_2001-01-01T00-00-00.000000{path.suffix}")
    newest = submit(folder, "newest", tmp_path)
    assert not list(newest.glob("*2001*"))
    older = submit(folder / "results_2001-01-01T00-00-00.000000.json", "older", tmp_path)
    assert len(list(older.glob("*2001*"))) == 2


def test_existing_target_is_left_alone(results, pristine):
    before = {path.name: path.read_bytes() for path in pristine.iterdir()}
    with pytest.raises(MusiError, match="already exists"):
        submit(results("silent"), "Forgetful", pristine.parent)
    assert {path.name: path.read_bytes() for path in pristine.iterdir()} == before


def test_nothing_half_written_is_left(results, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(MusiError, match="No space left on device"):
        submit(results("forgetful"), "Forgetful", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_results_of_another_layout_are_refused(results, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(results("forgetful"), folder)
    path = only(folder, "results_*.json")
    value = json.loads(path.read_text())
    for broken, reason in ((value | {"configs": []}, "laid out"), (value | {"configs": {}}, "has no 'musi_quick'")):
        path.write_text(json.dumps(broken))
        with pytest.raises(MusiError, match=reason):
            submit(folder, "x", tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "folder"), [("RWKV-4 tiny (ProSG on)", "rwkv-4-tiny-prosg-on"), ("../../etc/x", "etc-x"), ("Élan<b>", "elan-b")]
)
def test_folder_name(name, folder):
    assert slug(name) == folder


def test_name_without_letters_is_refused(results, tmp_path):
    with pytest.raises(MusiError, match="holds no letter or digit"):
        submit(results("forgetful"), "---", tmp_path)
