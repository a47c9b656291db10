"""A text that grows call by call: read, let the model write, read on. The state is kept, so nothing is read twice."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from .generate import Sampling, backbone_of, choose, remember
from .prosg import ProSG
from .rwkv4 import RWKV4, State
from .tokenizer import AnyTokenizer


class Session:
    """One text and the model's state after it.

        session = Session(model, tokenizer, "Name two colours.")
        for piece in session.stream(stop=("\\n\\n",)):
            print(piece, end="")
        session.read("\\n\\nAnd a third?")

    With ProSG, ΔW is made from `prompt` and holds for all that follows; the model itself is never changed.
    """

    def __init__(self, model: RWKV4 | ProSG, tokenizer: AnyTokenizer, prompt: str = "") -> None:
        self.backbone, self.tokenizer = backbone_of(model), tokenizer
        ids = tokenizer.encode(prompt) or [tokenizer.end_id]
        with torch.inference_mode():
            memory = remember(model, [ids[:-1]])
            self._delta = memory.merged(self.backbone)
            self._state = memory.state
            self._logits = torch.empty(0)
            self._feed(ids[-1:])

    @property
    def state(self) -> State:
        """The state after the text so far, one row; `prosg_ref.state_formats` writes it for other programs."""
        return self._state

    @torch.inference_mode()
    def read(self, text: str) -> None:
        """Go on with given text."""
        ids = self.tokenizer.encode(text)
        if ids:
            self._feed(ids)

    @torch.inference_mode()
    def stream(self, stop: Sequence[str] = (), max_tokens: int = 512, sampling: Sampling | None = None) -> Iterator[str]:
        """Let the model write; yields text as soon as it is certain.

        The text ends at the end of a document, before a stop string, or after `max_tokens` ids. Afterwards the state is
        the one after the prompt, what was read, and exactly the text that was yielded. What may be the beginning of a stop
        string, or of a character of several bytes, is held back until the next ids tell.
        """
        sampling = sampling or Sampling()
        generator = torch.Generator().manual_seed(sampling.seed)
        before = self._snapshot()
        ids: list[int] = []  # written since `before`
        given = 0  # characters of their text that were yielded
        for _ in range(max_tokens):
            token = int(choose(self._logits, sampling, generator))
            if token == self.tokenizer.end_id:
                break
            ids.append(token)
            self._feed([token])
            text = self._text(before[2], ids)
            ends = [at for at in map(text.find, stop) if at >= 0]
            if ends:
                if min(ends) > given:
                    yield text[given : min(ends)]
                self._state, self._logits, self._last = before
                self.read(text[: min(ends)])
                return
            certain = len(text) - _uncertain(text, stop)
            if certain > given:
                yield text[given:certain]
                given = certain
            if given == len(text):
                before, ids, given = self._snapshot(), [], 0
        if ids and (rest := self._text(before[2], ids)[given:]):
            yield rest

    def generate(self, stop: Sequence[str] = (), max_tokens: int = 512, sampling: Sampling | None = None) -> str:
        """The whole text that `stream` yields."""
        return "".join(self.stream(stop, max_tokens, sampling))

    def _feed(self, ids: list[int]) -> None:
        self._logits, self._state = self.backbone(torch.tensor([ids]), self._state, delta=self._delta, last_only=True)
        self._last = ids[-1]

    def _snapshot(self) -> tuple[State, Tensor, int]:
        return self._state, self._logits, self._last

    def _text(self, last: int, ids: list[int]) -> str:
        """Text of ids that stand after the id `last`: what a token says may depend on the one before it."""
        return self.tokenizer.decode([last, *ids])[len(self.tokenizer.decode([last])) :]


def _uncertain(text: str, stop: Sequence[str]) -> int:
    """How many characters at the end may yet turn into a stop string, or into another character.

    The beginning of a character of several bytes shows as one U+FFFD.
    """
    broken = 1 if text.endswith("\ufffd") else 0
    held = broken
    for string in stop:
        for certain, later in ((text, 0), (text[: len(text) - broken], broken)):
            sizes = range(1, min(len(string), len(certain) + 1))
            held = max([held, *(n + later for n in sizes if certain.endswith(string[:n]))])
    return held
