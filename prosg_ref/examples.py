"""From dataset rows to batches: which example is trained on at which step, tokenised and padded.

Everything is a pure function of (data, schedule, step), so a run that was killed goes on as if nothing had happened.
Examples are drawn for the steps of `Schedule.window` at once and dealt out to them at random, then sorted by length, so that
a step which is run in parts (`Schedule.accumulate`) wastes little on padding. Steps of one length each would waste less
still, but one length is often one family. Every row of a batch is one example, so nothing leaks between examples.

    prompt pass:  Name   the    colour   .          (phase 2: without ΔW)
    answer input: .      \\n     \\n      [    1    ]    \\n   red
    answer target:\\n     \\n     [       1    ]    \\n   red  <|end|>
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, takewhile
from pathlib import Path

import torch
from torch import Tensor

from musi.compose import SEPARATOR, multi_example, render_answer, single_example
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.generate import build_item
from musi.languages import LANGUAGES, count_words
from musi.rng import Stream
from musi.schema import Item, load_params, read_items

from .generate import pad
from .recipes import Schedule
from .tokenizer import AnyTokenizer

_STAGE_BEGINS = re.compile(r"(?<!\n)(?=\n\[\d+\]\n)")  # a cut at a newline leaves the ids as they are
_HEADER = re.compile(r"^\n*\[\d+\]\n")
_NO_MARK = re.compile(r"^\w+")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?]) ")
_NO_WORDS = " .,:;?!\"'`)]}"  # what may stand in one token with what follows
SPOILT = 0.3  # probability of each answer, where some are spoilt


@dataclass(frozen=True)
class Example:
    """Ids of a prompt, and of what follows it: separator, answer, end of document; how many of these each stage has; where in the
    prompt each stage's instruction ends, -1 where it is not found, or nothing where nobody looked; how many of a stage's tokens
    are its header, and how many at its end a rule puts there; and which stages (from 0) are not answered rightly, so that nothing
    is to be learnt of them."""

    prompt: list[int]
    answer: list[int]
    stages: tuple[int, ...]
    asked: tuple[int, ...] = ()
    headers: tuple[int, ...] = ()
    tails: tuple[int, ...] = ()
    spoilt: tuple[int, ...] = ()

    @property
    def tokens(self) -> int:
        return len(self.prompt) + len(self.answer)

    def weights(self, stage_tokens: float, end_weight: float = 1.0) -> Tensor:
        """Loss weights of the answer's tokens, (S,): 1, or less where a stage has more than `stage_tokens` of them; times
        `end_weight` where a stage's answer is over, and together as much, but no less than 1 each, where it looks as if it were:
        after the same two tokens."""
        sizes = torch.tensor(self.stages)
        shares = (stage_tokens / sizes).clamp(max=1.0)
        shares[list(self.spoilt)] = 0
        weights = shares.repeat_interleave(sizes)
        if end_weight != 1:
            where = 0
            for size, end in zip(self.stages, self.ends().tolist(), strict=True):
                last = self.answer[max(where, end - 2) : end]
                alike = [s for s in range(where + 2, end) if self.answer[s - 2 : s] == last]
                weights[alike] *= max(1.0, end_weight / max(1, len(alike)))
                weights[end] *= end_weight
                where += size
        return weights

    def ends(self) -> Tensor:
        """Places of the answer before which a stage's is over: where what a rule puts at its end begins, or the next stage, or
        the document ends."""
        ends = torch.tensor(self.stages).cumsum(0)
        ends[-1] -= 1
        return ends - torch.tensor(self.tails) if self.tails else ends


def load_items(path: Path) -> list[Item]:
    """All items of one file of a built dataset. Raises MusiError when there is none."""
    items = list(read_items(path))
    if not items:
        raise MusiError(f"{path}: holds no item; build it with `musi dataset build`")
    return items


def tokenize(texts: Sequence[tuple[str, ...]], tokenizer: AnyTokenizer) -> list[Example]:
    """Texts as examples: prompt, answer, and where they are known the instructions of all stages."""
    prompts = tokenizer.encode_batch([text[0] for text in texts])
    cut = [_STAGE_BEGINS.split(SEPARATOR + text[1]) for text in texts]
    pieces = iter(tokenizer.encode_batch([piece for answer in cut for piece in answer]))
    headers = [["".join(_HEADER.findall(piece)) for piece in answer] for answer in cut]
    different = sorted({header for answer in headers for header in answer})  # as many as the longest chain has stages
    sizes = dict(zip(different, map(len, tokenizer.encode_batch(different)), strict=True))
    tails = [_tail([_HEADER.sub("", piece) for piece in answer]) for answer in cut]
    whole = [piece.removesuffix(tail) for answer, tail in zip(cut, tails, strict=True) if tail for piece in answer]
    without = iter(map(len, tokenizer.encode_batch(whole)))
    examples = []
    asked = _asked(texts, tokenizer)
    for prompt, answer, ends, before, tail in zip(prompts, cut, asked, headers, tails, strict=True):
        stages = [next(pieces) for _ in answer]
        after = tuple(max(0, len(stage) - next(without)) for stage in stages) if tail else ()
        stages[-1].append(tokenizer.end_id)
        begins = tuple(sizes[header] for header in before)
        examples.append(Example(prompt, [i for stage in stages for i in stage], tuple(map(len, stages)), ends, begins, after))
    return examples


def _tail(answers: Sequence[str]) -> str:
    """What a rule puts at the end of every answer, as far as several answers tell: what they end alike with, from a mark on."""
    if len(answers) < 2:
        return ""
    from_behind = zip(*(answer[:0:-1] for answer in answers), strict=False)  # never a whole answer
    alike = takewhile(lambda letters: len(set(letters)) == 1, from_behind)
    return _NO_MARK.sub("", "".join(letters[0] for letters in alike)[::-1])


def _asked(texts: Sequence[tuple[str, ...]], tokenizer: AnyTokenizer) -> list[tuple[int, ...]]:
    """For each text the tokens of its prompt with which the last words of its instructions end, -1 where one is not found.

    Texts write an instruction with a small or a capital letter first, and end it as they like.
    """
    ends = []
    for prompt, _, *instructions in texts:
        found, after = [], 0
        for instruction in instructions:
            words = instruction[1:].rstrip(_NO_WORDS)
            at = prompt.find(words, after)
            found.append(at + len(words) if at >= 0 else -1)
            after = max(after, found[-1])
        ends.append(found)
    pieces = [
        text[0][start:end]
        for text, found in zip(texts, ends, strict=True)
        for start, end in pairwise([0, *(e for e in found if e > 0)])
    ]
    sizes = map(len, tokenizer.encode_batch(pieces))
    asked = []
    for found in ends:
        so_far, places = 0, []
        for end in found:
            so_far += next(sizes) if end > 0 else 0
            places.append(so_far - 1 if end > 0 else -1)
        asked.append(tuple(places))
    return asked


def bare_example(item: Item, k: int) -> tuple[str, str]:
    """Stage `k` (from 0) of `item` with its rules and the context it needs, and none of the sentences around them."""
    stage = item.stages[k]
    family = FAMILIES.get(stage.family)
    context = [item.context] if family is not None and family.tells(LANGUAGES[item.lang]) else []
    return "\n\n".join([*context, *(rule.text for rule in item.constraints), stage.instruction]), render_answer([stage.answer])


def asked(item: Item, stages: Sequence[int], rng: Stream, wordings: int) -> list[tuple[str, str]]:
    """Note (may be empty) and instruction of some stages (from 0), in one of the first `wordings` wordings of each; 0: of all.

    A stage that did not come from a family (imported data) has no note of its own and is asked in its own words.
    """
    texts = []
    for k in stages:
        stage, lang = item.stages[k], LANGUAGES[item.lang]
        family = FAMILIES.get(stage.family)
        if family is None:
            texts.append(("", stage.instruction))
            continue
        slots = family.slots(load_params(stage.params), lang)
        said = (options[: wordings or None] for options in (family.tells(lang), family.asks(lang)))
        note, instruction = (rng.choice(options).format(**slots) if options else "" for options in said)
        texts.append((note, instruction))
    return texts


def note_example(item: Item, k: int, rng: Stream, wordings: int = 0) -> tuple[str, str, str]:
    """Stage `k` (from 0) of `item` with its rules and its own note, without what the context tells for other stages; and its
    instruction."""
    ((note, instruction),) = asked(item, [k], rng, wordings)
    rules = [rule.text for rule in item.constraints]
    return "\n\n".join(filter(None, [note, *rules, instruction])), render_answer([item.stages[k].answer]), instruction


def echo_example(item: Item, stages: Sequence[int], rng: Stream, wordings: int = 0) -> tuple[str, str] | None:
    """The notes of up to three of some stages (from 0), and their sentences again in another order: recall in every word.

    None where these stages have no note.
    """
    notes = [note for note, _ in asked(item, rng.shuffle(stages), rng, wordings) if note][: rng.randint(1, 3)]
    sentences = [sentence for note in notes for sentence in _SENTENCE_ENDS.split(note)]
    return (" ".join(notes), " ".join(rng.shuffle(sentences))) if notes else None


class Pool:
    """The train items of a release, and so many more that are generated when they are asked for.

    Further items have indices beyond the release; their problems come from the train split's share alone. Languages take turns:
    an item whose turn is another than English is generated from its index in that language.
    """

    def __init__(self, items: list[Item], extra: int, languages: Sequence[str] = ("en",)) -> None:
        self.items, self.extra, self.languages = items, extra, languages
        self.first = 1 + max(item.index for item in items)

    def __len__(self) -> int:
        return len(self.items) + self.extra

    def __getitem__(self, place: int) -> Item:
        lang = self.languages[place % len(self.languages)]
        beyond = place - len(self.items)
        if beyond < 0 and lang == self.items[place].lang:
            return self.items[place]
        return build_item("train", self.items[place].index if beyond < 0 else self.first + beyond, lang=lang)


class Batches:
    """The training batches of a run; `batches[step]` for any step, in any order. `asks`: look for where instructions end, which
    takes reading every prompt twice."""

    def __init__(self, items: list[Item], tokenizer: AnyTokenizer, schedule: Schedule, asks: bool = False) -> None:
        self.items, self.tokenizer, self.schedule = Pool(items, schedule.extra_items, schedule.languages), tokenizer, schedule
        self.asks = asks
        self.cached = lru_cache(maxsize=2)(self.window)
        self.order = lru_cache(maxsize=2)(self._order)

    def __getitem__(self, step: int) -> list[Example]:
        number, place = divmod(step, self.schedule.window)
        return self.cached(number)[place]

    def _order(self, epoch: int) -> list[int]:
        return Stream(self.schedule.seed, "epoch", epoch).shuffle(range(len(self.items)))

    def window(self, number: int) -> list[list[Example]]:
        """The batches of as many steps as the schedule draws together; they depend on `number` alone."""
        schedule, steps = self.schedule, self.schedule.window
        rng = Stream(schedule.seed, "window", number)
        count = steps * schedule.batch_size
        drawn = []
        for position in range(number * count, (number + 1) * count):
            epoch, place = divmod(position, len(self.items))
            found = draw_texts(self.items[self.order(epoch)[place]], rng, schedule)
            if found is not None:
                drawn.append(found)
        every = tokenize([texts if self.asks else texts[:2] for texts, _ in drawn], self.tokenizer)
        fitting = [
            replace(e, spoilt=wrong) for e, (_, wrong) in zip(every, drawn, strict=True) if e.tokens <= schedule.max_tokens
        ]
        if len(fitting) < steps:
            left = f"{len(drawn) - len(fitting)} of {len(drawn)} examples have over {schedule.max_tokens} tokens"
            unfit = count - len(drawn)
            lacks = "have no stage of schedule.families, no rule of schedule.rules, no note"
            lacks += ", or are over schedule.max_words or schedule.max_distance"
            others = f", {unfit} items {lacks}" if unfit else ""
            raise MusiError(f"schedule.max_tokens: {left}{others}; raise it")
        mixed = rng.shuffle(fitting)
        return [sorted(mixed[i::steps], key=lambda e: (e.tokens, e.prompt, e.answer)) for i in range(steps)]


def draw_texts(item: Item, rng: Stream, schedule: Schedule) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """The item whole, or a part of it, in the shares of the schedule, as `tokenize` takes it; and which stages are spoilt.

    None where the item has no such part (no stage of the schedule's families, none of its rules, or no note to echo), or one over
    `schedule.max_words` or `schedule.max_distance`.
    """
    found = _drawn(item, rng, schedule)
    return None if found is not None and schedule.max_words and count_words(found[0][1]) > schedule.max_words else found


def _drawn(item: Item, rng: Stream, schedule: Schedule) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """The same, however long the answer."""
    parts = {kind: getattr(schedule, f"{kind}_share") for kind in ("note", "echo", "bare", "single")}
    kind = rng.weighted({**parts, "multi": max(0.0, 1 - sum(parts.values()))})
    if kind == "multi":
        if schedule.max_distance and item.stages[-1].distance > schedule.max_distance:
            return None
        texts = (*multi_example(item), *(stage.instruction for stage in item.stages))
        spoils = schedule.spoilt_share and len(item.stages) > 1 and rng.chance(schedule.spoilt_share)
        return spoil(item, texts, rng) if spoils else (texts, ())
    if kind == "single" and schedule.rules and not any(rule.name in schedule.rules for rule in item.constraints):
        return None
    stages = [k for k, stage in enumerate(item.stages) if not schedule.families or stage.family in schedule.families]
    if not stages:
        return None
    if kind == "echo":
        echo = echo_example(item, stages, rng, schedule.wordings)
        return None if echo is None else (echo, ())
    k = stages[rng.below(len(stages))]
    if kind == "note":
        return note_example(item, k, rng, schedule.wordings), ()
    return (bare_example(item, k) if kind == "bare" else (*single_example(item, k), item.stages[k].instruction)), ()


def spoil(item: Item, texts: tuple[str, ...], rng: Stream) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """A whole item of two stages or more in which some answers are those to the next instruction, as a model writes them that
    has lost count; and which stages these are (from 0), one at least."""
    last = len(item.stages) - 1
    wrong = tuple(k for k in range(last) if rng.chance(SPOILT)) or (rng.below(last),)
    answers = [item.stages[k + 1 if k in wrong else k].answer for k in range(last + 1)]
    return (texts[0], render_answer(answers), *texts[2:]), wrong


def whole_batch(
    examples: Sequence[Example], prompt_weight: float, stage_tokens: float = math.inf, end_weight: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Phase 1: inputs, targets and loss weights of prompt and answer in one sequence, (B, T) each."""
    tokens, _ = pad([[*e.prompt, *e.answer] for e in examples])
    weights = torch.zeros(tokens.shape)
    for i, example in enumerate(examples):
        weights[i, : len(example.prompt)] = prompt_weight
        weights[i, len(example.prompt) : example.tokens] = example.weights(stage_tokens, end_weight)
    return tokens[:, :-1], tokens[:, 1:], weights[:, 1:]


@dataclass(frozen=True)
class SplitBatch:
    """Phase 2: prompts without their last token, and the answer pass that begins with it. T prompt, S answer."""

    prompt: Tensor  # (B, T)
    prompt_lengths: Tensor  # (B,)
    inputs: Tensor  # (B, S)
    targets: Tensor  # (B, S)
    weights: Tensor  # (B, S), 0 on padding; always on the CPU, where the loss looks for what counts
    over: Tensor  # (B, S), where the answer to a stage is over before the target

    def to(self, device: torch.device) -> "SplitBatch":
        prompt, lengths = sent(self.prompt, device), sent(self.prompt_lengths, device)
        inputs, targets, over = (sent(x, device) for x in (self.inputs, self.targets, self.over))
        return SplitBatch(prompt, lengths, inputs, targets, self.weights, over)


def sent(x: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device; nobody waits for what the device has yet to do before."""
    return x.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else x.to(device)


def counted(weights: Tensor, device: torch.device) -> Tensor:
    """Where weights (B, S) on the CPU are not 0, in row-major order, (N,), on a device."""
    return sent(weights.flatten().nonzero().squeeze(1), device)


def split_batch(examples: Sequence[Example], stage_tokens: float = math.inf, end_weight: float = 1.0) -> SplitBatch:
    """Prompt and answer as two passes."""
    prompt, prompt_lengths = pad([e.prompt[:-1] for e in examples])
    tokens, _ = pad([[e.prompt[-1], *e.answer] for e in examples])
    weights = torch.zeros(tokens.shape[0], tokens.shape[1] - 1)
    over = torch.zeros(weights.shape, dtype=torch.bool)
    for i, example in enumerate(examples):
        weights[i, : len(example.answer)] = example.weights(stage_tokens, end_weight)
        over[i, example.ends()] = True
    return SplitBatch(prompt, prompt_lengths, tokens[:, :-1], tokens[:, 1:], weights, over)
