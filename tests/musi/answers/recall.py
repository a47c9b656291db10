"""Answers of the newer families phrased in `recall.toml`, worked out by other means than `solve`; `base.py` has the older."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from musi.languages import Language

Params = dict[str, Any]


def row_of(owners: str, values: str) -> Callable[[Params, Language], str]:
    """What stands beside the owner asked about."""
    return lambda params, lang: str(dict(zip(params[owners], params[values], strict=True))[params[owners][params["asked"]]])


def two_lists(params: Params, lang: Language) -> str:
    lists = dict(zip(params["names"], params["lists"], strict=True))
    told = [lang.parts("shopping_list", count=[str(n)], thing=[thing]) for n, thing in lists[params["names"][params["asked"]]]]
    return lang.comma.join(told)


def stock(params: Params, lang: Language) -> str:
    counts = dict(zip(params["things"], params["counts"], strict=True))
    return str(max(counts[params["things"][params[k]]] for k in ("more", "fewer")) - counts[params["things"][params["fewer"]]])


def cell(params: Params, lang: Language) -> str:
    """Column by column: the players' points in the round asked about."""
    column = list(zip(*params["points"], strict=True))[params["round"]]
    return str(dict(zip(params["names"], column, strict=True))[params["names"][params["asked"]]])


def backwards(column: str) -> Callable[[Params, Language], str]:
    def answer(params: Params, lang: Language) -> str:
        turned: deque[str] = deque()
        turned.extendleft(params[column])
        return lang.comma.join(turned)

    return answer


def neighbours(column: str) -> Callable[[Params], Iterator[tuple[str, str]]]:
    return lambda params: zip(params[column], params[column][1:], strict=False)


def middle(params: Params, lang: Language) -> str:
    """Whoever follows one neighbour and comes before the other."""
    names, asked = params["names"], params["asked"]
    after = dict(neighbours("names")(params))
    assert after[after[names[asked - 1]]] == names[asked + 1]
    return after[names[asked - 1]]


def from_on(params: Params, lang: Language) -> str:
    names, dropped = list(params["names"]), 0
    while names[0] != params["names"][params["asked"]]:
        del names[0]
        dropped += 1
    assert dropped == params["asked"]
    return lang.comma.join(names)


ANSWERS: dict[str, Callable[[Params, Language], str]] = {
    "between": middle,
    "colour_of": row_of("names", "colours"),
    "every_second": lambda p, lang: lang.comma.join(lot for k, lot in enumerate(p["lots"], start=1) if k % 2),
    "figure_difference": stock,
    "first_and_last": lambda p, lang: lang.comma.join([deque(p["names"]).popleft(), deque(p["names"]).pop()]),
    "home_town": row_of("names", "towns"),
    "list_from": from_on,
    "phone_number": row_of("names", "numbers"),
    "room_of": row_of("names", "rooms"),
    "shopping_list": two_lists,
    "stations_backwards": backwards("stations"),
    "step_number": lambda p, lang: str(1 + p["towns"].index(p["towns"][p["asked"]])),
    "stop_before": lambda p, lang: {after: before for before, after in neighbours("towns")(p)}[p["towns"][p["asked"]]],
    "table_cell": cell,
    "what_said": row_of("names", "sentences"),
    "who_said": row_of("sentences", "names"),
}

KNOWN: list[tuple[str, Params, str]] = [
    ("between", {"names": ["Ada", "Leo", "Mia", "Tom"], "asked": 2, "swapped": True}, "Mia"),
    ("colour_of", {"names": ["Ada", "Leo"], "colours": ["red", "blue"], "asked": 1}, "blue"),
    ("copy_message", {"sentences": ["The fox slept.", "The owl sang."]}, "The fox slept. The owl sang."),
    ("every_second", {"lots": ["lamp", "clock", "vase", "drum", "sled"]}, "lamp, vase, sled"),
    ("every_second", {"lots": ["lamp", "clock", "vase", "drum"]}, "lamp, vase"),
    ("figure_difference", {"things": ["maps", "mugs"], "counts": [17, 34], "more": 1, "fewer": 0}, "17"),
    ("first_and_last", {"names": ["Ada", "Leo", "Mia", "Tom"]}, "Ada, Tom"),
    ("home_town", {"names": ["Ada", "Leo"], "towns": ["Pisa", "Riga"], "asked": 0}, "Pisa"),
    ("list_from", {"names": ["Ada", "Leo", "Mia", "Tom"], "asked": 1}, "Leo, Mia, Tom"),
    ("phone_number", {"names": ["Ada", "Leo"], "numbers": [4521, 8067], "asked": 1}, "8067"),
    ("race_position", {"names": ["Ada", "Leo", "Mia"], "asked": 2}, "Mia"),
    ("recall_bringer", {"names": ["Ada", "Leo"], "things": ["the tent", "the stove"], "asked": 1}, "Leo"),
    ("recall_figure", {"things": ["lamps", "ropes"], "counts": [34, 17], "asked": 1}, "17"),
    ("recall_password", {"names": ["Ada", "Leo"], "passwords": ["comet", "daisy"], "asked": 0}, "comet"),
    ("room_of", {"names": ["Ada", "Leo"], "rooms": [12, 31], "asked": 0}, "12"),
    (
        "shopping_list",
        {"names": ["Ada", "Leo"], "lists": [[[9, "keys"]], [[6, "lemons"], [2, "lamps"]]], "asked": 1},
        "6 lemons, 2 lamps",
    ),
    ("speakers_backwards", {"names": ["Ada", "Leo", "Mia"]}, "Mia, Leo, Ada"),
    ("stations_backwards", {"stations": ["lamp", "river", "owl", "lamp 2"]}, "lamp 2, owl, river, lamp"),
    ("step_number", {"towns": ["Basel", "Lyon", "Turin", "Pisa"], "asked": 2}, "3"),
    ("stop_before", {"towns": ["Basel", "Lyon", "Turin", "Pisa"], "asked": 1}, "Basel"),
    ("table_cell", {"names": ["Ada", "Leo"], "points": [[12, 30], [5, 8]], "asked": 1, "round": 0}, "5"),
    ("table_cell", {"names": ["Ada", "Leo"], "points": [[12, 30], [5, 8]], "asked": 0, "round": 1}, "30"),
    ("what_said", {"names": ["Ada", "Leo"], "sentences": ["The fox slept.", "The owl sang."], "asked": 1}, "The owl sang."),
    ("who_said", {"names": ["Ada", "Leo"], "sentences": ["The fox slept.", "The owl sang."], "asked": 1}, "Leo"),
]
