"""`musi dataset teach`: ask a model for the answers that a source lacks, and keep those that obey the rules of their instruction.

OUT               the kept answers as JSON lines {instruction, output, checks, source, model}, which `musi dataset import` reads
OUT.report.json   what was asked, kept and given up, with reasons, and what it cost in tokens
OUT.journal       one line an answered instruction while it runs; a killed run goes on from it

Any server that speaks the OpenAI API will do (vLLM, llama.cpp, `transformers serve`, a hosted one). The key is read from
OPENAI_API_KEY; servers that need none get a dummy. Retries of failed requests are the client's own.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from musi.errors import MusiError
from musi.importers.items import item_of, stage_of
from musi.importers.own_data import ImportReport, read_records
from musi.importers.records import Record, ShapeError, Skipped, Task, text_of
from musi.schema import canonical_json

RETRIES = 5
TIMEOUT = 600.0
TEMPERATURES = (0.0, 0.7, 1.0)  # of the first attempt and the next ones
MILLION = 1_000_000


@dataclass(frozen=True)
class Teacher:
    """The endpoint that is asked, and how: `attempts` answers at most for one instruction, of at most `max_tokens` tokens."""

    base_url: str
    model: str
    concurrency: int = 4
    attempts: int = 3
    max_tokens: int = 1024
    price_in: float = 0.0  # per million tokens
    price_out: float = 0.0


@dataclass
class Answer:
    """What came of one instruction: the answer kept, or None and why the last one failed; and the tokens it took."""

    key: str
    where: str
    output: str | None
    reason: str
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass
class TeachReport:
    """What a run asked for, kept and paid."""

    rows: int = 0
    asked: int = 0
    kept: int = 0
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, answer: Answer, teacher: Teacher) -> None:
        """Count an answer and its tokens."""
        self.asked += 1
        self.kept += answer.output is not None
        self.requests += answer.requests
        self.tokens_in += answer.tokens_in
        self.tokens_out += answer.tokens_out
        self.cost = round((self.tokens_in * teacher.price_in + self.tokens_out * teacher.price_out) / MILLION, 6)
        if answer.output is None:
            self.failed[answer.reason] += 1
            self.skipped.append(Skipped(answer.where, answer.reason))

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return vars(self) | {"failed": dict(self.failed), "skipped": [each._asdict() for each in self.skipped]}

    def summary(self) -> str:
        """The outcome in one line."""
        return (
            f"{self.rows:,} rows: {self.asked:,} instructions asked in {self.requests:,} requests, {self.kept:,} answers kept;"
            f" {len(self.skipped):,} skipped; {self.tokens_in:,} tokens in, {self.tokens_out:,} out, cost {self.cost:g}"
        )


def teach(
    sources: Sequence[Path],
    out: Path,
    teacher: Teacher,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> TeachReport:
    """Ask `teacher` for the open-ended tasks of `sources` (the first `limit`) and write the answers that pass to `out`.

    A task is open-ended when it has rules but no reference. A killed run goes on where it stopped; `progress` is called with the
    number of instructions done since last time. Raises MusiError when a source cannot be read, `out` exists, nothing is
    open-ended, or the endpoint refuses or cannot be reached; what was answered until then is kept in the journal.
    """
    if out.exists():
        raise MusiError(f"{out}: already exists; choose another file or import it with `musi dataset import {out}`")
    reading = ImportReport()
    records = read_records(sources, reading)
    report = TeachReport(rows=reading.rows, skipped=reading.skipped)
    tasks = list(islice(_open_tasks(records, report), limit))
    if not tasks:
        raise MusiError(f"{', '.join(map(str, sources))}: no instruction with rules and without a reference; nothing to ask for")
    journal = out.with_name(out.name + ".journal")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        answers = _read_journal(journal)
        progress(sum(_key(teacher, task) in answers for _, task in tasks))
        with journal.open("ab") as file:
            for answer in _ask_all(teacher, [(record, task) for record, task in tasks if _key(teacher, task) not in answers]):
                file.write(canonical_json(vars(answer)).encode() + b"\n")
                file.flush()
                answers[answer.key] = answer
                progress(1)
        kept = []
        for record, task in tasks:
            answer = answers[_key(teacher, task)]
            report.add(answer, teacher)
            if answer.output is not None:
                kept.append(_row(record, task, answer.output, teacher))
        _write_whole(out.with_name(out.name + ".report.json"), json.dumps(report.as_dict(), ensure_ascii=False, indent=2) + "\n")
        _write_whole(out, "".join(canonical_json(row) + "\n" for row in kept))
        journal.unlink()
    except OSError as error:
        raise MusiError(
            f"{out}: {error.strerror or error}; free the space or choose another folder, then run it again to go on"
        ) from None
    return report


def _open_tasks(records: Sequence[Record], report: TeachReport) -> Iterator[tuple[Record, Task]]:
    """The tasks to ask for, each once; those that lack rules as well are listed as skipped."""
    seen: set[str] = set()
    for record in records:
        task = record.tasks[0]
        if all(each.reference is not None for each in record.tasks):
            continue
        if len(record.tasks) > 1 or not task.checks:
            report.skipped.append(Skipped(record.where, "no rules to verify an answer by"))
        elif (key := canonical_json([task.instruction, list(task.checks)])) not in seen:
            seen.add(key)
            yield record, task


def _key(teacher: Teacher, task: Task) -> str:
    """What an answer depends on: the model, the instruction and its rules, and how often it may be asked."""
    parts = [teacher.model, teacher.attempts, teacher.max_tokens, task.instruction, list(task.checks)]
    return blake2b(canonical_json(parts).encode(), digest_size=16).hexdigest()


def _row(record: Record, task: Task, output: str, teacher: Teacher) -> dict[str, Any]:
    return {
        "instruction": task.instruction,
        "output": output,
        "checks": list(task.checks),
        "source": record.where,
        "model": teacher.model,
    }


def _read_journal(path: Path) -> dict[str, Answer]:
    """The answers of a run that was stopped; a last line that was cut short is dropped from the file.

    Raises MusiError for any other line that is no answer: what was paid for is not thrown away.
    """
    if not path.exists():
        return {}
    answers: dict[str, Answer] = {}
    good = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                answer = Answer(**json.loads(line))
            except (ValueError, TypeError):
                raise MusiError(f"{path}, line {number}: no answer of this MuSI; mend the line or move the file away") from None
            answers[answer.key] = answer
            good += len(line)
    os.truncate(path, good)
    return answers


def _write_whole(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _ask_all(teacher: Teacher, tasks: Sequence[tuple[Record, Task]]) -> Iterator[Answer]:
    """Ask for every task, `concurrency` at a time, and yield the answers as they come."""
    try:
        import openai
    except ImportError:
        raise MusiError("teaching needs the official client: pip install 'musi[teacher]'") from None
    key = os.environ.get("OPENAI_API_KEY") or "none"
    client = openai.OpenAI(base_url=teacher.base_url, api_key=key, max_retries=RETRIES, timeout=TIMEOUT)
    waiting = iter(tasks)
    failure: openai.OpenAIError | MusiError | None = None
    with client, ThreadPoolExecutor(teacher.concurrency) as pool:
        running: set[Future[Answer]] = set()
        while True:
            for record, task in islice(waiting, 0 if failure else teacher.concurrency - len(running)):
                running.add(pool.submit(_ask, client, teacher, record, task))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    yield future.result()
                except (openai.OpenAIError, MusiError) as error:
                    failure = error
    if isinstance(failure, MusiError):
        raise failure
    if failure is not None:
        said = " ".join(str(failure).split())[:200]
        raise MusiError(f"{teacher.base_url}: {said}; check the server and the model's name, then run it again to go on")


def _ask(client: Any, teacher: Teacher, record: Record, task: Task) -> Answer:
    """Ask until an answer passes, at most `attempts` times."""
    answer = Answer(_key(teacher, task), record.where, None, "")
    for attempt in range(teacher.attempts):
        reply = client.chat.completions.create(
            model=teacher.model,
            messages=[{"role": "user", "content": task.instruction}],
            temperature=TEMPERATURES[min(attempt, len(TEMPERATURES) - 1)],
            max_tokens=teacher.max_tokens,
        )
        choices = getattr(reply, "choices", None)  # the client checks nothing: a page becomes text, a list a list
        if not isinstance(choices, list):
            said = "the reply is no chat completion; give the address of the API, which mostly ends in /v1"
            raise MusiError(f"{teacher.base_url}: {said}")
        answer.requests += 1
        answer.tokens_in += getattr(reply.usage, "prompt_tokens", None) or 0
        answer.tokens_out += getattr(reply.usage, "completion_tokens", None) or 0
        choice = choices[0] if choices else None
        text = getattr(getattr(choice, "message", None), "content", None)
        if choice is None or not isinstance(text, str):
            answer.reason = "no text in the reply"
        elif choice.finish_reason == "length":
            answer.reason = "cut off at the limit of tokens"
        elif (fault := _fault(task, text)) is None:
            answer.output, answer.reason = text.strip(), "kept"
            return answer
        else:
            answer.reason = fault
    return answer


def _fault(task: Task, text: str) -> str | None:
    """Why an answer cannot be kept: it breaks a rule, or could not stand in an item."""
    try:
        reference = text_of({"answer": text}, "answer")
        taught = Task(task.instruction, reference, task.checks)
        stage_of(taught, "", False, 0, "en")
        item_of([Record("answer", (taught,))], "teacher", "train", 0, "en")
    except ShapeError as error:
        return str(error).removeprefix("its own reference fails: ")
    return None
