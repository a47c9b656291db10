"""Read the samples that lm-eval saved for a MuSI task and join them to the gold items of the locked release.

A sample of a generate task holds the responses to the whole prompt and to each stage alone, and for `musi_consistency` also to
each stage alone in another phrasing; one of a forced task holds a (log-likelihood, is greedy) pair for the first two. Files come
from anywhere: sizes are capped and every fault names file and line.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from musi.errors import MusiError
from musi.generate import RELEASE, release_name
from musi.languages import LANGUAGES
from musi.release import load_split
from musi.retention import Outcomes
from musi.schema import SPLITS, Item
from musi.score import Mode, ResponseScore, score_response

VERDICTS = ("retention", "retention_loose", "consistency", "consistency_loose")
MAX_SAMPLE_BYTES = 4_000_000
MAX_SAMPLES = 100_000
_SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character, which JSON can hold and no text


@dataclass(frozen=True)
class Sample:
    """Responses to one item: to the whole prompt, to each stage alone, and perhaps to each alone in another phrasing.

    `truncated` says of each response whether its prompt was longer than the model could hold, and `out_of_tokens` whether it
    filled its budget; both are empty where the task could not know. `logged` holds the verdicts that were saved with the
    responses, as they came.
    """

    item: Item
    responses: tuple[Any, ...]
    truncated: tuple[bool, ...] = ()
    out_of_tokens: tuple[bool, ...] = ()
    logged: dict[str, Any] = field(default_factory=dict)

    @property
    def multi(self) -> Any:
        return self.responses[0]

    @property
    def singles(self) -> tuple[Any, ...]:
        return self.responses[1 : 1 + len(self.item.stages)]

    @property
    def again(self) -> tuple[Any, ...]:
        """Each stage alone in another phrasing; empty when that was not asked."""
        return self.responses[1 + len(self.item.stages) :]

    @property
    def forced(self) -> bool:
        """Whether the responses are likelihoods of gold answers rather than texts."""
        return not isinstance(self.responses[0], str)


@dataclass(frozen=True)
class Scored:
    """A sample with its verdicts: on the whole response, on each stage alone, and on each alone in another phrasing."""

    sample: Sample
    multi: ResponseScore
    singles: tuple[ResponseScore, ...]
    again: tuple[ResponseScore, ...] = ()

    @property
    def passed_alone(self) -> tuple[bool, ...]:
        return tuple(single.passed[0] for single in self.singles)

    @property
    def stages(self) -> list[tuple[bool, ...]]:
        """(passed in the chain, alone, and, where it was asked, alone in another phrasing) of every stage."""
        columns = [self.multi.passed, self.passed_alone]
        if self.again:
            columns.append(tuple(single.passed[0] for single in self.again))
        return list(zip(*columns, strict=True))


def sample_files(results: Path) -> list[tuple[str, Path]]:
    """(task, file) of each MuSI task in each folder below a results folder, or of the file itself; of several runs, the newest.

    Raises MusiError when there is none.
    """
    if results.is_file():
        return [(_task_name(results), results)]
    if not results.is_dir():
        raise MusiError(f"{results}: no such folder; give the folder that `lm-eval run … -o` wrote to")
    found: dict[tuple[Path, str], Path] = {}
    for path in sorted(results.rglob("samples_musi_*.jsonl"), key=lambda path: path.name.rsplit("_", 1)[-1]):
        found[path.parent, _task_name(path)] = path
    if not found:
        raise MusiError(f"{results}: holds no samples_musi_*.jsonl; run lm-eval again with --log_samples -o {results}")
    return [(task, path) for (_, task), path in sorted(found.items())]


def _task_name(path: Path) -> str:
    return path.stem.removeprefix("samples_").rsplit("_", 1)[0]


def read_samples(path: Path) -> list[Sample]:
    """All samples of a file, joined to their items.

    Raises MusiError naming file, line and item: broken JSON, an unknown or repeated item, another release, an edited document, or
    a number of responses that does not fit the item.
    """
    gold: dict[str, Item] = {}
    samples: dict[str, Sample] = {}
    kind: tuple[bool, bool] | None = None  # of all samples: whether forced, whether with another phrasing
    for where, row in _rows(path):
        item_id = _item_id(row, where)
        if item_id in samples:
            raise MusiError(f"{where}: item {item_id} comes twice; keep the lines of one run only")
        if item_id not in gold:
            gold |= {item.id: item for item in _split_of(item_id, where)}
        if item_id not in gold:
            raise MusiError(f"{where}: item {item_id} is not in release {RELEASE}; score again with this MuSI")
        item = gold[item_id]
        if row["doc"].get("prompt") != item.prompt or row["doc"].get("answer") != item.answer:
            raise MusiError(f"{where}: item {item_id} differs from release {RELEASE}; score again with unchanged data")
        responses = _responses(row, item, where)
        truncated, filled = (_flags(row, name, len(responses), where) for name in ("truncated", "out_of_tokens"))
        logged = {name: row[name] for name in VERDICTS if name in row}
        samples[item_id] = sample = Sample(item, responses, truncated, filled, logged)
        asked = sample.forced, bool(sample.again)
        if asked != (kind := kind or asked):
            raise MusiError(f"{where}: item {item_id} was asked in another way than those above; keep the lines of one run only")
    if not samples:
        raise MusiError(f"{path}: holds no samples; run lm-eval again with --log_samples")
    return list(samples.values())


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; give a file that lm-eval saved with --log_samples") from None
    with file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_SAMPLE_BYTES + 1), b""), start=1):
            where = f"{path}, line {number}"
            if len(line) > MAX_SAMPLE_BYTES or number > MAX_SAMPLES:
                raise MusiError(f"{where}: larger than any MuSI run ({MAX_SAMPLE_BYTES:,} bytes a line, {MAX_SAMPLES:,} lines)")
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                raise MusiError(f"{where}: not valid JSON; save the samples again with lm-eval") from None
            if not isinstance(row, dict) or not isinstance(row.get("doc"), dict):
                raise MusiError(f"{where}: not a sample of lm-eval (no `doc`); save the samples again with --log_samples")
            yield where, row


def _item_id(row: dict[str, Any], where: str) -> str:
    item_id = row["doc"].get("id")
    if not isinstance(item_id, str) or not item_id.startswith("musi-"):
        raise MusiError(f"{where}: doc has no MuSI item id; these are not samples of a MuSI task")
    return item_id


def _split_of(item_id: str, where: str) -> list[Item]:
    for lang, split in product(LANGUAGES, SPLITS):
        if item_id.startswith(f"musi-{release_name(lang)}-{split}-"):
            return load_split(split, lang=lang)
    release = item_id.split("-")[1]
    if release != RELEASE:
        raise MusiError(
            f"{where}: item {item_id} is of release {release}, this MuSI scores {RELEASE}; install the matching version"
        )
    raise MusiError(f"{where}: item {item_id} names no split of release {RELEASE}")


def logged_responses(resps: Any) -> list[Any] | None:
    """One response a request out of a sample's `resps`; None where it holds anything else, such as repeats.

    Processes that share an evaluation all run as many requests: lm-eval lets the ones with fewer repeat their last request, and
    the copies stand in its list. Its filter takes the first, and so does this.
    """
    if not isinstance(resps, list) or not all(isinstance(each, list) and each for each in resps):
        return None
    return [each[0] for each in resps] if all(len(each) == 1 for each in resps[:-1]) else None


def _responses(row: dict[str, Any], item: Item, where: str) -> tuple[Any, ...]:
    texts = logged_responses(row.get("resps"))
    n = len(item.stages)
    if texts is None:
        raise MusiError(f"{where}: `resps` of item {item.id} is not a list of single responses; run with repeats 1")
    if len(texts) in (1 + n, 1 + 2 * n) and all(isinstance(text, str) for text in texts):
        if any(_SURROGATE.search(text) for text in texts):
            raise MusiError(f"{where}: a response of item {item.id} is no valid Unicode; save the samples again with lm-eval")
        return tuple(texts)
    if len(texts) == 2 * n and all(_is_likelihood(pair) for pair in texts):
        return tuple(texts)
    raise MusiError(f"{where}: the responses of item {item.id} are not the {1 + n} texts that a MuSI task asks for; run it again")


def _flags(row: dict[str, Any], name: str, n_responses: int, where: str) -> tuple[bool, ...]:
    flags = row.get(name, [])
    if not isinstance(flags, list) or len(flags) not in (0, n_responses) or not all(isinstance(flag, bool) for flag in flags):
        raise MusiError(f"{where}: `{name}` is not a list of one true or false a response; save the samples again with lm-eval")
    return tuple(flags)


def _is_likelihood(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and str(pair[1]) in ("True", "False")


def score_samples(samples: Sequence[Sample], mode: Mode = "strict") -> list[Scored]:
    """Score the responses of a generate task."""
    return [score_sample(sample, mode) for sample in samples]


def score_sample(sample: Sample, mode: Mode = "strict") -> Scored:
    """Score one item's responses: all stages in the whole response, each alone in its own."""
    n = len(sample.item.stages)
    multi = score_response(sample.item, sample.multi, range(n), mode)
    singles, again = (
        tuple(score_response(sample.item, text, [k], mode) for k, text in enumerate(texts))
        for texts in (sample.singles, sample.again)
    )
    return Scored(sample, multi, singles, again)


