"""A report as tables on the terminal."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from musi.report import first_line, headline

MEASURES = ("adjusted_retention", "retention", "consistency", "stage_acc", "single_acc")


def print_report(data: dict[str, Any], console: Console) -> None:
    """Print every task of every model, and the differences between models."""
    for model in data["models"]:
        for task, found in model["tasks"].items():
            console.print(f"\n[bold]{escape(task)}[/bold]  {escape(model['name'])}, {found['items']:,} items", highlight=False)
            console.print(escape(first_line(model["name"], found)), highlight=False)
            _print_task(found, console)
    for task, pairs in data["pairs"].items():
        console.print(f"\n[bold]{escape(task)}[/bold]  difference in retention on the same items", highlight=False)
        console.print(_differences(pairs))


def _print_task(found: dict[str, Any], console: Console) -> None:
    loose = found.get("loose")
    table = Table("measure", "strict", "95 % interval", *(["loose"] if loose else []))
    for name in MEASURES:
        if name in found:
            mark = "[bold]" if name == headline(found)[0] else ""
            table.add_row(mark + name, mark + value(found[name]), interval(found[name]), *([value(loose[name])] if loose else []))
    table.add_row("half-life (words)", *half_life(found["half_life"]))
    table.add_row(f"effective stages (retention ≥ {found['effective_stages']['bar']:.0%})", effective(found["effective_stages"]))
    for name in ("truncated", "out_of_tokens"):
        if name in found:
            table.add_row(f"{name} (share of responses)", value(found[name], "not known"))
    console.print(table)
    if (found["truncated"]["value"] or 0) > 0:
        console.print("[bold red]Some prompts were longer than the model holds and lost their beginning.[/bold red]")
    console.print(_ratios("distance (words)", [{"name": distance(row), **row} for row in found["curve"]]))
    for label, rows in found["by"].items():
        if len(rows) > 1:
            console.print(_ratios(label, rows))
    if found.get("failures"):
        table = Table("why stages failed", "stages", "of them right alone")
        for reason, count in found["failures"].items():
            table.add_row(reason, str(count["all"]), str(count["right alone"]))
        console.print(table)


def _ratios(label: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(
        label, "retention", "95 % interval", "stages right alone", *(["right alone"] if "single_acc" in rows[0] else [])
    )
    for row in rows:
        ability = [f"{row['single_acc']:.3f}"] if "single_acc" in row else []
        table.add_row(row["name"], value(row), interval(row), str(row["n"]), *ability)
    return table


def _differences(pairs: list[dict[str, Any]]) -> Table:
    table = Table("first", "second", "first - second", "95 % interval", "only first / only second keeps", "p (McNemar, Holm)")
    for row in pairs:
        shown = (
            "undefined" if row["value"] is None else f"{row['value']:+.3f}",
            "" if row["low"] is None else f"{row['low']:+.3f} to {row['high']:+.3f}",
        )
        kept = f"{row['only_first']} / {row['only_second']}"
        table.add_row(escape(row["first"]), escape(row["second"]), *shown, kept, f"{row['p_holm']:.3g}")
    return table


def value(row: dict[str, Any], none: str = "undefined") -> str:
    """The value of an estimate with three decimals."""
    return none if row["value"] is None else f"{row['value']:.3f}"


def interval(row: dict[str, Any]) -> str:
    """The interval of an estimate, empty without one."""
    return "" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"


def distance(row: dict[str, Any]) -> str:
    """`25-50`, a row of the curve."""
    return f"{row['from']}-{row['to']}"


def half_life(row: dict[str, Any]) -> tuple[str, str]:
    """(half-life in words, its interval); `> max` where no decay is seen."""

    def words(length: float | None) -> str:
        return f"> {row['max_distance']:.0f}" if length is None else f"{length:.0f}"

    if row["r0"] is None:
        return "undefined", ""
    return words(row["words"]), f"{words(row['low'])} to {words(row['high'])}"


def effective(row: dict[str, Any]) -> str:
    """`4 of 6`: the longest chain that the model can follow, of the longest that was asked."""
    return f"{row['stages'] or 'none'} of {row['longest']}"
