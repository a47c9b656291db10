"""Templates and what they print: a stranger's text is escaped, its invisible characters spelled out; no page holds code."""

import functools
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leaderboards.chart import Chart, bins_of, draw
from leaderboards.check import TaskResult
from leaderboards.signals import TABLE
from leaderboards.specs import TaskSpec
from leaderboards.submission import Submission
from leaderboards.untrusted import visible
from musi.retention import Estimate, HalfLife
from musi.schema import canonical_json

SITE = Path(__file__).parent / "site"
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"


TIERS = {
    "self-reported": "Self-reported: the figures follow from log-likelihoods in the submission, which only the model could "
    "confirm. Nothing about the model is proven.",
    "re-scored": "Re-scored: the figures follow from the raw responses in the submission, by our scorer. That the named model "
    "wrote these responses is not proven.",
    "re-run": "Re-run: besides, somebody of the board ran random items with the named weights and got the same verdicts. How the "
    "model was trained is not proven.",
}


class Cell(NamedTuple):
    """One cell of a table: what it says, a smaller note, what it sorts by, and the ends of its interval if it has one."""

    text: str
    note: str = ""
    value: float | str | None = None
    low: float | None = None
    high: float | None = None


@functools.cache
def environment() -> Environment:
    """Jinja with autoescape on; an undefined name is an error."""
    found = Environment(
        loader=FileSystemLoader(SITE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters |= {"visible": visible, "json": canonical_json, "size": size, "percent": percent}
    found.filters |= {"tags": tags, "entry_tags": entry_tags, "tier_text": TIERS.__getitem__}
    found.globals |= {"policy": POLICY, "number": number_cell, "share": share_cell, "half_life": half_life_cell}
    found.globals |= {"curve_of": curve_of, "signal_table": [(name, *row) for name, row in TABLE.items()]}
    return found


def render(template: str, root: str = "", **values: Any) -> str:
    """A page as text; `root` leads from its folder to that of the board, such as `../`."""
    return environment().get_template(template).render(root=root, **values)


def items_page(entry_id: str, name: str, result: TaskResult) -> str:
    """All items of a task with the verdict on each stage, and the transcripts of the first."""
    grid = [
        (
            answer.item.id,
            answer.transcript is not None,
            [(stage.family, multi, single) for stage, (multi, single) in zip(answer.item.stages, pairs, strict=True)],
        )
        for answer in result.answers
        for pairs in [answer.values["retention"]]
    ]
    transcripts = [answer.transcript for answer in result.answers if answer.transcript]
    return render("items.html", "../../", entry=entry_id, name=name, spec=result.spec, grid=grid, transcripts=transcripts)


def command(card: Submission) -> str:
    """The command that runs an entry's tasks again, quoted for a shell."""
    words = ["musi", "eval", "run", "--model", card.model]
    if card.model_args:
        words += ["--model_args", card.model_args]
    words += ["--tasks", ",".join(run.task for run in card.tasks)]
    if card.decoding.chat_template:
        words.append("--apply_chat_template")
    if card.decoding.system_instruction:
        words += ["--system_instruction", card.decoding.system_instruction]
    return shlex.join([*words, "--log_samples", "-o", "OUT"])


def percent(value: float | None) -> str:
    """A share as `12.3 %`, or a dash where there is none."""
    return "–" if value is None else f"{100 * value:.1f} %"


def share_cell(estimate: Estimate | None, count: bool = False) -> Cell:
    """A share with its interval, and with the number of stages behind it when asked for."""
    if estimate is None or estimate.value is None or estimate.low is None or estimate.high is None:
        return Cell("–")
    note = f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}" + (f", n = {estimate.n:,}" if count else "")
    return Cell(percent(estimate.value), note, _round(estimate.value), _round(estimate.low), _round(estimate.high))


def number_cell(estimate: Estimate) -> Cell:
    """A figure that is no share, with its interval."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return Cell("–")
    return Cell(f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}", _round(estimate.value))


def half_life_cell(fit: HalfLife | None) -> Cell:
    """Half-life in words; `> max` where no decay is seen."""
    if fit is None or fit.r0 is None:
        return Cell("–")
    beyond = f"> {fit.max_distance:,.0f}"
    low, high = (beyond if end is None else f"{end:,.0f}" for end in (fit.low, fit.high))
    text = beyond if fit.words is None else f"{fit.words:,.0f}"
    return Cell(text, f"{low} to {high}", round(fit.words, 1) if fit.words is not None else 1e9)


def size_cell(value: int | None) -> Cell:
    """A number of parameters."""
    return Cell(size(value), "", value)


def size(value: int | None) -> str:
    """A count as `430.0 M`, or a dash where it is not known."""
    if value is None:
        return "–"
    for unit, factor in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return str(value)


def _round(value: float) -> float:
    return round(value, 5)


def tags(row: Any) -> list[str]:
    """Words that stand beside the name of a row of a table."""
    found = ["reference"] if row.role == "reference" else []
    if row.state == "flagged":
        found.append("flagged")
    if row.signals:
        found.append(f"{row.signals} signal{'s' if row.signals > 1 else ''}")
    return found


def entry_tags(entry: Any) -> list[str]:
    """Words that stand below the name on an entry's page."""
    role = ["reference"] if entry.record.submission.role == "reference" else []
    return [*role, entry.tier, entry.decision.decision if entry.decision else "undecided"]


def curve_of(entry: Any, spec: TaskSpec) -> Chart | None:
    """An entry's own curve in a task."""
    curve = entry.record.tasks[spec.name].curve
    bins = bins_of([curve])
    return draw([(visible(entry.record.name), curve)], bins) if bins else None