def outcomes(scored: Sequence[Scored]) -> Outcomes:
    """The arrays that `musi.retention` works on."""
    return Outcomes.of(
        [
            [(float(stage.distance), *passed) for stage, passed in zip(row.sample.item.stages, row.stages, strict=True)]
            for row in scored
        ]
    )


def forced_pairs(sample: Sample, where: str) -> list[tuple[float, bool]]:
    """(log-likelihood in nats, is greedy) of every response of a forced task, which lm-eval saves as strings.

    Raises MusiError naming `where` when a log-likelihood is no number at or below 0.
    """
    pairs = []
    for nats, is_greedy in sample.responses:
        try:
            value = float(nats)
        except (TypeError, ValueError):
            value = math.nan
        if not -1e9 < value <= 0:
            raise MusiError(f"{where}: log-likelihood {str(nats)[:40]!r} is no number below 0; run the task again")
        pairs.append((value, str(is_greedy) == "True"))
    return pairs


def forced_outcomes(samples: Sequence[Sample]) -> Outcomes:
    """The same arrays from a forced task: a stage passes when its gold answer is what the model would have written greedily."""
    rows = []
    for sample in samples:
        n = len(sample.item.stages)
        greedy = [is_greedy for _, is_greedy in forced_pairs(sample, f"item {sample.item.id}")]
        rows.append([(stage.distance, greedy[k], greedy[n + k]) for k, stage in enumerate(sample.item.stages)])
    return Outcomes.of(rows)
