"""Index → Item: a pure function of (release, language, split, index, attempt), whatever machine or worker calls it."""

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

from musi.compose import STYLES, apply_rules, is_bound, render_answer, render_prompt
from musi.constraints import CONSTRAINTS, ConstraintKind, offered
from musi.errors import MusiError
from musi.families import FAMILIES, Family, Params
from musi.languages import LANGUAGES, Language, count_words
from musi.matching import AnswerKind
from musi.rng import Stream
from musi.schema import CANARY, SPLITS, Constraint, Item, Memory, Split, Stage, canonical_json

RELEASE = "1.0.0"
LICENCE = "CC-BY-4.0"
SIZES: dict[Split, int] = {"train": 19_000, "validation": 1_000, "test_iid": 1_000, "test_ood": 1_000}
MAX_DISTANCE = 800  # words of gold answer before the last stage
PARTITIONS = 8  # problems fall into 8 parts: 4 for train, one for each other split, one kept back for seasons
OOD_FAMILIES = frozenset({"spell_out", "recall_password", "queue_next", "multiply", "csv_rows", "acrostic", "country_of"})
OOD_STYLES = frozenset({"table"})
OOD_STAGES = (7, 8)
IID_STAGES = {2: 0.15, 3: 0.2, 4: 0.25, 5: 0.2, 6: 0.2}
RULES = {0: 0.3, 1: 0.45, 2: 0.25}
MEMORY: dict[Memory, float] = {"instruction": 0.4, "content": 0.3, "order": 0.3}
FILLER_WORDS = {(0, 0): 0.28, (10, 50): 0.14, (50, 100): 0.12, (100, 200): 0.14, (200, 400): 0.16, (400, 750): 0.16}
MAX_FILLERS = 3
MAX_TOLD_WORDS = 100  # of a long answer that the context has to tell
MAX_DRAWS = 10_000


@dataclass(frozen=True)
class Recipe:
    """What a split is composed of. `fillers` are the families that stretch, `untold` those of them without a context."""

    families: tuple[Family, ...]
    by_memory: dict[Memory, tuple[Family, ...]]
    fillers: tuple[Family, ...]
    untold: tuple[Family, ...]
    styles: tuple[str, ...]
    stages: dict[int, float]
    partitions: range


@cache
def recipe(split: Split, lang: str = "en", season: bool = False) -> Recipe:
    """Families, styles, chain lengths and parameter partitions of a split; test_ood shares the last three with no other.

    A season's problems come from partitions of their own, and never from closed families, whose problems are everybody's.
    """
    position = SPLITS.index(split)
    partitions = range(4) if split == "train" else range(3 + position, 4 + position)
    families = tuple(family for family in FAMILIES.values() if family.asks(LANGUAGES[lang]))
    if season:
        families = tuple(family for family in families if not family.closed)
        partitions = range(PARTITIONS - 1, PARTITIONS)
    if split == "test_ood":
        styles, stages = tuple(OOD_STYLES), dict.fromkeys(OOD_STAGES, 0.5)
    else:
        styles, stages = tuple(style for style in STYLES if style not in OOD_STYLES), IID_STAGES
        families = tuple(family for family in families if family.name not in OOD_FAMILIES)
    fillers = tuple(family for family in families if family.stretch)
    return Recipe(
        families=families,
        by_memory={memory: tuple(family for family in families if family.memory == memory) for memory in MEMORY},
        fillers=fillers,
        untold=tuple(family for family in fillers if family.memory == "instruction"),
        styles=styles,
        stages=stages,
        partitions=partitions,
    )


def release_name(lang: str, release: str = RELEASE) -> str:
    """What a release is called in a language: `1.0.0` in English, `1.0.0-de` in German."""
    return release if lang == "en" else f"{release}-{lang}"


def problem_key(family: str, params_json: str) -> bytes:
    """Digest of one canonical problem: what uniqueness and disjointness are judged on."""
    return blake2b(f"{family}\x1f{params_json}".encode(), digest_size=8).digest()


def item_key(item: Item) -> bytes:
    """Digest of an item's canonical problems, whatever their order and wording."""
    keys = sorted(problem_key(stage.family, stage.params) for stage in item.stages)
    return blake2b(b"".join(keys), digest_size=16).digest()


def partition(key: bytes) -> int:
    """The part, from 0, that a problem belongs to."""
    return int.from_bytes(key, "big") % PARTITIONS


def check_capacity(split: Split, items: int, lang: str = "en") -> None:
    """Raise MusiError when the split's families may not give so many different items.

    Counted from below: the pairs of problems of two different open families, in the split's share of each.
    """
    plan = recipe(split, lang)
    share = len(plan.partitions) / PARTITIONS
    problems = [family.capacity * share for family in plan.families if not family.closed]
    room = int((sum(problems) ** 2 - sum(count**2 for count in problems)) / 2)
    if items > room:
        raise MusiError(f"{split}: {items:,} items asked for, but its families give {room:,}; ask for fewer with --items")


