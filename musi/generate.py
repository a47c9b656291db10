"""Index → Item: a pure function of (release, split, index, attempt), whatever machine or worker calls it."""

from dataclasses import dataclass
from hashlib import blake2b

from musi.compose import STYLES, apply_rules, count_words, render_answer, render_prompt
from musi.constraints import CONSTRAINTS
from musi.errors import MusiError
from musi.families import FAMILIES, Family, Params
from musi.languages import LANGUAGES, Language
from musi.rng import Stream
from musi.schema import CANARY, SPLITS, Constraint, Item, Memory, Split, Stage, canonical_json

RELEASE = "0.1.0"
LICENCE = "CC-BY-4.0"
SIZES: dict[Split, int] = {"train": 19_000, "validation": 1_000, "test_iid": 1_000, "test_ood": 1_000}
MAX_DISTANCE = 400
PARTITIONS = 22  # problems fall into 22 parts: 19 for train and one for each other split
OOD_FAMILIES = frozenset({"spell_out", "recall_password", "queue_next"})
OOD_STYLES = frozenset({"table"})
OOD_STAGES = (7, 8)
IID_STAGES = {2: 0.15, 3: 0.2, 4: 0.25, 5: 0.2, 6: 0.2}
FILLERS = {0: 0.4, 1: 0.25, 2: 0.2, 3: 0.15}
RULES = {0: 0.55, 1: 0.33, 2: 0.12}
MAX_DRAWS = 10_000


@dataclass(frozen=True)
class Recipe:
    """What a split is composed of."""

    families: tuple[Family, ...]
    styles: tuple[str, ...]
    stages: dict[int, float]
    partitions: range


def recipe(split: Split) -> Recipe:
    """Families, styles, chain lengths and parameter partitions of a split; test_ood shares the first three with no other."""
    if split == "test_ood":
        stages = dict.fromkeys(OOD_STAGES, 0.5)
        return Recipe(tuple(FAMILIES.values()), tuple(OOD_STYLES), stages, range(PARTITIONS - 1, PARTITIONS))
    families = tuple(family for family in FAMILIES.values() if family.name not in OOD_FAMILIES)
    styles = tuple(style for style in STYLES if style not in OOD_STYLES)
    position = SPLITS.index(split)
    partitions = range(19) if split == "train" else range(18 + position, 19 + position)
    return Recipe(families, styles, IID_STAGES, partitions)


RECIPES = {split: recipe(split) for split in SPLITS}


def problem_key(family: str, params_json: str) -> bytes:
    """Digest of one canonical problem: what uniqueness and disjointness are judged on."""
    return blake2b(f"{family}\x1f{params_json}".encode(), digest_size=8).digest()


def item_key(item: Item) -> bytes:
    """Digest of an item's canonical problems, whatever their order and wording."""
    keys = sorted(problem_key(stage.family, stage.params) for stage in item.stages)
    return blake2b(b"".join(keys), digest_size=16).digest()


def partition(key: bytes) -> int:
    """The part, 0 to 21, that a problem belongs to."""
    return int.from_bytes(key, "big") % PARTITIONS


def check_capacity(split: Split, items: int) -> None:
    """Raise MusiError when the split's families may not give so many different items.

    Counted from below: the pairs of problems of two different open families, in the split's share of each.
    """
    share = len(RECIPES[split].partitions) / PARTITIONS
    problems = [family.capacity * share for family in RECIPES[split].families if not family.closed]
    room = int((sum(problems) ** 2 - sum(count**2 for count in problems)) / 2)
    if items > room:
        raise MusiError(f"{split}: {items:,} items asked for, but its families give {room:,}; ask for fewer with --items")


