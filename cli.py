"""The command line. Wiring only: every command calls a package and prints what it returns; data goes to stdout, talk to stderr.

One exception becomes one line: a MusiError is printed as it is, with exit code 1; `MUSI_DEBUG=1` shows the traceback instead.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer
import typer.core

TASKS = Path(__file__).resolve().parent / "tasks"


class ReportGroup(typer.core.TyperGroup):
    """`musi report DIR` means `musi report show DIR`."""

    DEFAULT = "show"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [self.DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="musi",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Measure and cure prompt forgetting in language models.",
)
dataset = typer.Typer(no_args_is_help=True, help="Build, check and look at the MuSI dataset.")
tasks = typer.Typer(no_args_is_help=True, help="The lm-evaluation-harness tasks.")
train = typer.Typer(no_args_is_help=True, help="Train the reference model: the backbone first, then ProSG on top of it.")
study = typer.Typer(
    no_args_is_help=True, help="Studies of ProSG: ablation, distance, scaling, languages, transfer, overhead; and verify."
)
model = typer.Typer(no_args_is_help=True, help="Checkpoints of RWKV-4 models.")
season = typer.Typer(no_args_is_help=True, help="Secret test sets: hash published first, seed revealed after.")
leaderboard = typer.Typer(no_args_is_help=True, help="Submit results, check them by scoring them again, build the board.")
reports = typer.Typer(cls=ReportGroup, no_args_is_help=True, help="What models forget of their prompts, from saved samples.")
app.add_typer(dataset, name="dataset")
app.add_typer(tasks, name="tasks")
app.add_typer(train, name="train")
app.add_typer(study, name="study")
app.add_typer(model, name="model")
app.add_typer(leaderboard, name="leaderboard")
app.add_typer(reports, name="report")
app.add_typer(season, name="season")

Results = Annotated[list[Path], typer.Argument(help="Folders that lm-eval wrote with --log_samples -o, or samples files.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Directory = Annotated[Path, typer.Argument(help="Folder of a built dataset.", show_default=True)]
Config = Annotated[str, typer.Option("--config", help="Recipe: a YAML file, or the name of a shipped one.")]
RunFolder = Annotated[Path, typer.Option("--out", help="Folder of the run: metrics, resume file, checkpoint.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it exists.")]
Sources = Annotated[list[Path], typer.Argument(help="JSON, JSONL or Parquet files, or Hugging Face datasets on disk.")]
Source = Annotated[Path, typer.Argument(help="An official .pth, a Hugging Face folder, or a checkpoint of ours.")]
Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes; the result does not depend on it.")]
StudyConfig = Annotated[str, typer.Option("--config", help="Study: a YAML file, or the name of a shipped one.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print parameters, memory, FLOPs and time, and train nothing.")]
Device = Annotated[str, typer.Option(help="Device that --dry-run reckons with, `N*NAME` for several.")]
Entries = Annotated[Path, typer.Argument(help="Folder of the entries; the log of decisions lies beside it.")]
By = Annotated[str, typer.Option(help="Who decided.")]
Public = Annotated[Path, typer.Argument(help="The published file of the season.")]
Secret = Annotated[Path, typer.Option(help="Secret folder of the season: its seed and its test set.")]
Reason = Annotated[str, typer.Option(help="Why, in one line.")]
DEFAULT_ENTRIES = Path("leaderboards/entries")
DEFAULT_DATA = Path("data/musi-1.0.0")


class Engine(StrEnum):
    """Where shards are built."""

    local = "local"
    ray = "ray"


class HeldOut(StrEnum):
    """Splits that are not trained on."""

    validation = "validation"
    test_iid = "test_iid"
    test_ood = "test_ood"


class Tracker(StrEnum):
    """Where metrics go besides metrics.jsonl."""

    tensorboard = "tensorboard"
    trackio = "trackio"


class Layout(StrEnum):
    """Checkpoint layouts that can be written."""

    musi = "musi"
    hf = "hf"


Track = Annotated[Tracker | None, typer.Option(help="Send metrics there as well; an extra of the same name installs it.")]


class LaterDecision(StrEnum):
    """What can be decided about an entry after it was accepted."""

    flagged = "flagged"
    removed = "removed"
    accepted = "accepted"


def beside(name: str) -> ModuleType:
    """The module `tasks/NAME.py`, loaded by its path: `tasks` is a name that other distributions use too."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, TASKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def talk(message: str) -> None:
    """Say something to the user that is not data."""
    typer.echo(message, err=True)


