"""Seasons: a fresh test set that nobody can have trained on, drawn from a secret seed whose hash is published first.

open     a secret seed → the test set; only the hashes of both are published      seasons/2026a.json
score    a model is run on the secret test set
reveal   the seed is published; anybody builds the test set again and checks      musi season check seasons/2026a.json

Its problems come from a part of every family that no release draws from, and from no family whose problems are a fixed table.
"""

import hashlib
import importlib.util
import os
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field, ValidationError

from leaderboards.check import TaskResult, check_task
from leaderboards.specs import TASK_FILES, TaskSpec
from leaderboards.submission import RESULTS, SAMPLES, Digest, read_results
from leaderboards.untrusted import first_fault, read_bytes
from musi.build import split_lines
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.generate import PARTITIONS, RELEASE, partition, problem_key
from musi.languages import LANGUAGES
from musi.schema import Item, Record, Split, canonical_json, parse_item

TASK = "musi_season"
TASK_VERSION = 1.0
SPLIT: Split = "test_iid"
SEED, ITEMS = "seed.txt", "test.jsonl"  # in the secret folder
MAX_ITEMS = 10_000


class Season(Record):
    """What is published of a season: `seed` only after it was revealed."""

    season: Annotated[str, Field(pattern=r"^[a-z0-9]{1,20}$")]
    beside: Annotated[str, Field(description="release whose families and code it is built with")]
    lang: str
    items: Annotated[int, Field(ge=1, le=MAX_ITEMS)]
    seed_sha256: Digest
    items_sha256: Digest
    seed: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None

    @property
    def release(self) -> str:
        """What its items call their release."""
        return f"{self.beside}-season-{self.season}"


def open_season(name: str, out: Path, secret: Path, items: int, lang: str = "en") -> Path:
    """Draw a seed, write it and the test set into the folder `secret`, and what may be published into `out/<name>.json`.

    Raises MusiError when either is there already, or a name, language or number does not fit; nothing half-written is left.
    """
    public = out / f"{name}.json"
    for path in (public, secret):
        if path.exists():
            raise MusiError(f"{path}: already exists; open the season under another name or in another folder")
    if lang not in LANGUAGES:
        raise MusiError(f"--lang {lang}: no such language; this MuSI knows {', '.join(LANGUAGES)}")
    seed = secrets.token_hex(32)
    try:
        season = Season(
            season=name, beside=RELEASE, lang=lang, items=items, seed_sha256=_sha256(seed.encode()), items_sha256="0" * 64
        )
    except ValidationError as error:
        raise MusiError(
            f"season: {first_fault(error)}; names have small letters and digits, seasons up to {MAX_ITEMS:,} items"
        ) from None
    content = build_items(season, seed)
    season = season.model_copy(update={"items_sha256": _sha256(content)})
    try:
        out.mkdir(parents=True, exist_ok=True)
        secret.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise MusiError(f"{error.filename or secret}: {error.strerror}; choose writable folders") from None
    try:
        for path, data in ((secret / SEED, f"{seed}\n".encode()), (secret / ITEMS, content)):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
        _write(public, season)
    except OSError as error:
        shutil.rmtree(secret, ignore_errors=True)
        raise MusiError(f"{error.filename or secret}: {error.strerror}; choose writable folders") from None
    return public


def build_items(season: Season, seed: str) -> bytes:
    """The test set of a seed, as canonical lines. They are named after the season, so that no id tells anything of the seed."""
    lines = []
    for line in split_lines(SPLIT, season.items, season.lang, f"{season.beside}/{season.season}/{seed}"):
        item = parse_item(line, "season")
        name = f"musi-{season.release}-{SPLIT}-{item.index:05d}"
        named = item.model_copy(update={"id": name, "release": season.release})
        lines.append(canonical_json(named.model_dump(mode="json")).encode("utf-8") + b"\n")
    return b"".join(lines)


def read_season(path: Path) -> Season:
    """A published season; raises MusiError naming the file."""
    try:
        season = Season.model_validate_json(read_bytes(path, 10_000))
    except ValidationError as error:
        raise MusiError(f"{path}: {first_fault(error)}; give the file that `musi season open` wrote") from None
    if season.lang not in LANGUAGES:
        raise MusiError(f"{path}: lang: this MuSI knows {', '.join(LANGUAGES)}; give the file that `musi season open` wrote")
    if season.beside != RELEASE:
        raise MusiError(f"{path}: was opened with release {season.beside}, this MuSI has {RELEASE}; install the matching version")
    return season


def secret_items(public: Path, secret: Path) -> tuple[Season, Path]:
    """The season and the file of its secret test set, if that is the one whose hash was published."""
    season = read_season(public)
    path = secret / ITEMS
    if _sha256(read_bytes(path, 1 << 30)) != season.items_sha256:
        raise MusiError(f"{path}: is not the test set whose hash {public} publishes; give the folder of that season")
    return season, path


