"""Work out what a purchase of two kinds of things costs.

problem   {"name": "Ada", "things": ["lamps", "chairs"], "counts": [3, 4], "prices": [5, 12]}
answer    63
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {
        "name": rng.choice(lang.names),
        "things": rng.sample(lang.things, 2),
        "counts": [rng.randint(2, 9), rng.randint(2, 9)],
        "prices": rng.sample(range(2, 16), 2),
    }


def solve(params: Params, lang: Language) -> str:
    return str(sum(count * price for count, price in zip(params["counts"], params["prices"], strict=True)))


def slots(params: Params, lang: Language) -> Slots:
    things = params["things"]
    columns = {"count": list(map(str, params["counts"])), "thing": things, "price": list(map(str, params["prices"]))}
    return {"name": params["name"], "basket": lang.parts("price_total", **columns)}


FAMILY = Family(
    name="price_total",
    group="counting and arithmetic",
    memory="instruction",
    answer="integer",
    capacity=10**8,
    generate=generate,
    solve=solve,
    slots=slots,
)