def put(data: Any) -> None:
    """Print data as one JSON object."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


@contextmanager
def progress(label: str, total: int) -> Iterator[Any]:
    """A progress bar on stderr; yields a function that is told how many more are done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)


@app.callback(invoke_without_command=True)
def version_option(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print versions and exit.")] = False,
) -> None:
    """Measure and cure prompt forgetting in language models."""
    if version:
        from musi import __version__
        from musi.generate import RELEASE

        typer.echo(f"musi {__version__}, dataset release {RELEASE}")
    elif context.invoked_subcommand is None:
        context.fail("Missing command; see `musi --help`.")


@dataset.command("build")
def dataset_build(
    out: Annotated[
        Path | None, typer.Argument(help="Folder to make; data/musi-RELEASE unless given.", show_default=False)
    ] = None,
    items: Annotated[int, typer.Option(help="Items over all splits; a multiple of 22. The release has 22,000.")] = 22_000,
    workers: Workers = 2,
    force: Force = False,
    engine: Annotated[Engine, typer.Option(help="Build here, or on a Ray cluster (RAY_ADDRESS).")] = Engine.local,
    lang: Annotated[str, typer.Option(help="Language: en, de, es, fr or zh.")] = "en",
) -> None:
    """Build the dataset. A killed build goes on where it stopped.

    Example: musi dataset build data/musi-1.0.0-de --lang de
    """
    from musi.build import build
    from musi.generate import release_name

    out = out or Path("data") / f"musi-{release_name(lang)}"
    with progress("items", items) as advance:
        manifest = build(out, items, workers, force, advance, engine.value, lang)
    talk(f"release {manifest.release}: {sum(entry.items for entry in manifest.files.values()):,} items in {out}")


@dataset.command("verify")
def dataset_verify(directory: Directory = DEFAULT_DATA) -> None:
    """Compare every byte of a built release with its lock.

    Example: musi dataset verify data/musi-1.0.0
    """
    from musi.release import lock_digest, verify

    manifest = verify(directory)
    talk(f"{directory} is release {manifest.release}, byte for byte (lock {lock_digest(manifest.release)[:12]})")


@dataset.command("release")
def dataset_release(
    directory: Directory = DEFAULT_DATA,
    previous: Annotated[Path | None, typer.Option(help="Built folder of the release before.")] = None,
    workers: Workers = 2,
) -> None:
    """Validate a build, check that its number fits what changed, and lock its bytes for good.

    Example: musi dataset release data/musi-1.1.0 --previous data/musi-1.0.0
    """
    from musi.publish import publish
    from musi.release import lock_digest, manifest_of

    with progress("items", sum(entry.items for entry in manifest_of(directory).files.values())) as advance:
        manifest = publish(directory, previous, workers, advance)
    talk(f"release {manifest.release} is locked ({lock_digest(manifest.release)[:12]}); say what is new in CHANGELOG.md")


