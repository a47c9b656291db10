"""A session writes what `generate` writes, in pieces, and its state is that of the text it holds."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tiny_models import random_backbone, random_prosg

from prosg_ref import session as session_module
from prosg_ref.generate import Request, Sampling, generate
from prosg_ref.prosg import ProSG
from prosg_ref.rwkv4 import RWKV4
from prosg_ref.session import Session
from prosg_ref.tokenizer import Tokenizer

PROMPT = "Name two colours."


def model_of(kind: str) -> RWKV4 | ProSG:
    return random_backbone() if kind == "backbone" else random_prosg(kind)


@pytest.fixture
def readable(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the random model write letters only: half characters do not survive being read back."""
    bad = torch.tensor([not tokenizer.decode([i]).strip().isalpha() for i in range(tokenizer.vocab_size)])
    choose = session_module.choose
    monkeypatch.setattr(session_module, "choose", lambda logits, *args: choose(logits.masked_fill(bad, -1e9), *args))


@pytest.mark.parametrize("kind", ["backbone", "state", "tokens"])
def test_equals_generate(tokenizer: Tokenizer, kind: str) -> None:
    model = model_of(kind)
    prompt = tuple(tokenizer.encode(PROMPT))
    whole = generate(model, tokenizer, [Request(prompt, max_tokens=40)])[0].text
    pieces = list(Session(model, tokenizer, PROMPT).stream(max_tokens=40))
    assert "".join(pieces) == whole
    assert len(pieces) > 10
    stop = (whole[9:12], "never")
    wanted = generate(model, tokenizer, [Request(prompt, stop=stop, max_tokens=40)])[0].text
    assert Session(model, tokenizer, PROMPT).generate(stop, 40) == wanted == whole[: whole.index(stop[0])]
    warm = Sampling(temperature=1.2, top_p=0.9, seed=5)
    wanted = generate(model, tokenizer, [Request(prompt, max_tokens=20)], warm)[0].text
    assert Session(model, tokenizer, PROMPT).generate(max_tokens=20, sampling=warm) == wanted


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 30), st.integers(1, 6), st.integers(1, 40))
def test_pieces_never_hold_a_part_of_a_stop_string(tokenizer: Tokenizer, begin: int, length: int, limit: int) -> None:
    model = random_backbone()
    whole = Session(model, tokenizer, PROMPT).generate(max_tokens=40)
    stop = whole[begin : begin + length]
    assume("\ufffd" not in stop)
    text = ""
    for piece in Session(model, tokenizer, PROMPT).stream((stop,), limit):
        assert piece
        text += piece
    limited = Session(model, tokenizer, PROMPT).generate(max_tokens=limit)
    assert text == limited.split(stop)[0]


@pytest.mark.parametrize("kind", ["backbone", "tokens"])
def test_the_state_is_that_of_the_text(tokenizer: Tokenizer, kind: str, readable: None) -> None:
    """Stopped by what the model wrote from the 9th id on, the session goes on like one that only had 8 ids."""
    model = model_of(kind)
    warm = Sampling(temperature=2.0)
    short = Session(model, tokenizer, PROMPT)
    text = short.generate(max_tokens=8, sampling=warm)
    stop = Session(model, tokenizer, PROMPT).generate(max_tokens=12, sampling=warm)[len(text) :]
    session = Session(model, tokenizer, PROMPT)
    assert session.generate((stop,), 30, warm) == text
    torch.testing.assert_close(session.state.wkv, short.state.wkv)
    for one in (session, short):
        one.read(" And a third?")
    assert session.generate(max_tokens=12) == short.generate(max_tokens=12)


def test_calls_go_on_where_the_last_one_ended(tokenizer: Tokenizer) -> None:
    model = random_backbone()
    session = Session(model, tokenizer, PROMPT)
    parts = [session.generate(max_tokens=n) for n in (7, 1, 12)]
    assert "".join(parts) == Session(model, tokenizer, PROMPT).generate(max_tokens=20)
    again = Session(model, tokenizer, PROMPT)
    again.generate(max_tokens=20)
    torch.testing.assert_close(session.state.wkv, again.state.wkv)


def test_characters_of_several_bytes_come_whole(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "é🙂東\ufffd x"
    ids = iter([*tokenizer.encode(text), 0])
    monkeypatch.setattr("prosg_ref.session.choose", lambda *_: torch.tensor([next(ids)]))
    pieces = list(Session(random_backbone(), tokenizer, PROMPT).stream())
    assert "".join(pieces) == text
    assert pieces[:3] == ["é", "🙂", "東"]


def test_nothing_read_yet(tokenizer: Tokenizer) -> None:
    model = random_backbone()
    wanted = generate(model, tokenizer, [Request((0,), max_tokens=5)])[0].text
    session = Session(model, tokenizer)
    session.read("")
    assert session.generate(max_tokens=5) == wanted
    assert session.generate(max_tokens=0) == ""
