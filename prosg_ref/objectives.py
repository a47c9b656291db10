"""What a training step minimises, phase by phase: the loss of a part of a batch, as a module that several processes can wrap.

Letters: B batch, T prompt tokens, S answer tokens, L layers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .adapters import AnyState
from .address import GENTLE, address_loss, moved_by
from .change import Added, Change, Delta, Tap
from .examples import Example, SplitBatch, counted, sent, split_batch, whole_batch
from .generate import pad, remember
from .labels import told
from .loss import head_cross_entropy
from .prosg import Memory, ProSG
from .recall import Asked, Dues, Recall, answered, dues, end_loss, key_loss, pointer_loss
from .recipes import ProSGRecipe, Schedule
from .regression import InputKey
from .run import Metrics
from .rwkv4 import RWKV4
from .synthesis import TokenSynthesis
from .whiten import lost, not_said, pairs

Inputs = Mapping[str, Sequence[Tensor]]  # by target what stands at its matrices, layer by layer, (B, S, d_in) each


class BackboneLoss(nn.Module):
    """Phase 1: the loss of a part of a batch, as a module, so that it can be wrapped for several processes."""

    def __init__(self, backbone: RWKV4, schedule: Schedule) -> None:
        super().__init__()
        self.backbone, self.schedule = backbone, schedule

    def total(self, examples: Sequence[Example]) -> float:
        """Sum of the weights of all tokens that are predicted."""
        return _answer_weight(examples, self.schedule) + self.schedule.prompt_weight * sum(len(e.prompt) - 1 for e in examples)

    def tensors(self, examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
        return whole_batch(examples, self.schedule.prompt_weight, self.schedule.stage_tokens, self.schedule.end_weight)

    def of_tensors(self, inputs: Tensor, targets: Tensor, weights: Tensor, total: float = 1.0) -> Tensor:
        x, _ = self.backbone.hidden(inputs)
        return _cross_entropy(x, self.backbone.head.weight, targets, weights, total)

    def forward(self, examples: Sequence[Example], total: float, look: bool) -> tuple[Tensor, Metrics]:
        device = self.backbone.emb.weight.device
        inputs, targets, weights = self.tensors(examples)
        return self.of_tensors(sent(inputs, device), sent(targets, device), weights, total), {}


class ProSGLoss(nn.Module):
    """Phase 2: the prompt runs once without ΔW, the answer starts from its state under ΔW, the gradient flows through both the
    answer pass and the synthesis."""

    def __init__(
        self, model: ProSG, recipe: ProSGRecipe, separator: list[int], same: Tensor | None = None, texts: Sequence[str] = ()
    ) -> None:
        """`separator`: ids between prompt and answer. `same`: which ids are alike in a context (`labels.alike`). `texts`: how
        each id is read (`spelling.folded`)."""
        super().__init__()
        self.model, self.recipe, self.separator, self.same, self.texts = model, recipe, separator, same, texts

    def total(self, examples: Sequence[Example]) -> float:
        return _answer_weight(examples, self.recipe.schedule)

    def forward(self, examples: Sequence[Example], total: float, look: bool) -> tuple[Tensor, Metrics]:
        model, losses, schedule = self.model, self.recipe.losses, self.recipe.schedule
        head = model.adapter.head()
        batch = split_batch(examples, schedule.stage_tokens, schedule.end_weight).to(head.device)
        share = float(batch.weights.sum()) / total
        if self.recipe.pointing:
            loss, found = self._pointing(examples, batch)
            return share * loss, {name: share * value for name, value in found.items()}
        memory = model.internalize(batch.prompt, batch.prompt_lengths)
        looks = losses.gates or losses.recall or self.recipe.placed
        share_lost = lost(model, batch, memory.state) if looks else torch.empty(0)
        delta = self._placed(examples, batch, memory, share_lost) if self.recipe.placed else memory.delta
        inputs: Inputs = {}
        if losses.recall:
            x, inputs = self._tapped(batch, memory.state, delta)
        else:
            x, _ = model.adapter.hidden(batch.inputs, memory.state, None, delta)
        loss = _cross_entropy(x, head, batch.targets, batch.weights, total)
        metrics: Metrics = {}
        if losses.reconstruction:
            extra = share * self._reconstruction(batch.prompt, batch.prompt_lengths, memory)
            loss, metrics["reconstruction"] = loss + losses.reconstruction * extra, extra.detach()
        if losses.distil:
            extra = self._distillation(examples, x, batch.weights) / total
            loss, metrics["distil"] = loss + losses.distil * extra, extra.detach()
        if losses.gates:
            extra = share * self._gates(batch, memory.gates, share_lost, examples)
            loss, metrics["gate_loss"] = loss + losses.gates * extra, extra.detach()
        if losses.recall:
            due = dues(examples, share_lost, self.texts)
            extra = share * self._pointed(memory.asked, due, examples)
            keys, places = self._found(inputs, memory.asked, due, examples, batch)
            loss = loss + losses.recall * (extra + share * (keys + losses.numbers * places))
            metrics |= {"recall": extra.detach(), "keys": share * keys.detach(), "address": share * places.detach()}
        if look:
            metrics["delta_norm"] = {name: round(v, 5) for name, v in memory.relative_norms(model.backbone).items()}
            metrics["gates"] = memory.gate_statistics()
        return loss, metrics

    def _reconstruction(self, prompt: Tensor, lengths: Tensor, memory: Memory) -> Tensor:
        """Mean loss of the prompt's tokens under ΔW, from the state of an empty text."""
        alone = memory.with_reset_state(self.model.adapter)
        x, _ = self.model.hidden(prompt[:, :-1], alone)
        weights = (torch.arange(prompt.shape[1] - 1, device=prompt.device) < (lengths - 1).unsqueeze(1)).float().cpu()
        return head_cross_entropy(x.float(), self.model.adapter.head(), prompt[:, 1:], weights)[0]

    def _gates(
        self, batch: SplitBatch, every: Mapping[tuple[str, int], Tensor], lost: Tensor, examples: Sequence[Example]
    ) -> Tensor:
        """Mean binary cross entropy of the gates, over prompt tokens, layers, targets and offsets. What a spoilt example was to
        tell is not known."""
        whole = answered(examples, batch.prompt.device).view(-1, 1, 1)
        losses = []
        for (_, offset), gates in every.items():
            due = told(batch, offset, lost, self.same).unsqueeze(1).expand_as(gates)  # (B, L, T)
            there = (gates > 0) & whole
            with torch.autocast(gates.device.type, enabled=False):
                loss = F.binary_cross_entropy(gates / 2, due, reduction="none")
            losses.append((loss * there).sum() / there.sum().clamp(min=1))
        return torch.stack(losses).mean()

    def _pointed(self, every: Mapping[str, Asked], due: Dues, examples: Sequence[Example]) -> Tensor:
        """Mean over targets of what is lost by pointing elsewhere, and by miscounting instructions."""
        losses = []
        for target, asked in every.items():
            loss = pointer_loss(self._recall(target), asked, due)
            losses.append(loss if asked.ends is None else loss + end_loss(asked, examples))
        return torch.stack(losses).mean()

    def _pointing(self, examples: Sequence[Example], batch: SplitBatch) -> tuple[Tensor, Metrics]:
        """What is lost by pointing elsewhere, by keys that miss their places of the answers, by gates where they are asked for,
        and with `address` by answers that do not know their number, or are moved by what lets them know it."""
        model, adapter = self.model, self.model.adapter
        synthesis = cast(TokenSynthesis, model.synthesis)
        with torch.no_grad():
            reading = adapter.read(batch.prompt, batch.prompt_lengths)
            plain, before = self._tapped(batch, reading.state, {})
            share_lost = not_said(plain, adapter.head(), batch)
        due = dues(examples, share_lost, self.texts)
        x, inputs = plain, before
        if synthesis.address is not None:
            x, inputs = self._tapped(batch, reading.state, synthesis.address(reading).delta)
        asked = {target: self._recall(target)(reading) for target in inputs}
        keys, places = self._found(inputs, asked, due, examples, batch)
        loss = self._pointed(asked, due, examples) + keys + places
        metrics: Metrics = {"keys": keys.detach(), "address": places.detach()}
        if self.recipe.losses.gates:
            gates: dict[tuple[str, int], Tensor] = {}
            for target, each in asked.items():
                part = synthesis.part(target)
                gates |= part.by_offset(part.opened(reading, each).gates)
            extra = self._gates(batch, gates, share_lost, examples)
            loss, metrics["gate_loss"] = loss + self.recipe.losses.gates * extra, extra.detach()
        if synthesis.address is not None:
            after, still = ([y, *self._compared(taps)] for y, taps in ((x, inputs), (plain, before)))
            shift = moved_by(after, still, sent(batch.weights > 0, batch.prompt.device))
            loss, metrics["moved"] = loss + GENTLE * shift, shift.detach()
        return loss, metrics

    def _compared(self, inputs: Inputs) -> list[Tensor]:
        """What stands at the inputs of targets, in the space in which they are compared."""
        synthesis = cast(TokenSynthesis, self.model.synthesis)
        spaces = {target: synthesis.part(target).v for target in inputs}
        return [
            space.compared(x, layer) if isinstance(space, InputKey) else x
            for target, space in spaces.items()
            for layer, x in enumerate(inputs[target])
        ]

    def _found(
        self, inputs: Inputs, asked: Mapping[str, Asked], due: Dues, examples: Sequence[Example], batch: SplitBatch
    ) -> tuple[Tensor, Tensor]:
        """What is lost by keys that miss their places of the answers, and by answers that do not know their number; means over
        targets."""
        there = sent(batch.weights > 0, batch.prompt.device)
        keys = [key_loss(self._recall(target), asked[target], each, there, due) for target, each in inputs.items()]
        synthesis = cast(TokenSynthesis, self.model.synthesis)
        if synthesis.address is None:
            return torch.stack(keys).mean(), keys[0].new_zeros(())
        places = [address_loss(synthesis.read_by(target), each, examples, batch.weights) for target, each in inputs.items()]
        return torch.stack(keys).mean(), torch.stack(places).mean()

    def _tapped(self, batch: SplitBatch, state: AnyState, delta: Delta) -> tuple[Tensor, Inputs]:
        """Last hidden vectors of the answers from a state under ΔW, and what stands at the inputs of targets."""
        adapter = self.model.adapter
        taps = {
            target: [adapter.matrix(layer, target) for layer in range(adapter.n_layer)] for target in self.model.config.targets
        }
        kept = {name: Tap([], cast(Any, delta.get(name))) for names in taps.values() for name in names}
        x, _ = adapter.hidden(batch.inputs, state, None, {**delta, **kept})
        return x, {target: [kept[name].inputs[0] for name in names] for target, names in taps.items()}

    def _recall(self, target: str) -> Recall:
        return cast(Recall, cast(TokenSynthesis, self.model.synthesis).part(target).recall)

    def _placed(self, examples: Sequence[Example], batch: SplitBatch, memory: Memory, lost: Tensor) -> Delta:
        """What tokens say, put where it is due, in place of ΔW."""
        config, adapter, synthesis = self.model.config, self.model.adapter, cast(TokenSynthesis, self.model.synthesis)
        added: dict[str, Change] = {}
        for target in config.targets:
            found = [pairs(e, config.directions(target), share[: len(e.answer)]) for e, share in zip(examples, lost, strict=True)]
            places = [
                (i, s + 1 - len(e.prompt), t) for i, (e, each) in enumerate(zip(examples, found, strict=True)) for s, _, t in each
            ]
            rows, due, said = torch.tensor(places, dtype=torch.int64).view(-1, 3).unbind(1)
            for layer in range(adapter.n_layer):
                name = adapter.matrix(layer, target)
                values = synthesis.part(target).value(layer, memory.says[name][rows, said])  # (places, d_out)
                nothing = values.new_zeros(*batch.inputs.shape, values.shape[1])
                added[name] = Added(nothing.index_put((rows, due), values))
        return added

    def _distillation(self, examples: Sequence[Example], x: Tensor, weights: Tensor) -> Tensor:
        """Sum over answer tokens of their weight times KL(backbone after the prompt twice ‖ this)."""
        backbone, head = self.model.backbone, self.model.adapter.head()
        assert isinstance(backbone, RWKV4)
        with torch.no_grad():
            twice = [[*e.prompt, *self.separator, *e.prompt[:-1]] for e in examples]
            taught = remember(backbone, twice)
            inputs, _ = pad([[e.prompt[-1], *e.answer[:-1]] for e in examples])
            y, _ = backbone.hidden(inputs.to(x.device), taught.state)
        rows, shares = counted(weights, x.device), sent(weights[weights != 0], x.device)
        with torch.autocast(x.device.type, enabled=False):
            ours = F.log_softmax(x.flatten(0, 1)[rows].float() @ head.T, -1)
            theirs = F.log_softmax(y.flatten(0, 1)[rows].float() @ head.T, -1)
        return (F.kl_div(ours, theirs, log_target=True, reduction="none").sum(1) * shares).sum()


def _answer_weight(examples: Sequence[Example], schedule: Schedule) -> float:
    """Sum of the loss weights of all tokens of the answers."""
    return sum(e.weights(schedule.stage_tokens, schedule.end_weight).sum().item() for e in examples)


def _cross_entropy(x: Tensor, head: Tensor, targets: Tensor, weights: Tensor, total: float) -> Tensor:
    with torch.autocast(x.device.type, enabled=False):
        return head_cross_entropy(x.float(), head, targets, weights, total)[0]