@dataset.command("validate")
def dataset_validate(directory: Directory = DEFAULT_DATA, workers: Workers = 2, as_json: Json = False) -> None:
    """Derive every answer again, try wrong ones, prove the splits disjoint, report near-duplicates.

    Example: musi dataset validate data/musi-1.0.0
    """
    from musi.release import manifest_of
    from musi.validate import validate

    manifest = manifest_of(directory)
    with progress("items", sum(entry.items for entry in manifest.files.values())) as advance:
        report = validate(directory, workers, advance)
    if as_json:
        put(report.as_dict())
    else:
        for problem in report.problems:
            typer.echo(f"{problem.where}: {problem.item}: {problem.reason}")
        for pair in report.near_duplicates:
            typer.echo(f"near-duplicate: {pair.first} and {pair.second}, similarity {pair.similarity:.2f}")
        talk(report.summary())
    if report.problems:
        raise typer.Exit(1)


@dataset.command("stats")
def dataset_stats(directory: Directory = DEFAULT_DATA, as_json: Json = False) -> None:
    """Count families, constraints, kinds of memory, chain lengths and distances.

    Example: musi dataset stats data/musi-1.0.0 --json
    """
    from rich.console import Console

    from musi.stats import print_stats, stats

    data = stats(directory)
    if as_json:
        put(data)
    else:
        print_stats(data, Console())


@dataset.command("show")
def dataset_show(
    item_id: Annotated[str, typer.Argument(help="Item, such as musi-1.0.0-test_iid-00007.")],
    stage: Annotated[int, typer.Option(help="Show the control that asks only this stage (from 1).")] = 0,
    as_json: Json = False,
) -> None:
    """Print one item of the release: its prompt and its gold answer.

    Example: musi dataset show musi-1.0.0-validation-00003 --stage 2
    """
    from musi.compose import multi_example, single_example
    from musi.release import find_item

    item = find_item(item_id)
    if as_json:
        put(item.model_dump(mode="json"))
        return
    if stage > len(item.stages) or stage < 0:
        raise typer.BadParameter(f"{item_id} has stages 1 to {len(item.stages)}", param_hint="--stage")
    prompt, answer = single_example(item, stage - 1) if stage else multi_example(item)
    typer.echo(f"{prompt}\n\n{'-' * 40}\n{answer}")


@dataset.command("gallery")
def dataset_gallery() -> None:
    """Print three examples of every family, constraint and language as Markdown.

    Example: musi dataset gallery > docs/gallery.md
    """
    from musi.gallery import gallery

    typer.echo(gallery(), nl=False)


@dataset.command("export")
def dataset_export(
    directory: Annotated[Path, typer.Argument(help="Folder of a built dataset.")],
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    force: Force = False,
) -> None:
    """Write the layout of the Hugging Face hub: Parquet files, dataset card, Croissant metadata.

    Example: musi dataset export data/musi-1.0.0 data/musi-1.0.0-hf
    """
    from musi.layout import export

    manifest = export(directory, out, force)
    talk(f"release {manifest.release} in {out}: load it with datasets.load_dataset({str(out)!r})")


@dataset.command("diff")
def dataset_diff(
    old: Annotated[Path, typer.Argument(help="Folder of the older build.")],
    new: Annotated[Path, typer.Argument(help="Folder of the newer build.")],
    as_json: Json = False,
) -> None:
    """Items added, edited and removed, by family; fails when the newer release's number does not allow them.

    Example: musi dataset diff data/musi-1.0.0 data/musi-1.1.0
    """
    from rich.console import Console

    from musi.diff import check_version, diff, print_diff

    found = diff(old, new)
    if as_json:
        put(found.as_dict())
    else:
        print_diff(found, Console())
    check_version(found)


