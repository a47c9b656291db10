"""Croissant 1.1 metadata (JSON-LD) of the layout: one file and one record set a split, which `mlcroissant` loads and iterates.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. `mlcroissant` does not stop in every case at a
file whose digest is wrong, so `musi dataset verify` remains the proof of the data.
"""

import json
from datetime import date
from typing import Any

from musi.card import PAPER, is_imported
from musi.schema import FileEntry, Manifest, Split

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
LICENCES = {"CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/"}
CITATION = (
    "@article{luo2023prosg, title={ProSG: Using Prompt Synthetic Gradients to Alleviate Prompt Forgetting of RNN-like Language"
    " Models}, author={Luo, Haotian and Wu, Kunming and Dai, Cheng and Ding, Sixian and Chen, Xinhao},"
    " journal={arXiv:2311.01981}, year={2023}}"
)
TEXT, INTEGER = "sc:Text", "sc:Integer"
FIELDS: dict[str, tuple[str, str]] = {
    "id": (TEXT, "Identifier of the item."),
    "release": (TEXT, "Release that the item belongs to."),
    "split": (TEXT, "Split that the item belongs to."),
    "index": (INTEGER, "Position of the item in its split, from 0."),
    "lang": (TEXT, "Language of prompt and answer."),
    "style": (TEXT, "Composition style of the prompt."),
    "context": (TEXT, "What the prompt tells before it asks."),
    "prompt": (TEXT, "The whole prompt."),
    "answer": (TEXT, "The gold answer, under one header line a stage."),
    "canary": (TEXT, "Fixed string by which the data can be found in a training corpus."),
}
NESTED: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "constraints": (
        "Rules stated once that bind every answer.",
        {
            "name": (TEXT, "Kind of rule."),
            "text": (TEXT, "The rule as the prompt states it."),
            "params": (TEXT, "Canonical JSON of the rule."),
        },
    ),
    "stages": (
        "The instructions of the prompt, in order.",
        {
            "family": (TEXT, "Kind of stage; names its verifier."),
            "instruction": (TEXT, "The instruction as the prompt states it."),
            "answer": (TEXT, "Gold answer of the stage."),
            "params": (TEXT, "Canonical JSON of the problem, from which the verifier derives the answer."),
            "memory": (TEXT, "Kinds of memory that the stage needs."),
            "distance": (INTEGER, "Words of gold answer between the end of the prompt and the stage."),
        },
    ),
}
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(manifest: Manifest, parquet: dict[Split, tuple[str, FileEntry]], published: date) -> str:
    """The JSON-LD text; `parquet` gives path, digest and size of each split's file."""
    imported = is_imported(manifest)
    data = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": "musi" if not imported else manifest.release,
        "version": "1.0.0" if imported else manifest.release.partition("-")[0],
        "description": "Multi-stage prompts whose answers are verified stage by stage, to measure prompt forgetting."
        + (f" {manifest.canary}" if manifest.canary else ""),
        "license": LICENCES.get(manifest.licence, manifest.licence),
        "url": "README.md" if imported else PAPER,
        "creator": {"@type": "Organization", "name": "The MuSI authors"},
        "datePublished": published.isoformat(),
        "inLanguage": manifest.lang,
        "isLiveDataset": False,
        "citeAs": CITATION,
        "distribution": [_file(split, *file) for split, file in parquet.items()],
        "recordSet": [_record_set(split) for split in parquet],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _file(split: str, path: str, entry: FileEntry) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{split}-parquet",
        "name": f"{split}-parquet",
        "description": f"The items of split {split}.",
        "contentUrl": path,
        "contentSize": f"{entry.bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": entry.sha256,
    }


def _record_set(split: str) -> dict[str, Any]:
    fields = [_field(split, name, name, *typed) for name, typed in FIELDS.items()]
    for name, (description, parts) in NESTED.items():
        nested = {
            "@type": "cr:Field",
            "@id": f"{split}/{name}",
            "name": name,
            "description": description,
            "isArray": True,
            "arrayShape": "-1",
            "subField": [_field(f"{split}/{name}", name, part, *typed) for part, typed in parts.items()],
        }
        fields.append(nested)
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"One record an item of split {split}.",
        "key": {"@id": f"{split}/id"},
        "field": fields,
    }


def _field(parent: str, column: str, name: str, data_type: str, description: str) -> dict[str, Any]:
    """A column of the Parquet file, or the part `name` of each element of a nested column."""
    split = parent.partition("/")[0]
    source: dict[str, Any] = {"fileObject": {"@id": f"{split}-parquet"}, "extract": {"column": column}}
    if name != column:
        source["transform"] = {"jsonPath": name}
    field = {
        "@type": "cr:Field",
        "@id": f"{parent}/{name}",
        "name": name,
        "description": description,
        "dataType": data_type,
        "source": source,
    }
    return field | ({"isArray": True, "arrayShape": "-1"} if name == "memory" else {})
