"""The shapes in which the world keeps instructions, each recognised by its keys and turned into records.

taught             instruction, output, checks            what `musi dataset teach` writes
alpaca             instruction, input?, output
dolly              instruction, context?, response
self-instruct      instruction, instances[{input, output}]
prompt/completion  prompt, completion
messages           messages[{role, content}]              several turns of the user are a chain
mt_bench           turns[], reference?[]                  a chain
IFEval, IFBench    prompt, instruction_id_list, kwargs    no reference, but rules that a program can check
GSM8K socratic     question, answer                       lines `sub-question ** worked answer`, then `#### N`: a chain
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from musi.checks import CHECKS, check_fault
from musi.importers.records import MAX_TEXT_CHARS, Record, Row, ShapeError, Task, text_of
from musi.references import canonical_number
from musi.schema import canonical_json

Values = dict[str, Any]
NUMBER_ONLY = "Give the number only."
MAX_TURNS = 64
_COMPUTED = re.compile(r"<<[^<>\n]{1,200}=[ $]{0,3}(-?[0-9.,]{1,20})>>")
_EQUALS = re.compile(r"=[ $]{0,3}(-?[0-9][0-9,]{0,15}(?:\.[0-9]{1,6})?)(?![0-9/*+x^]| ?[*/+x^])")


class Shape(NamedTuple):
    """How a shape is recognised and read; `read` yields a row's (context, tasks) and raises ShapeError when it cannot."""

    name: str
    keys: frozenset[str]
    read: Callable[[Values], Iterator[tuple[str, list[Task]]]]


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _alpaca(row: Values) -> Iterator[tuple[str, list[Task]]]:
    yield "", [Task(_joined(text_of(row, "instruction"), text_of(row, "input", True)), text_of(row, "output"))]


def _dolly(row: Values) -> Iterator[tuple[str, list[Task]]]:
    yield "", [Task(_joined(text_of(row, "instruction"), text_of(row, "context", True)), text_of(row, "response"))]


def _prompt_completion(row: Values) -> Iterator[tuple[str, list[Task]]]:
    yield "", [Task(text_of(row, "prompt"), text_of(row, "completion"))]


def _taught(row: Values) -> Iterator[tuple[str, list[Task]]]:
    if not isinstance(row["checks"], list):
        raise ShapeError("checks is no list")
    yield "", [Task(text_of(row, "instruction"), text_of(row, "output"), _rules(row["checks"]))]


def _self_instruct(row: Values) -> Iterator[tuple[str, list[Task]]]:
    instruction = text_of(row, "instruction")
    for instance in _objects(row, "instances"):
        yield "", [Task(_joined(instruction, text_of(instance, "input", True)), text_of(instance, "output"))]