@dataset.command("import")
def dataset_import(
    sources: Sources,
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    name: Annotated[str, typer.Option(help="Name of the new dataset: small letters, digits, `_` and `.`.")],
    licence: Annotated[str, typer.Option(help="Licence of the records.")] = "unknown",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Compose multi-stage items from single-instruction records; bad rows are listed and skipped.

    Example: musi dataset import gsm8k_socratic.jsonl --out data/gsm8k --name gsm8k --licence MIT
    """
    from musi.importers import import_data

    report = import_data(sources, out, name, licence=licence, force=force)
    put(report.as_dict()) if as_json else typer.echo(report.summary())


@dataset.command("teach")
def dataset_teach(
    sources: Sources,
    out: Annotated[Path, typer.Option(help="JSONL file to write; `musi dataset import` reads it.")],
    base_url: Annotated[str, typer.Option(help="OpenAI-compatible endpoint; the key comes from OPENAI_API_KEY.")],
    model: Annotated[str, typer.Option(help="Model to ask.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Ask for so many records only.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Requests under way at once.")] = 4,
) -> None:
    """Ask a model for answers to instructions with checkable rules, and keep those that pass. A killed run goes on.

    Example: musi dataset teach ifeval.jsonl --out taught.jsonl --base-url http://localhost:8000/v1 --model my-model
    """
    from musi.importers.teacher import Teacher, teach

    report = teach(sources, out, Teacher(base_url, model, concurrency=concurrency), limit)
    typer.echo(report.summary())


@tasks.command("path")
def tasks_path() -> None:
    """Print the folder to give to lm-eval's --include_path.

    Example: musi tasks path
    """
    typer.echo(TASKS)


@tasks.command("check")
def tasks_check(names: Annotated[list[str] | None, typer.Argument(help="Tasks to check; all without any.")] = None) -> None:
    """Load every task deeply: YAML, data, requests, and scores of gold, foreign, echoed and empty answers.

    Example: musi tasks check
    """
    for line in beside("musi_check").check(TASKS, names or ()):
        typer.echo(line)


@reports.command("show")
def report_show(
    results: Results,
    as_json: Json = False,
    html: Annotated[Path | None, typer.Option(help="Write one HTML file with plots instead.")] = None,
) -> None:
    """Retention by distance, stage, memory, family and chain length, the half-life, and what failed; several models side by side.

    Example: musi report show runs/smollm2-quick runs/tiny-quick --html report.html

    `musi report DIR` is short for `musi report show DIR`.
    """
    from musi.report import report

    data = report(results)
    if html is not None:
        from musi.report_html import write

        write(data, html)
        talk(f"report in {html}")
    if as_json:
        put(data)
    elif html is None:
        from rich.console import Console

        from musi.report_print import print_report

        print_report(data, Console())


@reports.command("transcript")
def report_transcript(
    item_id: Annotated[str, typer.Argument(help="Item, such as musi-1.0.0-test_iid-00007.")],
    results: Results,
    as_json: Json = False,
) -> None:
    """Prompt, response, what was cut from it for each stage, and the verdicts, side by side.

    Example: musi report transcript musi-1.0.0-test_iid-00007 runs/smollm2-quick
    """
    from rich.console import Console

    from musi.transcript import print_transcript, transcripts

    found = transcripts(item_id, results)
    if as_json:
        put(found)
        return
    for data in found:
        print_transcript(data, Console())


@app.command("rescore")
def rescore_command(results: Results, as_json: Json = False) -> None:
    """Old samples under today's scorer: every verdict that changes, and retention before and now.

    Example: musi rescore runs/smollm2-quick
    """
    from rich.console import Console

    from musi.rescore import print_rescore, rescore

    found = rescore(results)
    put(found) if as_json else print_rescore(found, Console())


@app.command("generate")
def generate_command(
    model: Annotated[Path, typer.Option(help="Folder of a backbone checkpoint.")],
    prosg: Annotated[Path | None, typer.Option(help="Folder of a ProSG module trained on that backbone.")] = None,
    prompt: Annotated[str, typer.Option(help="Text to answer; `-` reads standard input.")] = "",
    item: Annotated[str, typer.Option(help="Item of the release to answer instead, scored stage by stage.")] = "",
    max_tokens: Annotated[int, typer.Option(min=1, max=100_000, help="Limit on new tokens.")] = 1_024,
    temperature: Annotated[float, typer.Option(min=0.0, max=10.0, help="0 takes the likeliest token each time.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the sampling.")] = 0,
) -> None:
    """Let the reference model answer a prompt or an item of the release.

    Example: musi generate --model prosg_ref/weights/tiny/backbone --item musi-1.0.0-validation-00003
    """
    from prosg_ref.answer import answer

    if bool(prompt) == bool(item):
        raise typer.BadParameter("give either --prompt or --item", param_hint="--prompt")
    if item:
        from musi.release import find_item
        from musi.score import score_response

        gold = find_item(item)
        response = answer(model, prosg, gold.prompt, max_tokens, temperature, seed)
        typer.echo(response)
        for k, stage in enumerate(score_response(gold, response, range(len(gold.stages))).stages, start=1):
            talk(f"[{k}] {'right' if stage.passed else 'wrong: ' + stage.reason}  (gold: {gold.stages[k - 1].answer})")
    else:
        text = sys.stdin.read() if prompt == "-" else prompt
        typer.echo(answer(model, prosg, text, max_tokens, temperature, seed))


@app.command("eval", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def eval_command(context: typer.Context) -> None:
    """lm-eval's own command line, with the model `prosg-rwkv` and the MuSI tasks known to it.

    Example: musi eval run --model prosg-rwkv --model_args pretrained=tiny --tasks musi_quick --log_samples -o OUT
    """
    import lm_eval.tasks
    from lm_eval.__main__ import cli_evaluate

    import leaderboards.oracle  # noqa: F401
    import prosg_ref.harness  # noqa: F401  both register their model

    arguments = list(context.args)
    if "--include_path" not in arguments and any(word.startswith("--task") for word in arguments):
        arguments += ["--include_path", str(TASKS)]
    if "prosg-rwkv" in arguments and not {"--batch_size", "-b"} & {word.partition("=")[0] for word in arguments}:
        arguments += ["--batch_size", "auto"]  # lm-eval's 1 takes twice as long, for the same answers
    after = [word for option, word in pairwise(arguments) if option in ("--tasks", "-t")]
    several = any(not (a.startswith("-") or b.startswith("-")) for a, b in pairwise(arguments))  # `--tasks a b`
    asked = {name for word in after for name in word.split(",") if not several}
    if asked and asked <= {path.stem for path in TASKS.glob("*.yaml")}:
        # lm-eval would read its own 13,000 task files first, for seconds.
        lm_eval.tasks.TaskManager = partial(lm_eval.tasks.TaskManager, include_defaults=False)
    sys.argv = ["lm-eval", *arguments]
    cli_evaluate()


@train.command("backbone")
def train_backbone(config: Config, out: RunFolder, track: Track = None, dry_run: DryRun = False, device: Device = "cpu") -> None:
    """Phase 1: train or fine-tune an RWKV-4 backbone on prompts and answers. A killed run goes on where it stopped.

    Example: musi train backbone --config tiny-backbone-copy --out runs/tiny-backbone-copy
    """
    from prosg_ref.recipes import find_recipe

    if dry_run:
        from prosg_ref.dry_run import plan_backbone

        return put(plan_backbone(find_recipe(config), device))
    from prosg_ref.train import train_backbone

    train_backbone(find_recipe(config), out, tracker=track.value if track else None)


@train.command("prosg")
def train_prosg(config: Config, out: RunFolder, track: Track = None, dry_run: DryRun = False, device: Device = "cpu") -> None:
    """Phase 2: freeze the backbone and train the synthesis module. A killed run goes on where it stopped.

    Example: musi train prosg --config tiny-prosg-placed --out runs/tiny-prosg-placed
    """
    from prosg_ref.recipes import find_recipe

    if dry_run:
        from prosg_ref.dry_run import plan_prosg

        return put(plan_prosg(find_recipe(config), device))
    from prosg_ref.train import train_prosg

    train_prosg(find_recipe(config), out, tracker=track.value if track else None)


def _study(name: str, config: str) -> None:
    from prosg_ref.study import find_study, run_study

    typer.echo(run_study(name, find_study(config), f"musi study {name} --config {config}", talk))


@study.command("ablation")
def study_ablation(config: StudyConfig = "ablation") -> None:
    """What each part of ProSG is worth: state embedding, depth, rank, targets, random ΔW, one phase instead of two.

    Example: musi study ablation --config ablation
    """
    _study("ablation", config)


@study.command("distance")
def study_distance(config: StudyConfig = "distance") -> None:
    """Retention against distance: the shipped backbone, with ProSG, with the prompt twice.

    Example: musi study distance --config distance
    """
    _study("distance", config)


@study.command("long")
def study_long(config: StudyConfig = "long") -> None:
    """Answers longer than any that phase 2 has seen, by distance.

    Example: musi study long --config long
    """
    _study("long", config)


@study.command("transfer")
def study_transfer(config: StudyConfig = "transfer") -> None:
    """On problems that nothing was trained on, imported with `musi dataset import`.

    Example: musi study transfer --config transfer
    """
    _study("transfer", config)


@study.command("scaling")
def study_scaling(config: StudyConfig = "scaling") -> None:
    """The gain against the backbone's size, at equal tokens.

    Example: musi study scaling --config scaling
    """
    _study("scaling", config)


@study.command("languages")
def study_languages(config: StudyConfig = "languages") -> None:
    """Trained on English and tested on other languages, and trained on all.

    Example: musi study languages --config languages
    """
    _study("languages", config)


@study.command("overhead")
def study_overhead(config: StudyConfig = "overhead") -> None:
    """Time to the first token, time per token and memory against the length of the prompt.

    Example: musi study overhead --config overhead
    """
    from prosg_ref.overhead_study import run_overhead
    from prosg_ref.study import RESULTS, RUNS, find_study

    cells = RUNS / "overhead" / "cells"
    typer.echo(run_overhead(find_study(config), f"musi study overhead --config {config}", cells, RESULTS, talk))


@study.command("verify")
def study_verify(
    as_json: Json = False,
    items: Annotated[int, typer.Option(min=1, max=1_000, help="So many items.")] = 40,
    split: Annotated[HeldOut, typer.Option(help="Of its items.")] = HeldOut.validation,
    workers: Workers = 2,
) -> None:
    """Score the shipped weights again on validation, beside every control.

    Example: musi study verify --json
    """
    from prosg_ref.verify import VARIANTS, verify

    with progress("variants", len(VARIANTS)) as advance:
        found = verify(items=items, workers=workers, progress=advance, split=split.value)
    if as_json:
        return put(found)
    for name, values in found.items():
        numbers = ("answer_ppl", "token_acc", "forced_retention", "retention", "half_life")
        typer.echo(f"{name:20} " + "  ".join(f"{n} {'-' if values[n] is None else format(values[n], '.3f')}" for n in numbers))


@model.command("convert")
def model_convert(
    source: Source,
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    to: Annotated[Layout, typer.Option(help="Layout to write.")] = Layout.musi,
    tokenizer: Annotated[Path | None, typer.Option(help="tokenizer.json or World vocabulary, if the source has none.")] = None,
) -> None:
    """Write an official `.pth`, a Hugging Face folder or one of ours in another layout; nothing in a file is executed.

    Example: musi model convert RWKV-4-Pile-169M.pth runs/rwkv4-169m --tokenizer 20B_tokenizer.json
    """
    from prosg_ref.convert import convert

    put(convert(source, out, to.value, tokenizer).as_dict())


@model.command("info")
def model_info(source: Source) -> None:
    """Shape, parameters, state, and the memory to train and to serve a checkpoint.

    Example: musi model info prosg_ref/weights/tiny/backbone
    """
    from prosg_ref.convert import info

    put(info(source).as_dict())


@leaderboard.command("submit")
def leaderboard_submit(
    results: Annotated[Path, typer.Argument(help="Folder that lm-eval wrote with --log_samples -o.")],
    name: Annotated[str, typer.Option(help="Name of the entry.")],
    out: Annotated[Path, typer.Option(help="Folder that the submission's folder is put into.")] = Path("submissions"),
    card: Annotated[Path | None, typer.Option(help="YAML with what lm-eval cannot know: licence, training data…")] = None,
) -> None:
    """Make a submission folder from lm-eval's results.

    Example: musi leaderboard submit runs/smollm2-quick --name smollm2-135m --card card.yaml
    """
    from leaderboards.submission import submit

    typer.echo(submit(results, name, out, card))


@leaderboard.command("check")
def leaderboard_check(
    submission: Annotated[Path, typer.Argument(help="Submission folder, or a .zip of one.")],
    entries: Annotated[Path | None, typer.Option(help="Entries to compare with: copied responses, look-alike names.")] = None,
) -> None:
    """Score the raw responses of a submission again; refuse it when a claim differs; say what a human should look at.

    Example: musi leaderboard check submissions/smollm2-135m
    """
    from leaderboards.archive import opened
    from leaderboards.review import report, review

    with opened(submission) as folder:
        typer.echo(report(*review(folder, entries)))


@leaderboard.command("review")
def leaderboard_review(
    tree: Annotated[Path, typer.Argument(help="Checkout of the pull request; nothing in it is run.")],
    entries: Entries = DEFAULT_ENTRIES,
) -> None:
    """Check the one submission that a pull request adds and print a comment; changed paths come on stdin, each ended by a NUL.

    Example: musi leaderboard review pull leaderboards/entries < changed
    """
    from leaderboards.review import review_pull_request

    passed, comment = review_pull_request(tree, sys.stdin.buffer.read(1_000_000), entries)
    typer.echo(comment)
    if not passed:
        raise typer.Exit(1)


@leaderboard.command("accept")
def leaderboard_accept(
    submission: Annotated[Path, typer.Argument(help="Submission folder, or a .zip of one.")],
    by: By,
    reason: Reason,
    entries: Entries = DEFAULT_ENTRIES,
) -> None:
    """Check a submission, take it into the entries and log the decision.

    Example: musi leaderboard accept submissions/smollm2-135m --by "Ann Other" --reason "re-scored, transcripts read"
    """
    import datetime

    from leaderboards.decisions import accept

    typer.echo(accept(submission, entries, entries.parent / "decisions.jsonl", by, reason, datetime.date.today()))


@leaderboard.command("decide")
def leaderboard_decide(
    entry: Annotated[Path, typer.Argument(help="Folder of the entry.")],
    decision: Annotated[LaterDecision, typer.Argument(help="What was decided.")],
    by: By,
    reason: Reason,
) -> None:
    """Log that an entry is flagged, removed from the board, or accepted again after that.

    Example: musi leaderboard decide leaderboards/entries/some-model removed --by "Ann Other" --reason "asked for by its author"
    """
    import datetime

    from leaderboards.decisions import log

    line = log(entry, entry.parent.absolute().parent / "decisions.jsonl", decision.value, by, reason, datetime.date.today())
    talk(f"{line.entry}: {line.decision}")


@leaderboard.command("rerun")
def leaderboard_rerun(
    submission: Annotated[Path, typer.Argument(help="Folder of the entry or submission.")],
    items: Annotated[int, typer.Option(min=1, help="Random items of each of its tasks.")] = 20,
    model_args: Annotated[str | None, typer.Option(help="lm-eval's arguments of the model here, instead of the card's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Draw the items of an earlier re-run again.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 8,
    by: Annotated[str | None, typer.Option(help="Log a pass in the decisions, as made by you.")] = None,
) -> None:
    """Run random items again with the weights at hand and compare verdicts; fails when they differ.

    Example: musi leaderboard rerun leaderboards/entries/tiny-rwkv --items 20
    """
    import datetime

    from leaderboards.decisions import log
    from leaderboards.rerun import rerun

    found = rerun(submission, items, seed, model_args, batch_size)
    typer.echo(found.summary())
    if not found.passed:
        talk("the model does not give what was submitted")
        raise typer.Exit(1)
    if by is not None:
        decisions = submission.parent.absolute().parent / "decisions.jsonl"
        log(submission, decisions, "re-run", by, found.summary(), datetime.date.today())


@leaderboard.command("build")
def leaderboard_build(
    entries: Entries = DEFAULT_ENTRIES,
    out: Annotated[Path, typer.Option(help="Folder of the site.")] = Path("site"),
) -> None:
    """Check every entry not checked before and render the board as a static site.

    Example: musi leaderboard build submissions --out site
    """
    from leaderboards.board import build

    with progress("entries", sum(1 for path in entries.glob("*/"))) as advance:
        page = build(entries, out, progress=advance)
    typer.echo(page)


@season.command("open")
def season_open(
    name: Annotated[str, typer.Argument(help="Name of the season: small letters and digits.")],
    secret: Annotated[Path, typer.Option(help="Folder to make for the seed and the test set; keep it to yourself.")],
    out: Annotated[Path, typer.Option(help="Folder of the published file.")] = Path("leaderboards/seasons"),
    items: Annotated[int, typer.Option(min=1, help="Items of the test set.")] = 1_000,
    lang: Annotated[str, typer.Option(help="Language of the test set.")] = "en",
) -> None:
    """Draw a secret seed and build a test set from it; only hashes of both are published.

    Example: musi season open 2026a --secret ~/season-2026a
    """
    from leaderboards.season import open_season

    typer.echo(open_season(name, out, secret, items, lang))


@season.command("score")
def season_score(
    public: Public,
    secret: Secret,
    model: Annotated[str, typer.Option(help="lm-eval's model type.")],
    out: Annotated[Path, typer.Option(help="Folder of lm-eval's results and samples.")],
    model_args: Annotated[str, typer.Option(help="lm-eval's arguments of the model.")] = "",
    batch_size: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 8,
    chat: Annotated[bool, typer.Option("--chat", help="Put prompts into the model's chat template.")] = False,
) -> None:
    """Run a model on the secret test set. Keep what is written as secret as the test set until it is revealed.

    Example: musi season score leaderboards/seasons/2026a.json --secret ~/season-2026a --model musi-gold --out runs/2026a
    """
    from leaderboards.season import score

    put(score(public, secret, out, model, model_args, batch_size, chat))


@season.command("reveal")
def season_reveal(public: Public, secret: Secret) -> None:
    """Publish the seed: from now on anybody can build the test set and check it.

    Example: musi season reveal leaderboards/seasons/2026a.json --secret ~/season-2026a
    """
    from leaderboards.season import reveal

    talk(f"{public}: seed {reveal(public, secret).seed}")


@season.command("check")
def season_check(
    public: Public,
    results: Annotated[Path | None, typer.Option(help="Folder of `musi season score`, to be scored again, too.")] = None,
) -> None:
    """Build a revealed season again, compare its hashes, and prove that no release holds a problem of it.

    Example: musi season check leaderboards/seasons/2026a.json --results runs/2026a
    """
    from leaderboards.check import headline
    from leaderboards.season import check_season

    season, result = check_season(public, results)
    talk(f"{public}: {season.items:,} items, as published")
    if result is not None:
        typer.echo(headline(result))


def main() -> None:
    """Run a command; a MusiError becomes one line on stderr and exit code 1."""
    from musi.errors import MusiError

    try:
        app()
    except MusiError as error:
        if os.environ.get("MUSI_DEBUG") == "1":
            raise
        talk(f"error: {error}")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
