"""A submission folder: its card, and how `submit` makes it from what lm-eval saved.

NAME/submission.yaml              the card: what was scored, on what data, by what, declared by whom
NAME/results_TIME.json            lm-eval's results, unchanged: the claim
NAME/samples_TASK_TIME.jsonl.zst  lm-eval's samples, packed, otherwise unchanged: the evidence, one file a task
NAME/SHA256SUMS                   digests of the files above, as `sha256sum -c` reads them
"""

import re
import shutil
import unicodedata
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
import zstandard
from pydantic import AfterValidator, Field, ValidationError

from leaderboards.names import one_line, plain_name
from leaderboards.specs import TASKS
from leaderboards.untrusted import MAX_YAML_BYTES, file_sha256, first_fault, open_plain, parse_json, read_bytes, read_yaml
from musi.errors import MusiError
from musi.schema import Record

CARD = "submission.yaml"
SUMS = "SHA256SUMS"
RESULTS = re.compile(r"results_(\d{4}-\d\d-\d\dT[\d.-]{8,20})\.json")
SAMPLES = re.compile(r"samples_(musi_[a-z0-9_]{1,40})_(\d{4}-\d\d-\d\dT[\d.-]{8,20})\.jsonl(\.zst)?")
MAX_RESULTS_BYTES = 4_000_000
MAX_SAMPLES_BYTES = 128_000_000  # unpacked, one task
ZSTD_LEVEL = 12
MAX_SLUG = 60
SLUG = re.compile(rf"[a-z0-9-]{{1,{MAX_SLUG}}}")  # the folder of a submission, made by `slug`
MAX_FILES = 2 + 1 + len(TASKS)


Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(plain_name)]
Line = Annotated[str, Field(max_length=2_000), AfterValidator(one_line)]
Text = Annotated[str, Field(max_length=20_000)]
Count = Annotated[int, Field(ge=0, lt=10**16, strict=True)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
TrainedOn = Literal["nothing of MuSI", "MuSI train split", "not declared"]
Architecture = Literal["transformer", "RWKV", "Mamba", "xLSTM", "linear attention", "hybrid", "other", "not declared"]
Role = Literal["model", "reference"]  # a reference, such as the gold oracle, stands in the table without a rank


class TaskRun(Record):
    """One task that was run: under which version, on the data of which release."""

    task: str
    version: Annotated[float, Field(allow_inf_nan=False)]
    release: Line
    lock_sha256: Digest


class Decoding(Record):
    """How the answers were generated: the arguments of generation and what was put around the prompts."""

    generation: dict[str, Any]
    chat_template: bool
    system_instruction: Text | None


class Known(Record):
    """The part of the card that follows from lm-eval's results."""

    model: Line
    model_args: Line
    revision: Line | None
    parameters: Count | None
    state_bytes: Count | None
    decoding: Decoding
    tasks: Annotated[tuple[TaskRun, ...], Field(min_length=1)]
    scorer_version: Count
    tools: dict[Line, Line]
    hardware: Line | None


class Card(Record):
    """What only the submitter knows, or lm-eval may not: the optional file given to `submit`."""

    revision: Line | None = None
    parameters: Count | None = None
    state_bytes: Annotated[Count | None, Field(description="bytes of recurrent state or of cache per sequence")] = None
    architecture: Architecture = "not declared"
    role: Role = "model"
    licence: Line | None = None
    trained_on: TrainedOn = "not declared"
    training_note: Line = ""
    hardware: Line | None = None


class Submission(Known):
    """`submission.yaml`."""

    format: Literal[1]
    name: Name
    architecture: Architecture
    role: Role
    licence: Line | None
    trained_on: TrainedOn
    training_note: Line


def submit(results: Path, name: str, out: Path, card: Path | None = None) -> Path:
    """Make the submission folder `out/<name in file-name letters>` and return its path.

    `results` is the folder that `lm-eval run … --log_samples -o` wrote to, whose newest run is taken, or the `results_*.json` of
    another run in it. `card` is a YAML file with the fields of `Card`. Raises MusiError when the folder holds no samples of a
    MuSI task or several models, when the card is wrong, or when the target exists; nothing half-written is left behind.
    """
    results_file = _newest_results(results)
    sample_files = _samples_of(results_file)
    facts = known(read_results(results_file), tuple(sample_files), str(results_file))
    submission = _fill(facts, _read_card(card), name, str(card or results_file))
    target = out / slug(name)
    if target.exists():
        raise MusiError(f"{target}: already exists; remove it or choose another --name")
    partial = out / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
    try:
        partial.mkdir(parents=True)
        shutil.copyfile(results_file, partial / results_file.name)
        for path in sample_files.values():
            _pack(path, partial)
        fields = {"format": submission.format, "name": name, **submission.model_dump(mode="json")}
        text = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=120)
        (partial / CARD).write_text(text, "utf-8")
        write_sums(partial)
        partial.rename(target)
    except OSError as error:
        raise MusiError(f"{target}: {error.strerror}; choose another folder with --out") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _pack(samples: Path, folder: Path) -> None:
    """Copy a sample file into `folder`, as `.zst`; the same bytes in give the same bytes out."""
    if samples.suffix == ".zst":
        shutil.copyfile(samples, folder / samples.name)
        return
    with open_plain(samples, MAX_SAMPLES_BYTES) as source, (folder / f"{samples.name}.zst").open("wb") as target:
        zstandard.ZstdCompressor(level=ZSTD_LEVEL).copy_stream(source, target, size=samples.stat().st_size)