def score(public: Path, secret: Path, out: Path, model: str, model_args: str, batch_size: int, chat: bool) -> dict[str, Any]:
    """Run a model on the secret test set and save lm-eval's results and samples in `out`; returns lm-eval's row of figures."""
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    import leaderboards.oracle  # noqa: F401
    import prosg_ref.harness  # noqa: F401  both register their model

    season, path = secret_items(public, secret)
    tracker = EvaluationTracker(output_path=str(out))
    results = lm_eval.simple_evaluate(
        model=model,
        model_args=model_args,
        tasks=[_task(season, path)],
        batch_size=batch_size,
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=chat,
        evaluation_tracker=tracker,
        task_manager=TaskManager(include_path=[str(TASK_FILES)], include_defaults=False),
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    tracker.save_results_samples(task_name=TASK, samples=samples[TASK])
    return {name.removesuffix(",none"): value for name, value in results["results"][TASK].items()}


def _task(season: Season, path: Path) -> dict[str, Any]:
    """lm-eval's configuration of the generate task, over the season's items."""
    import datasets
    import yaml

    class SeasonTask(task_module().GenerateTask):  # type: ignore[misc]
        """The generate task with other data."""

        def __init__(self, config: dict[str, Any]) -> None:
            super().__init__(config)
            self.config.metadata.update(release=season.release, lock_sha256=season.items_sha256)

        def download(self, *_: Any, **__: Any) -> None:
            items = [parse_item(line, str(path)).model_dump(mode="json") for line in path.read_bytes().splitlines()]
            self.dataset = {SPLIT: datasets.Dataset.from_list(items)}

    lines = (TASK_FILES / "_musi_generate_yaml").read_text("utf-8").splitlines()
    config = yaml.safe_load("\n".join(line for line in lines if not line.startswith("class:")))
    return config | {"task": TASK, "class": SeasonTask, "test_split": SPLIT, "metadata": {"version": TASK_VERSION}}


def task_module() -> ModuleType:
    """`tasks/musi_lmeval.py`, by its path: the folder's name belongs to other distributions, too."""
    if "musi_lmeval" not in sys.modules:
        spec = importlib.util.spec_from_file_location("musi_lmeval", TASK_FILES / "musi_lmeval.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules["musi_lmeval"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["musi_lmeval"]


def reveal(public: Path, secret: Path) -> Season:
    """Publish the seed, once it is the one whose hash was published; raises MusiError when it is not."""
    season = read_season(public)
    seed = read_bytes(secret / SEED, 1_000).decode("utf-8", "replace").strip()
    if _sha256(seed.encode()) != season.seed_sha256:
        raise MusiError(f"{secret / SEED}: is not the seed whose hash {public} publishes; give the folder of that season")
    season = season.model_copy(update={"seed": seed})
    _write(public, season)
    return season


def check_season(public: Path, results: Path | None = None) -> tuple[Season, TaskResult | None]:
    """Build a revealed season again and compare it with what was published; with `results`, score a model's samples again, too.

    Raises MusiError when the season is still secret, when seed, items or problems are not what they have to be, or when the
    results are not what the samples give.
    """
    season = read_season(public)
    if season.seed is None:
        raise MusiError(f"{public}: its seed is still secret; wait until the season is revealed")
    if _sha256(season.seed.encode()) != season.seed_sha256:
        raise MusiError(f"{public}: the seed is not the one whose hash was published; the season is void")
    content = build_items(season, season.seed)
    if _sha256(content) != season.items_sha256:
        raise MusiError(f"{public}: its seed gives another test set than the one whose hash was published; the season is void")
    items = tuple(parse_item(line, str(public)) for line in content.splitlines())
    for item in items:
        for stage in item.stages:
            if FAMILIES[stage.family].closed or partition(problem_key(stage.family, stage.params)) != PARTITIONS - 1:
                raise MusiError(f"{public}: item {item.id} has a problem that a release may hold, too; the season is void")
    return season, None if results is None else _check_results(season, items, results)


def _check_results(season: Season, items: tuple[Item, ...], folder: Path) -> TaskResult:
    claims = sorted(path for path in folder.rglob("results_*.json") if RESULTS.fullmatch(path.name))
    samples = sorted(path for path in folder.rglob(f"samples_{TASK}_*") if SAMPLES.fullmatch(path.name))
    if len(claims) != 1 or len(samples) != 1:
        raise MusiError(f"{folder}: holds {len(claims)} results and {len(samples)} sample files; give the folder of one run")
    spec = TaskSpec(TASK, "generate", SPLIT, len(items), None, TASK_VERSION, f"Season {season.season}", season.lang)
    return check_task(spec, items, read_results(claims[0]), claims[0], samples[0])


def _write(path: Path, season: Season) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(season.model_dump_json(indent=1, exclude_none=True) + "\n", "utf-8")
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
