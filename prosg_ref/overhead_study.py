"""The study `overhead`: what ProSG costs at inference against the length of the prompt, at several shapes.

Every cell (a shape and a length) is measured in a process of its own, so that its peak memory is its own, and kept; a study that
was killed goes on with the cells that are missing.
"""

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from pydantic import Field, field_validator

from .checkpoint import write_atomically
from .figure import Line, Point, draw
from .overhead import SHAPES, measure, random_model, ratios
from .recipes import Strict, load_yaml, shipped

HEAD = (
    "shape",
    "prompt tokens",
    "first token, s: backbone",
    "ΔW as factors",
    "ΔW merged",
    "a token, ms: backbone",
    "ΔW as factors",
    "ΔW merged",
    "state",
    "factors",
    "peak memory",
)


class Overhead(Strict):
    """What is measured."""

    title: str
    question: str
    shapes: tuple[str, ...] = tuple(SHAPES)
    prompt_tokens: tuple[int, ...] = Field(min_length=1)
    repeats: int = Field(default=9, ge=1)

    @field_validator("shapes")
    @classmethod
    def _known(cls, shapes: tuple[str, ...]) -> tuple[str, ...]:
        for shape in shapes:
            if shape not in SHAPES:
                raise ValueError(f"unknown shape {shape!r}; one of {', '.join(SHAPES)}")
        return shapes


def run_overhead(config: Path, command: str, cells: Path, results: Path, talk: Callable[[str], None]) -> Path:
    """Measure what is not measured yet and write overhead.md, .svg and .json; returns the page.

    Raises MusiError for a broken config.
    """
    study = load_yaml(config, Overhead, shipped("studies"))
    rows: list[dict[str, Any]] = []
    for shape in study.shapes:
        for length in study.prompt_tokens:
            cell = cells / f"{shape}-{length}-{study.repeats}.json"
            if not cell.exists():
                talk(f"measuring {shape} at {length} prompt tokens")
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                    found = pool.submit(_cell, shape, length, study.repeats).result()
                write_atomically(cell, json.dumps(found).encode())
            rows.append(json.loads(cell.read_text()))
    return _write(study, command, rows, results)


def _cell(shape: str, length: int, repeats: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    found = measure(random_model(shape), length, repeats)
    return {"shape": shape, **found, "ratios": ratios(found)}


def _write(study: Overhead, command: str, rows: list[dict[str, Any]], results: Path) -> Path:
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD), *map(_row, rows)]
    drawn = []
    for shape in study.shapes:
        for name in ("functional", "merged"):
            points = [(r["prompt_tokens"], 100 * r["ratios"][f"{name}_per_token"]) for r in rows if r["shape"] == shape]
            drawn.append(Line(f"{shape}, {'factors' if name == 'functional' else name}", tuple(Point(*p) for p in points)))
    figure = draw(drawn, study.title, "prompt tokens", "% more time per generated token", log_x=True)
    write_atomically(results / "overhead.svg", figure.encode())
    write_atomically(results / "overhead.json", (json.dumps({"command": command, "rows": rows}, indent=1) + "\n").encode())
    page = [f"# {study.title}", study.question, f"```sh\n{command}\n```", "\n".join(lines), f"![{study.title}](overhead.svg)"]
    write_atomically(results / "overhead.md", ("\n\n".join(page) + "\n").encode())
    return results / "overhead.md"


def _row(row: dict[str, Any]) -> str:
    read, token = row["prefill_s"], row["token_s"]
    first = (read, read + row["synthesis_s"], read + row["synthesis_s"] + row["merge_s"])
    cells = [row["shape"], f"{row['prompt_tokens']:,}", *(f"{seconds:.3g}" for seconds in first)]
    cells += [f"{1000 * token[name]:.3g}" for name in ("backbone", "functional", "merged")]
    cells += [
        f"{row['state_bytes'] / 1e3:,.0f} kB",
        f"{row['factor_bytes'] / 1e6:,.1f} MB",
        f"{row['peak_rss_bytes'] / 1e9:.2f} GB",
    ]
    return "| " + " | ".join(cells) + " |"
