"""Write people and their towns as a Markdown table.

problem   {"names": ["Ada", "Leo"], "towns": ["Pisa", "Riga"]}
answer    | name | town |
          | --- | --- |
          | Ada | Pisa |
          | Leo | Riga |
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    return {"names": rng.sample(lang.names, size), "towns": [rng.choice(lang.places) for _ in range(size)]}


def solve(params: Params, lang: Language) -> str:
    rows = zip(params["names"], params["towns"], strict=True)
    head = " | ".join(phrasings(lang.code)["markdown_table"].part.split())
    return "\n".join([f"| {head} |", "| --- | --- |", *(f"| {name} | {town} |" for name, town in rows)])


def slots(params: Params, lang: Language) -> Slots:
    first, second = phrasings(lang.code)["markdown_table"].part.split()
    rows = zip(params["names"], params["towns"], strict=True)
    return {"first": first, "second": second, "people": lang.listed([f"{name} ({town})" for name, town in rows])}


FAMILY = Family(
    name="markdown_table",
    group="formats",
    memory="instruction",
    answer="block",
    capacity=(60 * 40) ** 2,
    generate=generate,
    solve=solve,
    slots=slots,
)