def _messages(row: Values) -> Iterator[tuple[str, list[Task]]]:
    turns = [(text_of(message, "role"), text_of(message, "content")) for message in _objects(row, "messages")]
    system = turns.pop(0)[1] if turns[0][0] == "system" else ""
    if [role for role, _ in turns] != ["user", "assistant"] * (len(turns) // 2) or not turns:
        raise ShapeError("messages do not alternate between user and assistant")
    tasks = [Task(asked, said) for (_, asked), (_, said) in zip(turns[::2], turns[1::2], strict=True)]
    if len(tasks) == 1:
        yield "", [Task(_joined(system, tasks[0].instruction), tasks[0].reference)]
    else:
        yield system, tasks


def _mt_bench(row: Values) -> Iterator[tuple[str, list[Task]]]:
    turns, references = row["turns"], row.get("reference") or []
    if not isinstance(turns, list) or not isinstance(references, list) or not 1 <= len(turns) <= MAX_TURNS:
        raise ShapeError("turns or reference is no list of texts")
    texts = [text_of({"turn": turn}, "turn") for turn in turns]
    answers = [text_of({"reference": each}, "reference", True) or None for each in references]
    yield "", [Task(text, answers[k] if k < len(answers) else None) for k, text in enumerate(texts)]


def _ifeval(row: Values) -> Iterator[tuple[str, list[Task]]]:
    names, arguments = row["instruction_id_list"], row.get("kwargs")
    if not isinstance(names, list) or not isinstance(arguments, list) or len(names) != len(arguments) or not names:
        raise ShapeError("instruction_id_list and kwargs are not two lists of one length")
    if not all(isinstance(each, dict) for each in arguments):
        raise ShapeError("kwargs is no list of objects")
    rules = [each | {"name": name} for name, each in zip(names, arguments, strict=True)]
    yield "", [Task(text_of(row, "prompt"), None, _rules(rules))]


def _gsm8k(row: Values) -> Iterator[tuple[str, list[Task]]]:
    *steps, last = text_of(row, "answer").split("\n")
    final = canonical_number(last.removeprefix("####").replace("$", "")) if last.startswith("####") else None
    if final is None:
        raise ShapeError("answer does not end in `#### N`")
    tasks = []
    for number, step in enumerate(steps, start=1):
        question, mark, worked = step.partition(" ** ")
        found = _COMPUTED.findall(worked) or _EQUALS.findall(worked)
        value = canonical_number(found[-1].rstrip(".,")) if found else None
        if number == len(steps):
            if value not in (None, final):
                raise ShapeError(f"step {number} comes to {value}, but the final answer is {final}")
            value = final
        if not mark or not question.endswith("?") or value is None:
            raise ShapeError(f"step {number} is no question with a number for an answer: {step[:60]!r}")
        tasks.append(Task(f"{question} {NUMBER_ONLY}", value))
    if len(tasks) < 2:
        raise ShapeError("has a single step, which is no chain")
    yield text_of(row, "question"), tasks


def _objects(row: Values, key: str) -> list[Values]:
    value = row[key]
    if not isinstance(value, list) or not value or len(value) > MAX_TURNS or not all(isinstance(each, dict) for each in value):
        raise ShapeError(f"{key} is no list of 1 to {MAX_TURNS} objects")
    return value


def _rules(rules: list[Any]) -> tuple[Values, ...]:
    """Rules with the arguments they need, whole numbers as such; raises ShapeError when one has no verifier."""
    if not rules or len(rules) > MAX_TURNS or not all(isinstance(rule, dict) for rule in rules):
        raise ShapeError("checks is no list of rules")
    whole = [{key: _whole(value) for key, value in rule.items()} for rule in rules]
    if faults := [fault for rule in whole if (fault := check_fault(rule))]:
        raise ShapeError("; ".join(faults))
    kept = [{key: rule[key] for key in ("name", *CHECKS[rule["name"]].needs)} for rule in whole]
    try:
        size = len(canonical_json(kept).encode())
    except UnicodeEncodeError:
        raise ShapeError("a rule holds broken surrogates") from None
    if size > MAX_TEXT_CHARS:
        raise ShapeError(f"rules of {size:,} bytes, over the limit of {MAX_TEXT_CHARS:,}")
    return tuple(kept)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


SHAPES = (
    Shape("taught", frozenset({"instruction", "output", "checks"}), _taught),
    Shape("IFEval", frozenset({"prompt", "instruction_id_list", "kwargs"}), _ifeval),
    Shape("self-instruct", frozenset({"instruction", "instances"}), _self_instruct),
    Shape("alpaca", frozenset({"instruction", "output"}), _alpaca),
    Shape("dolly", frozenset({"instruction", "response"}), _dolly),
    Shape("messages", frozenset({"messages"}), _messages),
    Shape("mt_bench", frozenset({"turns"}), _mt_bench),
    Shape("prompt/completion", frozenset({"prompt", "completion"}), _prompt_completion),
    Shape("GSM8K socratic", frozenset({"question", "answer"}), _gsm8k),
)


def records_of(row: Row) -> tuple[str, list[Record]]:
    """The shape of a row and its records; raises ShapeError with the reason when the row cannot be read."""
    if row.fault:
        raise ShapeError(row.fault)
    filled = {key for key, value in row.values.items() if value is not None}  # tables hold a null where a row has no such key
    shape = next((shape for keys in (filled, row.values.keys()) for shape in SHAPES if shape.keys <= keys), None)
    if shape is None:
        raise ShapeError(f"no known shape has the keys {', '.join(sorted(map(str, row.values)))[:80]}")
    return shape.name, [Record(row.where, tuple(tasks), context) for context, tasks in shape.read(row.values)]
