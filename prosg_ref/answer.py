"""One prompt, one answer: what `musi generate` calls."""

from pathlib import Path

from musi.compose import SEPARATOR

from .checkpoint import load_backbone, load_prosg
from .generate import Request, Sampling, generate
from .prosg import ProSG
from .rwkv4 import RWKV4


def answer(directory: Path, prosg: Path | None, prompt: str, max_tokens: int, temperature: float, seed: int) -> str:
    """The answer of the backbone in `directory`, under ΔW of the prompt when a ProSG module is given.

    Raises MusiError when a checkpoint does not load or the two do not belong together.
    """
    backbone, tokenizer = load_backbone(directory)
    model: RWKV4 | ProSG = backbone if prosg is None else load_prosg(prosg, backbone, directory)
    request = Request(tuple(tokenizer.encode(prompt)), tuple(tokenizer.encode(SEPARATOR)), max_tokens=max_tokens)
    return generate(model, tokenizer, [request], Sampling(temperature=temperature, seed=seed))[0].text
