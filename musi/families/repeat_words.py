"""Write a pair of words again and again: a long answer that pushes later stages away from the prompt.

problem   {"words": ["red", "lamp"], "times": 3}
answer    red lamp, red lamp, red lamp
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": [rng.choice(lang.adjectives), rng.choice(lang.nouns)], "times": rng.randint(2, 60)}


def solve(params: Params) -> str:
    return ", ".join([" ".join(params["words"])] * params["times"])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": " ".join(params["words"]), "times": str(params["times"])}


FAMILY = Family(
    name="repeat_words",
    group="text editing",
    memory="instruction",
    answer="items",
    capacity=90 * 200 * 59,
    generate=generate,
    solve=solve,
    slots=slots,
    filler=True,
    paraphrases={
        "en": (
            'Write "{words}" {times} times, separated by commas.',
            'Repeat the words "{words}" {times} times, with commas between the repetitions.',
            'Copy out "{words}" {times} times and put a comma after each copy but the last.',
            'Put "{words}" down {times} times in a row, separated by commas.',
            'Give me {times} copies of "{words}", separated by commas.',
            'Say "{words}" {times} times, with a comma between one time and the next.',
            'Type "{words}" exactly {times} times, separated by commas.',
            'Make a comma-separated list that holds "{words}" {times} times and nothing else.',
        )
    },
)