def slug(name: str) -> str:
    """The folder name of a submission: its name in lower case, everything but ASCII letters and digits as `-`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    folder = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].strip("-")
    if not folder:
        raise MusiError(f"--name {name!r}: holds no letter or digit of ASCII; add one, a folder is named after it")
    return folder


def refuse_other_name(folder: Path, name: str) -> None:
    """Raise MusiError where the folder of an entry is not called after it."""
    if folder.name != (wanted := slug(name)):
        raise MusiError(f"{folder}: is the entry {name!r}; name its folder {wanted}")


def file_limit(name: str) -> int:
    """Bytes that a file of this name may have; 0 where it does not belong in a submission."""
    if name in (CARD, SUMS):
        return MAX_YAML_BYTES
    if RESULTS.fullmatch(name):
        return MAX_RESULTS_BYTES
    return MAX_SAMPLES_BYTES if SAMPLES.fullmatch(name) else 0


def write_sums(folder: Path) -> None:
    """Write `SHA256SUMS` over all other files of `folder`."""
    names = sorted(path.name for path in folder.iterdir() if path.name != SUMS)
    lines = [f"{file_sha256(folder / name, MAX_SAMPLES_BYTES)}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), "utf-8")


def _newest_results(results: Path) -> Path:
    if results.is_file():
        if not RESULTS.fullmatch(results.name):
            raise MusiError(f"{results}: is not a results_*.json of lm-eval; give it, or the folder that holds it")
        return results
    if not results.is_dir():
        raise MusiError(f"{results}: no such folder; give the folder that `lm-eval run … --log_samples -o` wrote to")
    found = sorted((path for path in results.rglob("results_*.json") if RESULTS.fullmatch(path.name)), key=lambda path: path.name)
    if not found:
        raise MusiError(f"{results}: holds no results_*.json; give the folder that `lm-eval run … --log_samples -o` wrote to")
    if len(folders := sorted({path.parent for path in found})) > 1:
        raise MusiError(f"{results}: holds results of {len(folders)} models; submit each by its own folder, such as {folders[0]}")
    return found[-1]


def _samples_of(results_file: Path) -> dict[str, Path]:
    """The sample files of the run that saved `results_file`, by task."""
    stamp = results_file.stem.removeprefix("results_")
    matches = [SAMPLES.fullmatch(path.name) for path in sorted(results_file.parent.iterdir())]
    found = {match[1]: results_file.parent / match[0] for match in matches if match and match[2] == stamp}
    if not found:
        raise MusiError(
            f"{results_file.parent}: holds no samples_musi_*_{stamp}.jsonl; run lm-eval again with --log_samples and a MuSI task"
        )
    return found


def read_results(path: Path) -> dict[str, Any]:
    """lm-eval's results file; raises MusiError naming it when it is not sound JSON."""
    return parse_json(read_bytes(path, MAX_RESULTS_BYTES), str(path))


