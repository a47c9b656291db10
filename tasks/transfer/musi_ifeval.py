"""IFEval without a hub: the records that can be checked offline, and lm-eval's checks of them.

Counting sentences and capital words takes nltk's `punkt_tab`, which is downloaded; records that ask for these are left out where
it is missing.
"""

from typing import Any

import nltk
from datasets import Dataset
from lm_eval.tasks.ifeval.utils import agg_inst_level_acc as over_instructions
from lm_eval.tasks.ifeval.utils import process_results

__all__ = ["checkable", "over_instructions", "process_results"]

NEED_PUNKT = {"length_constraints:number_sentences", "change_case:capital_word_frequency"}


def checkable(docs: Dataset) -> Dataset:
    """The records whose instructions can all be checked on this machine."""
    try:
        nltk.data.find("tokenizers/punkt_tab")
    except LookupError:
        return docs.filter(_without_punkt)
    return docs


def _without_punkt(doc: dict[str, Any]) -> bool:
    return NEED_PUNKT.isdisjoint(doc["instruction_id_list"])
