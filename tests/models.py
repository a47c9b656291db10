"""lm-eval models that know the gold answers, and lm-eval's own evaluator and tracker around them."""

import functools
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

from musi.compose import SEPARATOR, render_answer, rephrased_single_prompt, single_prompt
from musi.release import load_split

TASKS = Path(__file__).parents[1] / "tasks"


@functools.cache
def gold_answers() -> dict[str, str]:
    """Prompt → gold answer: of every whole prompt of test_iid, also shown twice, and of each stage alone, in two phrasings."""
    gold = {}
    for item in load_split("test_iid"):
        gold[item.prompt] = gold[item.prompt + SEPARATOR + item.prompt] = item.answer
        for k, stage in enumerate(item.stages):
            for prompt in (single_prompt, rephrased_single_prompt):
                gold[prompt(item, k)] = render_answer([stage.answer])
    return gold


class Gold(LM):
    """Answers with the gold text; after `words` words of a response, with `lost` instead of every further answer."""

    def __init__(self, words: float = float("inf"), lost: str = "lost") -> None:
        super().__init__()
        self.words, self.lost = words, lost
        self.requests: list[Instance] = []
        self.gold = gold_answers()

    def respond(self, prompt: str) -> str:
        lines, words = [], 0
        for line in self.gold[prompt.removesuffix(SEPARATOR)].split("\n"):
            lines.append(line if line.startswith("[") or words < self.words else self.lost)
            words += 0 if line.startswith("[") else len(line.split())
        return "\n".join(lines)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        self.requests += requests
        return [self.respond(request.args[0]) for request in requests]

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Sure of every answer that begins within `words` words of earlier answers."""
        self.requests += requests
        sure = [len(request.args[0].split(SEPARATOR)[-1].split()) <= self.words for request in requests]
        return [(-0.25 if each else -40.0, each) for each in sure]

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError


class Silent(Gold):
    """Answers nothing, and is sure of nothing."""

    def respond(self, prompt: str) -> str:
        return ""

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        return [(-40.0, False) for _ in requests]


class Chat(Gold):
    """A chat model: sees every prompt in its template."""

    tokenizer_name = "none"

    def chat_template(self, chat_template: bool | str = False) -> str:
        return "template"

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        turns = "".join(f"<{turn['role']}>{turn['content']}</{turn['role']}>" for turn in chat_history)
        return turns + ("<assistant>" if add_generation_prompt else "")

    def respond(self, prompt: str) -> str:
        return super().respond(prompt.split("<user>")[1].split("</user>")[0])


def evaluate(model: LM | str, task: str, out: Path | None = None, limit: int = 12, **options: Any) -> dict[str, Any]:
    """lm-eval's table row of the task; with `out`, results and samples are saved there by lm-eval's tracker."""
    tracker = EvaluationTracker(output_path=str(out)) if out else None
    results = lm_eval.simple_evaluate(
        model=model,
        tasks=[task],
        limit=limit,
        bootstrap_iters=0,
        log_samples=out is not None,
        evaluation_tracker=tracker,
        task_manager=TaskManager(include_path=[str(TASKS)], include_defaults=False),
        **options,
    )
    if tracker is not None:
        samples = results.pop("samples")
        tracker.save_results_aggregated(results=results, samples=samples)
        tracker.save_results_samples(task_name=task, samples=samples[task])
    return {key.removesuffix(",none"): value for key, value in results["results"][task].items()}
