"""The commands `musi dataset …`, `musi report …` and `musi rescore`: each calls this package and prints what it returns."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from .console import Json, Results, Workers, progress, put, talk

Directory = Annotated[Path, typer.Argument(help="Folder of a built dataset.", show_default=True)]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it exists.")]
Sources = Annotated[list[Path], typer.Argument(help="JSON, JSONL or Parquet files, or Hugging Face datasets on disk.")]
DEFAULT_DATA = Path("data/musi-1.0.0")


class ReportGroup(typer.core.TyperGroup):
    """`musi report DIR` means `musi report show DIR`."""

    DEFAULT = "show"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [self.DEFAULT, *args]
        return super().parse_args(ctx, args)


dataset = typer.Typer(no_args_is_help=True, help="Build, check and look at the MuSI dataset.")
reports = typer.Typer(cls=ReportGroup, no_args_is_help=True, help="What models forget of their prompts, from saved samples.")


class Engine(StrEnum):
    """Where shards are built."""

    local = "local"
    ray = "ray"


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
    from .build import build
    from .generate import release_name

    out = out or Path("data") / f"musi-{release_name(lang)}"
    with progress("items", items) as advance:
        manifest = build(out, items, workers, force, advance, engine.value, lang)
    talk(f"release {manifest.release}: {sum(entry.items for entry in manifest.files.values()):,} items in {out}")


@dataset.command("verify")
def dataset_verify(directory: Directory = DEFAULT_DATA) -> None:
    """Compare every byte of a built release with its lock.

    Example: musi dataset verify data/musi-1.0.0
    """
    from .release import lock_digest, verify

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
    from .publish import publish
    from .release import lock_digest, manifest_of

    with progress("items", sum(entry.items for entry in manifest_of(directory).files.values())) as advance:
        manifest = publish(directory, previous, workers, advance)
    talk(f"release {manifest.release} is locked ({lock_digest(manifest.release)[:12]}); say what is new in CHANGELOG.md")


@dataset.command("validate")
def dataset_validate(directory: Directory = DEFAULT_DATA, workers: Workers = 2, as_json: Json = False) -> None:
    """Derive every answer again, try wrong ones, prove the splits disjoint, report near-duplicates.

    Example: musi dataset validate data/musi-1.0.0
    """
    from .release import manifest_of
    from .validate import validate

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

    from .stats import print_stats, stats

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
    from .compose import multi_example, single_example
    from .release import find_item

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
    from .gallery import gallery

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
    from .layout import export

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

    from .diff import check_version, diff, print_diff

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
    from .importers import import_data

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
    price_in: Annotated[float, typer.Option(min=0.0, help="Price of a million tokens of prompt, for the tally.")] = 0.0,
    price_out: Annotated[float, typer.Option(min=0.0, help="Price of a million tokens of answer.")] = 0.0,
) -> None:
    """Ask a model for answers to instructions with checkable rules, and keep those that pass. A killed run goes on.

    Example: musi dataset teach ifeval.jsonl --out taught.jsonl --base-url http://localhost:8000/v1 --model my-model
    """
    from .importers.teacher import Teacher, teach

    teacher = Teacher(base_url, model, concurrency=concurrency, price_in=price_in, price_out=price_out)
    with progress("asking", limit) as done:
        report = teach(sources, out, teacher, limit, done)
    typer.echo(report.summary())


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
    from .report import report

    data = report(results)
    if html is not None:
        from .report_html import write

        write(data, html)
        talk(f"report in {html}")
    if as_json:
        put(data)
    elif html is None:
        from rich.console import Console

        from .report_print import print_report

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

    from .transcript import print_transcript, transcripts

    found = transcripts(item_id, results)
    if as_json:
        put(found)
        return
    for data in found:
        print_transcript(data, Console())


def rescore_command(results: Results, as_json: Json = False) -> None:
    """Old samples under today's scorer: every verdict that changes, and retention before and now.

    Example: musi rescore runs/smollm2-quick
    """
    from rich.console import Console

    from .rescore import print_rescore, rescore

    found = rescore(results)
    put(found) if as_json else print_rescore(found, Console())
