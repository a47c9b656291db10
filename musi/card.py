"""The dataset card: README.md of the layout, whose YAML header tells the Hugging Face hub and `datasets` what lies where."""

import yaml

from musi.schema import SPLITS, Manifest, Split

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
PAPER = "https://arxiv.org/abs/2311.01981"

_BODY = """
# {title}

Prompts that ask for several things at once, each with its own gold answer and a program that checks it. They measure *prompt
forgetting*: of the stages a model gets right when they are asked alone, how many does it still get right in the chain?

| split | items |
| --- | --- |
{splits}

## A row

| column | what it holds |
| --- | --- |
| `id`, `release`, `split`, `index`, `lang`, `style` | where the item stands, its language and its composition style |
| `prompt`, `answer` | the whole prompt and its gold answer, under one header line `[k]` a stage |
| `context`, `constraints` | what the prompt tells, and the rules that bind every answer |
| `stages` | per stage: family, instruction, gold answer, verifier parameters (canonical JSON), kinds of memory, distance |
| `canary` | {canary_note} |

A stage's *distance* is the number of words of gold answer between the end of the prompt and the stage. Kinds of memory:
instruction, content, order, constraint.

## How it was made

{made}

- families ({n_families}): {families}
- constraints ({n_constraints}): {constraints}
- composition styles: {styles}

Parquet is derived from canonical JSON lines, whose SHA-256 digests are in `manifest.json`:

{digests}

## Licence and sources

{licence}
{canary}"""

_GENERATED = (
    "Every item is a function of its release, split and index alone: `musi dataset build` writes the same bytes on every machine,"
    " and `musi dataset verify` proves it against the committed lock. The idea of MuSI is by Luo et al. 2023"
    f" ([ProSG]({PAPER})), whose data were never released; this is an independent implementation."
)
_IMPORTED = (
    "Composed by `musi dataset import` from single instructions of another source. Families whose name begins with `reference_`"
    " compare an answer with the reference that came with the data; `checked_text` tests rules that the instruction states."
)
_FACTS = (
    "{licence}. Country facts by [GeoNames](https://www.geonames.org) (CC BY 4.0), their names in other languages from"
    " Unicode CLDR (Unicode-3.0), element facts from mendeleev (MIT)."
    " Do not train on the test splits."
)


def is_imported(manifest: Manifest) -> bool:
    """Whether the items come from outside sources rather than from the generator."""
    return not manifest.canary


def splits_of(manifest: Manifest) -> list[Split]:
    """The splits that a built directory holds, train first."""
    return [split for split in SPLITS if f"{split}.jsonl" in manifest.files]


def dataset_card(manifest: Manifest) -> str:
    """README.md with its YAML header."""
    splits = splits_of(manifest)
    items = sum(entry.items for entry in manifest.files.values())
    imported = is_imported(manifest)
    title = f"MuSI {manifest.release}" if not imported else f"{manifest.release}, composed by MuSI"
    header = {
        "pretty_name": title,
        "license": manifest.licence.lower(),
        "language": [manifest.lang],
        "task_categories": ["text-generation"],
        "size_categories": [next((label for limit, label in SIZES if items < limit), "n>10M")],
        "tags": ["prompt-forgetting", "multi-stage-instructions", "instruction-following", "croissant"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits],
            }
        ],
    }
    body = _BODY.format(
        title=title,
        splits="\n".join(f"| {split} | {manifest.files[f'{split}.jsonl'].items:,} |" for split in splits),
        canary_note="empty: not benchmark data" if imported else "a fixed string, to find the data in training corpora",
        made=_IMPORTED if imported else _GENERATED,
        n_families=len(manifest.families),
        families=", ".join(f"`{name}`" for name in manifest.families),
        n_constraints=len(manifest.constraints),
        constraints=", ".join(f"`{name}`" for name in manifest.constraints) or "none",
        styles=", ".join(manifest.styles),
        digests="\n".join(f"- `{name}` {entry.sha256}" for name, entry in manifest.files.items()),
        licence=manifest.licence if imported else _FACTS.format(licence=manifest.licence),
        canary=f"\n{manifest.canary}\n" if manifest.canary else "",
    )
    return f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}---\n{body}"
