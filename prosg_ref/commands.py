"""The commands `musi train …`, `musi study …`, `musi model …` and `musi generate`. torch is imported when one of them runs."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from musi.console import Json, Workers, progress, put, talk

Config = Annotated[str, typer.Option("--config", help="Recipe: a YAML file, or the name of a shipped one.")]
RunFolder = Annotated[Path, typer.Option("--out", help="Folder of the run: metrics, resume file, checkpoint.")]
Source = Annotated[Path, typer.Argument(help="An official .pth, a Hugging Face folder, or a checkpoint of ours.")]
StudyConfig = Annotated[str, typer.Option("--config", help="Study: a YAML file, or the name of a shipped one.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print parameters, memory, FLOPs and time, and train nothing.")]
Device = Annotated[str, typer.Option(help="Device that --dry-run reckons with, `N*NAME` for several.")]

train = typer.Typer(no_args_is_help=True, help="Train the reference model: the backbone first, then ProSG on top of it.")
study = typer.Typer(
    no_args_is_help=True,
    help="Studies of ProSG: ablation, parts, distance, long, far, scaling, languages, transfer, overhead; and verify.",
)
model = typer.Typer(no_args_is_help=True, help="Checkpoints of RWKV-4 models.")


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
    from .answer import answer

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


def _phase(name: str, about: str, example: str) -> None:
    """Add the command of a phase of training."""

    def run(config: Config, out: RunFolder, track: Track = None, dry_run: DryRun = False, device: Device = "cpu") -> None:
        from .recipes import find_recipe

        recipe = find_recipe(config)
        if dry_run:
            from .dry_run import plan_backbone, plan_prosg

            return put({"backbone": plan_backbone, "prosg": plan_prosg}[name](recipe, device))
        from .train import train_backbone, train_prosg

        {"backbone": train_backbone, "prosg": train_prosg}[name](recipe, out, tracker=track.value if track else None)

    run.__doc__ = f"{about} A killed run goes on where it stopped.\n\n    Example: musi train {name} {example}\n"
    train.command(name)(run)


_phase(
    "backbone",
    "Phase 1: train or fine-tune an RWKV-4 backbone on prompts and answers.",
    "--config tiny-backbone-copy --out runs/tiny-backbone-copy",
)
_phase(
    "prosg",
    "Phase 2: freeze the backbone and train the synthesis module.",
    "--config tiny-prosg-placed --out runs/tiny-prosg-placed",
)


def _study(name: str, about: str) -> None:
    """Add the command of a study that trains and scores."""

    def run(config: StudyConfig = name) -> None:
        from .study import find_study, run_study

        typer.echo(run_study(name, find_study(config), f"musi study {name} --config {config}", talk))

    run.__doc__ = f"{about}\n\n    Example: musi study {name} --config {name}\n"
    study.command(name)(run)


_study(
    "ablation", "What each part of ProSG is worth: state embedding, depth, rank, targets, random ΔW, one phase instead of two."
)
_study("parts", "What the shipped module does without each of its parts, not trained again.")
_study("distance", "Retention against distance: the shipped backbone, with ProSG, with the prompt twice.")
_study("long", "Trained near the prompt and tested far from it, by distance.")
_study("far", "The last module of `long` and its control, once on test_iid.")
_study("transfer", "On problems that nothing was trained on, imported with `musi dataset import`.")
_study("scaling", "The gain against the backbone's size, at equal tokens.")
_study("languages", "Trained on English and tested on other languages, and trained on all.")


@study.command("overhead")
def study_overhead(config: StudyConfig = "overhead") -> None:
    """Time to the first token, time per token and memory against the length of the prompt.

    Example: musi study overhead --config overhead
    """
    from .overhead_study import run_overhead
    from .study import RUNS, find_study
    from .study_page import RESULTS

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
    from .verify import VARIANTS, verify

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
    from .convert import convert

    put(convert(source, out, to.value, tokenizer).as_dict())


@model.command("info")
def model_info(source: Source) -> None:
    """Shape, parameters, state, and the memory to train and to serve a checkpoint.

    Example: musi model info prosg_ref/weights/tiny/backbone
    """
    from .convert import info

    put(info(source).as_dict())