def build_item(split: Split, index: int, attempt: int = 0, lang: str = "en", release: str = RELEASE) -> Item:
    """Item `index` of `split` in `release`; `attempt` counts the collisions met before.

    A `release` other than `RELEASE` is a season, whose problems occur in no release.
    """
    plan = recipe(split, lang, release != RELEASE)
    language = LANGUAGES[lang]
    name = release_name(lang, release)
    item_id = f"musi-{name}-{split}-{index:05d}"
    rng = Stream(release, lang, split, index, attempt)
    style = rng.choice(plan.styles)
    families = _draw_families(rng, plan)
    problems, plain = _draw_problems(rng, language, plan, families)
    while sum(lengths := [count_words(answer) for answer in plain[:-1]]) > MAX_DISTANCE - 4 * len(plain):  # room for rules' marks
        problems, plain = _draw_problems(rng, language, plan, families)
    answers = [(family.answer, answer) for (family, _), answer in zip(families, plain, strict=True)]
    rules = _draw_rules(rng, language, answers)

    stages: list[Stage] = []
    contexts: list[str] = []
    distance = 0
    for (family, _), (params, params_json), bare, words in zip(families, problems, plain, [*lengths, 0], strict=True):
        slots = family.slots(params, language)
        if tells := family.tells(language):
            contexts.append(rng.choice(tells).format(**slots))
        answer = apply_rules(bare, family.answer, rules, language)
        bound: tuple[Memory, ...] = ("constraint",) if is_bound(answer, bare, family.answer, rules) else ()
        stages.append(
            Stage(
                family=family.name,
                instruction=rng.choice(family.asks(language)).format(**slots),
                answer=answer,
                params=params_json,
                memory=(family.memory, *bound),
                distance=distance,
            )
        )
        distance += words if answer is bare else count_words(answer)

    context = language.word_gap.join(rng.shuffle(contexts))
    constraints = tuple(
        Constraint(name=name, text=rng.choice(CONSTRAINTS[name].says(language)).format(**params), params=canonical_json(params))
        for name, params in rules
    )
    instructions = [stage.instruction for stage in stages]
    return Item(
        id=item_id,
        release=name,
        split=split,
        index=index,
        lang=lang,
        style=style,
        context=context,
        constraints=constraints,
        stages=tuple(stages),
        prompt=render_prompt(item_id, language, style, context, [rule.text for rule in constraints], instructions),
        answer=render_answer([stage.answer for stage in stages]),
        canary=CANARY,
    )


def _draw_rules(rng: Stream, lang: Language, answers: list[tuple[AnswerKind, str]]) -> list[tuple[str, Params]]:
    """Rules with their parameters that concern some of the plain answers, contradict none, and keep out of each other's way."""
    kinds = {kind for kind, _ in answers}
    count = rng.weighted(RULES)
    drawn: list[ConstraintKind] = []
    settled: list[tuple[str, Params]] = []
    for rule in rng.shuffle(offered(lang)) if count else ():
        concerned = kinds & rule.kinds if rule.slot != "limit" else kinds & {"open"}
        if not concerned or kinds & rule.excludes or any(rule.slot == other.slot for other in drawn):
            continue
        if (trial := _settle_rules(rng, lang, [*drawn, rule], answers)) is not None:
            drawn.append(rule)
            settled = trial
            if len(drawn) == count:
                break
    return rng.shuffle(settled)


def _settle_rules(
    rng: Stream, lang: Language, rules: list[ConstraintKind], answers: list[tuple[AnswerKind, str]]
) -> list[tuple[str, Params]] | None:
    """Parameters of each rule, drawn in the order in which the rules are applied; None when one does not suit the answers."""
    settled: list[tuple[str, Params]] = []
    for rule in sorted(rules, key=lambda rule: rule.rank):
        obeying = [apply_rules(answer, kind, settled, lang) for kind, answer in answers if kind in rule.kinds]
        params = rule.generate(rng, lang, obeying)
        if params is None:
            return None
        settled.append((rule.name, params))
    return settled


def _draw_families(rng: Stream, plan: Recipe) -> list[tuple[Family, int]]:
    """Different families in random order, with the words that each one's answer shall have (0: as it comes).

    The words of a few long answers add up to what is drawn from `FILLER_WORDS`, the rest are short; never only closed ones.
    """
    n_stages = rng.weighted(plan.stages)
    total = rng.randint(*rng.weighted(FILLER_WORDS))
    n_long = rng.randint(1, min(MAX_FILLERS, n_stages - 1)) if total else 0
    long = rng.sample(plan.untold if total > MAX_TOLD_WORDS and n_long == 1 else plan.fillers, n_long)
    if total > MAX_TOLD_WORDS and not any(family in plan.untold for family in long):
        long[0] = rng.choice(plan.untold)
    chosen: dict[Family, int] = {}
    for family in sorted(long, key=lambda family: family.memory == "instruction"):
        share = max((total - sum(chosen.values())) // (n_long - len(chosen)), 5)
        chosen[family] = share if family.memory == "instruction" else min(share, MAX_TOLD_WORDS)
    while len(chosen) < n_stages:
        chosen.setdefault(rng.choice(plan.by_memory[rng.weighted(MEMORY)]), 0)
    if all(family.closed for family in chosen):
        return _draw_families(rng, plan)
    return rng.shuffle(tuple(chosen.items()))


def _draw_problems(
    rng: Stream, lang: Language, plan: Recipe, families: list[tuple[Family, int]]
) -> tuple[list[tuple[Params, str]], list[str]]:
    """A problem of every family with its canonical JSON, and their plain answers."""
    problems = [_draw_problem(rng, lang, plan, family, words) for family, words in families]
    return problems, [family.solve(params, lang) for (family, _), (params, _) in zip(families, problems, strict=True)]


def _draw_problem(rng: Stream, lang: Language, plan: Recipe, family: Family, words: int) -> tuple[Params, str]:
    """A problem of the split's partition and its canonical JSON; its answer has about `words` words, if any are asked for."""
    for _ in range(MAX_DRAWS):
        if words and family.stretch:
            params = family.stretch(rng, lang, rng.randint(words * 9 // 10, words * 11 // 10))
        else:
            params = family.generate(rng, lang)
        params_json = canonical_json(params)
        if family.closed or partition(problem_key(family.name, params_json)) in plan.partitions:
            return params, params_json
    raise MusiError(f"{family.name}: no problem for this split in {MAX_DRAWS:,} draws; report it as a bug of this family")