def build_item(split: Split, index: int, attempt: int = 0, lang_code: str = "en") -> Item:
    """Item `index` of `split` in release `RELEASE`; `attempt` counts the collisions met before."""
    plan = RECIPES[split]
    lang = LANGUAGES[lang_code]
    item_id = f"musi-{RELEASE}-{split}-{index:05d}"
    rng = Stream(RELEASE, lang_code, split, index, attempt)
    style = rng.choice(plan.styles)
    n_stages = rng.weighted(plan.stages)
    drawn = _draw_rules(rng, lang)
    families = _draw_families(rng, plan, n_stages, {kind for name, _ in drawn for kind in CONSTRAINTS[name].excludes})
    rules = [(name, params) for name, params in drawn if any(family.answer in CONSTRAINTS[name].kinds for family in families)]

    problems = [_draw_problem(rng, lang, plan, family, rules) for family in families]
    while sum(count_words(answer) for _, _, answer in problems[:-1]) > MAX_DISTANCE:
        problems = [_draw_problem(rng, lang, plan, family, rules) for family in families]

    stages: list[Stage] = []
    contexts: list[str] = []
    distance = 0
    for family, (params, params_json, answer) in zip(families, problems, strict=True):
        slots = family.slots(params, lang)
        if family.contexts is not None:
            contexts.append(rng.choice(family.contexts[lang.code]).format(**slots))
        stages.append(
            Stage(
                family=family.name,
                instruction=rng.choice(family.paraphrases[lang.code]).format(**slots),
                answer=answer,
                params=params_json,
                memory=_memory(family, params, answer),
                distance=distance,
            )
        )
        distance += count_words(answer)

    context = " ".join(rng.shuffle(contexts))
    constraints = tuple(
        Constraint(
            name=name,
            text=rng.choice(CONSTRAINTS[name].paraphrases[lang.code]).format(**params),
            params=canonical_json(params),
        )
        for name, params in rules
    )
    instructions = [stage.instruction for stage in stages]
    return Item(
        id=item_id,
        release=RELEASE,
        split=split,
        index=index,
        lang=lang.code,
        style=style,
        context=context,
        constraints=constraints,
        stages=tuple(stages),
        prompt=render_prompt(item_id, lang, style, context, [rule.text for rule in constraints], instructions),
        answer=render_answer([stage.answer for stage in stages]),
        canary=CANARY,
    )


def _draw_rules(rng: Stream, lang: Language) -> list[tuple[str, Params]]:
    names = rng.sample(tuple(CONSTRAINTS), rng.weighted(RULES))
    return [(name, CONSTRAINTS[name].generate(rng, lang)) for name in names]


def _draw_families(rng: Stream, plan: Recipe, n_stages: int, excluded: set[str]) -> list[Family]:
    """Different families in random order: some fillers, the rest short, and never only closed ones."""
    allowed = [family for family in plan.families if family.answer not in excluded]
    fillers = [family for family in allowed if family.filler]
    short = [family for family in allowed if not family.filler]
    n_fillers = min(rng.weighted(FILLERS), n_stages - 1)
    while True:
        chosen = rng.sample(fillers, n_fillers) + rng.sample(short, n_stages - n_fillers)
        if not all(family.closed for family in chosen):
            return rng.shuffle(chosen)


def _draw_problem(
    rng: Stream, lang: Language, plan: Recipe, family: Family, rules: list[tuple[str, Params]]
) -> tuple[Params, str, str]:
    """A problem of the split's partition, its canonical JSON, and its gold answer under the rules."""
    for _ in range(MAX_DRAWS):
        params = family.generate(rng, lang)
        params_json = canonical_json(params)
        if family.closed or partition(problem_key(family.name, params_json)) in plan.partitions:
            return params, params_json, apply_rules(family.solve(params), family.answer, rules)
    raise MusiError(f"{family.name}: no problem for this split in {MAX_DRAWS:,} draws; report it as a bug of this family")


def _memory(family: Family, params: Params, answer: str) -> tuple[Memory, ...]:
    bound = answer != family.solve(params)
    return (family.memory, "constraint") if bound else (family.memory,)