def known(results: dict[str, Any], tasks: tuple[str, ...], where: str) -> Known:
    """The card's fields that lm-eval's results give for the given tasks.

    Raises MusiError naming `where` when a task is unknown, a field is missing, or the tasks were scored differently.
    """
    for task in tasks:
        if task not in TASKS:
            raise MusiError(f"{where}: task {task!r} is not on this board; run one of {', '.join(TASKS)}")
    try:
        config = results["config"]
        task_configs = [results["configs"][task] for task in tasks]
        metadata = [task_config["metadata"] for task_config in task_configs]
        if any(each["scorer_version"] != metadata[0]["scorer_version"] for each in metadata):
            raise MusiError(f"{where}: its tasks were scored by different scorers; run them again with one MuSI")
        return Known(
            model=results["model_source"] or config["model"],
            model_args=_arguments(config["model_args"]),
            revision=config.get("model_sha") or config.get("checkpoint_sha256") or None,
            parameters=_count(config.get("model_num_parameters")),
            state_bytes=_count(config.get("state_bytes")),
            decoding=Decoding(
                generation=_generation(task_configs, where) | (config.get("gen_kwargs") or {}),
                chat_template=results.get("chat_template") is not None,
                system_instruction=results.get("system_instruction"),
            ),
            tasks=tuple(
                TaskRun(task=task, version=each["version"], release=each["release"], lock_sha256=each["lock_sha256"])
                for task, each in zip(tasks, metadata, strict=True)
            ),
            scorer_version=metadata[0]["scorer_version"],
            tools=_tools(results),
            hardware=_hardware(results.get("pretty_env_info")),
        )
    except ValidationError as error:
        raise MusiError(f"{where}: {first_fault(error)}; run the task again with lm-eval ≥ 0.4.13") from None
    except KeyError as error:
        raise MusiError(f"{where}: has no {error}; run the task again with lm-eval ≥ 0.4.13 and this MuSI") from None
    except (AttributeError, TypeError):
        raise MusiError(f"{where}: is not laid out as lm-eval's results are; run the task again with lm-eval ≥ 0.4.13") from None


def _generation(task_configs: list[dict[str, Any]], where: str) -> dict[str, Any]:
    """How the tasks generate: those that do all do it the same way, those that score given answers not at all."""
    ways = [way for task_config in task_configs if (way := task_config.get("generation_kwargs"))]
    if any(way != ways[0] for way in ways):
        raise MusiError(f"{where}: its tasks were generated in different ways; run them again with one MuSI")
    return {**ways[0]} if ways else {}


def _arguments(model_args: Any) -> str:
    """Model arguments as they are typed, whether lm-eval kept them as text or as a mapping."""
    if isinstance(model_args, dict):
        return ",".join(f"{key}={value}" for key, value in model_args.items())
    return str(model_args or "")


def _count(value: Any) -> int | None:
    """A number that lm-eval writes as -1 when it does not know it."""
    return value if isinstance(value, int) and value >= 0 else None


def _tools(results: dict[str, Any]) -> dict[str, str]:
    env = str(results.get("pretty_env_info"))
    python, torch = re.search(r"^Python version: (\S{1,40})", env, re.M), re.search(r"^PyTorch version: (\S{1,40})", env, re.M)
    found = {
        "lm_eval": results.get("lm_eval_version"),
        "transformers": results.get("transformers_version"),
        "torch": torch and torch[1],
        "python": python and python[1],
    }
    return {name: str(version) for name, version in found.items() if version}


def _hardware(env: Any) -> str | None:
    """The names of GPU and CPU as torch reported them; the device that lm-eval records is only what was asked for."""
    gpu = re.search(r"^GPU models and configuration: (?!Could not collect|No CUDA)(?:GPU 0: )?(.{1,100})$", str(env), re.M)
    cpu = re.search(r"^Model name: {1,40}(.{1,100})$", str(env), re.M)
    return ", ".join(str(part) for part in (gpu and gpu[1], cpu and cpu[1]) if part) or None


def _read_card(path: Path | None) -> Card:
    if path is None:
        return Card()
    try:
        return Card.model_validate(read_yaml(path))
    except ValidationError as error:
        raise MusiError(f"{path}: {first_fault(error)}; its fields are {', '.join(Card.model_fields)}") from None


def _fill(facts: Known, card: Card, name: str, where: str) -> Submission:
    """Join what lm-eval recorded with the card; where both speak, they must agree."""
    fields: dict[str, Any] = {"format": 1, "name": name, **facts.model_dump()}
    for field, value in card.model_dump().items():
        if fields.get(field) is None:
            fields[field] = value
        elif value is not None and fields[field] != value:
            raise MusiError(f"{where}: {field} is {value!r}, but lm-eval recorded {fields[field]!r}; leave it out of the card")
    try:
        return Submission.model_validate(fields)
    except ValidationError as error:
        raise MusiError(f"{where}: {first_fault(error)}; mend it and submit again") from None


def read_submission(path: Path) -> Submission:
    """Read a `submission.yaml`; raises MusiError naming it and the field when it is not as `submit` writes it."""
    try:
        return Submission.model_validate(read_yaml(path))
    except ValidationError as error:
        raise MusiError(f"{path}: {first_fault(error)}; make the folder again with `musi leaderboard submit`") from None
