"""Put words into alphabetical order.

problem   {"words": ["pear", "fig", "oak"]}
answer    fig, oak, pear
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(2, 5))}


def solve(params: Params) -> str:
    return ", ".join(sorted(params["words"]))


def slots(params: Params, lang: Language) -> Slots:
    return {"words": ", ".join(params["words"])}


FAMILY = Family(
    name="sort_words",
    group="lists and sorting",
    memory="instruction",
    answer="items",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
    paraphrases={
        "en": (
            "Sort these words alphabetically, separated by commas: {words}.",
            "Put these words in alphabetical order, with commas between them: {words}.",
            "Arrange the words {words} from A to Z, separated by commas.",
            "List the following words in the order of a dictionary, separated by commas: {words}.",
            "Write the words {words} in alphabetical order, separated by commas.",
            "Order this list from A to Z and keep the commas: {words}.",
            "Bring these words into alphabetical order, with commas between them: {words}.",
            "Give this list again, sorted alphabetically, with commas: {words}.",
        )
    },
)
