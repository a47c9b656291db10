"""Seasons: nothing leaks before the seed is revealed, all can be checked after, and no release holds any of the problems."""

import json
import shutil
import stat

import pytest

from leaderboards.season import ITEMS, SEED, check_season, open_season, read_season, reveal, score
from musi.errors import MusiError
from musi.generate import SIZES, build_item, problem_key
from musi.schema import SPLITS, parse_item

N = 60


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    base = tmp_path_factory.mktemp("season")
    open_season("s1", base / "public", base / "secret", N)
    score(base / "public" / "s1.json", base / "secret", base / "out", "musi-gold", "", 8, chat=False)
    return base


@pytest.fixture
def season(opened, tmp_path):
    """A copy of a secret season and of a model's results on it."""
    return shutil.copytree(opened, tmp_path / "season")


def items_of(season):
    return [parse_item(line, "season") for line in (season / "secret" / ITEMS).read_bytes().splitlines()]


def test_what_is_published_and_logged_tells_nothing_of_the_seed(season):
    seed = (season / "secret" / SEED).read_text().strip()
    assert len(seed) == 64
    public = (season / "public" / "s1.json").read_text()
    assert seed not in public
    assert "seed" not in json.loads(public)
    for path in [season / "secret" / ITEMS, *(season / "out").rglob("*.json*")]:
        assert seed not in path.read_text("utf-8")
    assert stat.S_IMODE((season / "secret" / SEED).stat().st_mode) == 0o600
    assert stat.S_IMODE((season / "secret").stat().st_mode) == 0o700


def test_two_seasons_have_nothing_in_common(season, tmp_path):
    open_season("s1", tmp_path / "public", tmp_path / "secret", N)
    first, second = ({item.prompt for item in items_of(place)} for place in (season, tmp_path))
    assert not first & second


def test_no_release_holds_a_problem_of_a_season(season):
    mine = {problem_key(stage.family, stage.params) for item in items_of(season) for stage in item.stages}
    for split in SPLITS:
        for index in range(0, SIZES[split], max(1, SIZES[split] // 300)):
            theirs = {problem_key(stage.family, stage.params) for stage in build_item(split, index).stages}
            assert not mine & theirs


def test_revealed_season_is_built_again_and_its_results_scored_again(season):
    public = season / "public" / "s1.json"
    with pytest.raises(MusiError, match="its seed is still secret"):
        check_season(public)
    assert reveal(public, season / "secret").seed == (season / "secret" / SEED).read_text().strip()
    _, result = check_season(public, season / "out")
    assert result is not None
    assert result.estimates["retention"].value == 1.0
    assert len(result.answers) == N


def change(path, **fields):
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_void_seasons_are_found(season):
    public = season / "public" / "s1.json"
    reveal(public, season / "secret")
    good = public.read_text()
    for fields, reason in (
        ({"seed": "0" * 64}, "the seed is not the one whose hash was published"),
        ({"items_sha256": "0" * 64}, "gives another test set"),
        ({"items": N - 1}, "gives another test set"),
        ({"beside": "9.9.9"}, "was opened with release 9.9.9"),
        ({"seed": "secret"}, "seed: String should match"),
        ({"extra": 1}, "extra: Extra inputs"),
    ):
        public.write_text(good)
        change(public, **fields)
        with pytest.raises(MusiError, match=rf"s1\.json: .*{reason}"):
            check_season(public)


def test_wrong_secret_is_not_revealed_or_scored(season):
    public = season / "public" / "s1.json"
    (season / "secret" / SEED).write_text("0" * 64)
    with pytest.raises(MusiError, match=r"seed\.txt: is not the seed"):
        reveal(public, season / "secret")
    (season / "secret" / ITEMS).write_text("{}")
    with pytest.raises(MusiError, match=r"test\.jsonl: is not the test set"):
        score(public, season / "secret", season / "again", "musi-gold", "", 8, chat=False)


def test_edited_results_are_refused(season):
    public = season / "public" / "s1.json"
    reveal(public, season / "secret")
    (samples,) = (season / "out").rglob("samples_*")
    samples.write_text(samples.read_text("utf-8").replace('"item_acc": [true]', '"item_acc": [false]', 1), "utf-8")
    with pytest.raises(MusiError, match="item_acc is logged as"):
        check_season(public, season / "out")


def test_nothing_is_overwritten(season, tmp_path):
    with pytest.raises(MusiError, match=r"s1\.json: already exists"):
        open_season("s1", season / "public", tmp_path / "new", N)
    with pytest.raises(MusiError, match="secret: already exists"):
        open_season("s2", season / "public", season / "secret", N)
    with pytest.raises(MusiError, match="season: season: String should match"):
        open_season("../s3", tmp_path / "public", tmp_path / "new", N)
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(MusiError, match="choose writable folders"):
        open_season("s4", tmp_path / "file" / "public", tmp_path / "new", N)
    assert not (tmp_path / "new").exists()
    assert read_season(season / "public" / "s1.json").items == N
