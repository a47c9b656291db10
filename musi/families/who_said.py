"""Recall who said a quoted sentence in the radio programme.

problem   {"names": ["Ada", "Leo"], "sentences": ["The old king sold the kite.", "The shy cook lost the jar."], "asked": 1}
context   Two guests spoke in the radio programme. Ada said: "The old king sold the kite." Leo said: "The shy cook lost the jar."
answer    Leo
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    sentences: list[str] = []
    while len(sentences) < size:
        sentence = lang.sentence(rng)
        if sentence not in sentences:
            sentences.append(sentence)
    return {"names": rng.sample(lang.names, size), "sentences": sentences, "asked": rng.below(size)}


def solve(params: Params, lang: Language) -> str:
    return params["names"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    part = phrasings(lang.code)["who_said"].part
    rows = zip(params["names"], params["sentences"], strict=True)
    return {
        "quotes": lang.word_gap.join([part.format(name=name, sentence=sentence) for name, sentence in rows]),
        "sentence": params["sentences"][params["asked"]].rstrip(".。"),
    }


FAMILY = Family(
    name="who_said",
    group="recall of context",
    memory="content",
    answer="text",
    capacity=60**2 * 10**6,
    generate=generate,
    solve=solve,
    slots=slots,
)
