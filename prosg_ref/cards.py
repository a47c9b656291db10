"""Model cards of the shipped weights: what each folder is, what it was trained on by which recipes, and what it scores.

    musi study verify --json > verify.json
    python -m prosg_ref.cards verify.json

Hugging Face's layout: metadata in front, prose after it. A test holds every card to the weights and the recipes beside it.
"""

import json
import math
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from safetensors import safe_open

from musi.errors import MusiError
from musi.generate import RELEASE
from musi.release import lock_digest

from .checkpoint import file_sha256, write_atomically
from .recipes import find_recipe
from .study_page import COLUMNS, cell
from .verify import ITEMS, WEIGHTS

ABOUT = {  # folder, as its figures are called by `musi study verify`: last recipe, what it is
    "backbone": ("tiny-backbone", "The backbone that everything else here is compared with."),
    "backbone_more_steps": (
        "tiny-backbone-more-all",
        "Control: the backbone, trained on for as many steps as the module took on it, on examples of the same kinds.",
    ),
    "prosg": (
        "tiny-prosg-all",
        "ProSG: temporary changes of the backbone's weights from every token of the prompt.",
    ),
    "prosg_state": ("tiny-prosg-state", "ProSG: temporary changes from the state at the end of the prompt."),
    "constant": ("tiny-prosg-constant", "Control: one learned change of the weights, whatever the prompt says."),
}


def recipes_of(name: str) -> list[str]:
    """The recipes that led to a checkpoint, those of its backbone first; a shipped backbone is the end of `tiny-backbone`."""
    values = yaml.safe_load(find_recipe(name).read_text("utf-8"))
    chain: list[str] = []
    for before in filter(None, (values.get("backbone"), values.get("init_from"))):
        recipes = recipes_of("tiny-backbone" if "weights" in before else Path(before).name)
        chain += [each for each in recipes if each not in chain]
    return [*chain, name]


def config_digest(name: str) -> str:
    """SHA-256 of all recipes that led to a checkpoint, one after the other."""
    digest = sha256()
    for recipe in recipes_of(name):
        digest.update(find_recipe(recipe).read_bytes())
    return digest.hexdigest()


def card(folder: Path, figures: dict[str, Any]) -> str:
    """The card of a folder of `WEIGHTS`, with the figures of `musi study verify` for it."""
    recipe, about = ABOUT[folder.name]
    weights = next(iter(sorted(folder.glob("*.safetensors"))))
    with safe_open(weights, "pt") as tensors:
        shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118  (it is no dict)
    parameters = sum(map(math.prod, shapes))
    measured = {name: figures[name] for name in COLUMNS if figures[name] is not None}
    head = {
        "license": "apache-2.0",
        "language": ["en"],
        "library_name": "musi",
        "tags": ["rwkv4", "prompt-retention"],
        "model-index": [
            {
                "name": f"musi-tiny-{folder.name.replace('_', '-')}",
                "results": [
                    {
                        "task": {"type": "text-generation"},
                        "dataset": {"type": "musi", "name": f"MuSI {RELEASE}, first {ITEMS} items", "split": "validation"},
                        "metrics": [{"type": name, "value": round(value, 4)} for name, value in measured.items()],
                    }
                ],
            }
        ],
    }
    chain = recipes_of(recipe)
    rows = [
        ("weights", f"`{weights.name}`, {weights.stat().st_size:,} bytes, SHA-256 `{file_sha256(weights)}`"),
        ("numbers in it", f"{parameters:,}"),
        ("trained on", f"MuSI {RELEASE}, split train, and items generated from its share; lock `{lock_digest(RELEASE)}`"),
        ("recipes", ", ".join(f"`{each}`" for each in chain)),
        ("SHA-256 of these recipes", f"`{config_digest(recipe)}`"),
        ("seeds", "those in the recipes; one run"),
    ]
    scores = [(label, cell(figures, name)) for name, label in COLUMNS.items()]
    text = [
        f"---\n{yaml.safe_dump(head, sort_keys=False).strip()}\n---",
        f"# musi-tiny-{folder.name.replace('_', '-')}",
        about + " RWKV-4, 4 layers of width 128; knows the families of MuSI's train split and nothing else of the world.",
        "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]),
        f"Validation, first {ITEMS} items, `musi study verify --json`; 95 % intervals over items:",
        "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in scores)]),
        "What the figures mean, and the controls they belong to, stands in `docs/results.md`.",
    ]
    return "\n\n".join(text) + "\n"


def main(verified: Path) -> None:
    """Write the card of every shipped folder. Raises MusiError when the file is not what `musi study verify --json` prints."""
    try:
        found = json.loads(verified.read_bytes())
        for name in ABOUT:
            write_atomically(WEIGHTS / name / "README.md", card(WEIGHTS / name, found[name]).encode())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MusiError(f"{verified}: {error}; give what `musi study verify --json` printed") from None


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except IndexError:
        sys.exit("usage: python -m prosg_ref.cards FILE, which `musi study verify --json` printed")
    except MusiError as error:
        sys.exit(str(error))
