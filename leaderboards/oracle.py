"""The gold oracle: an lm-eval model that answers with our gold, the board's reference row; `musi eval run --model musi-gold`."""

from typing import Any

import lm_eval.models  # noqa: F401  before the registration below, or `hf` and the others vanish from the registry
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

from musi.compose import SEPARATOR, render_answer, single_prompt
from musi.schema import Item


@register_model("musi-gold")
class Gold(LM):
    """Answers every MuSI prompt, whole or of one stage, with its gold answer, and is certain of it."""

    def __init__(self, **_: Any) -> None:
        super().__init__()

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Instance) -> str:
        item = Item.model_validate(request.doc)
        prompt = request.args[0].removesuffix(SEPARATOR)
        if prompt == item.prompt:
            return item.answer
        k = next(k for k in range(len(item.stages)) if single_prompt(item, k) == prompt)
        return render_answer([item.stages[k].answer])

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        return [(0.0, True) for _ in requests]

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError("MuSI's tasks never ask for it")

    def get_model_info(self) -> dict[str, Any]:
        return {"model_num_parameters": 0, "state_bytes": 0}
