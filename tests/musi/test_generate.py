"""Index → item: pure, golden, and true to the recipe of its split."""

import hashlib
import re
from collections import Counter
from typing import get_args

import pytest

from musi.build import item_line, split_lines
from musi.compose import STYLES, is_bound, render_answer
from musi.constraints import CONSTRAINTS, offered
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.generate import (
    MAX_DISTANCE,
    OOD_FAMILIES,
    OOD_STYLES,
    PARTITIONS,
    RELEASE,
    build_item,
    check_capacity,
    item_key,
    partition,
    problem_key,
    release_name,
)
from musi.languages import LANGUAGES, count_words
from musi.release import lock
from musi.schema import CANARY, SPLITS, Memory, load_params
from musi.score import score_response

GOLDEN = [
    ("en", "train", 0, "23d430fb9d3f2e6d"),
    ("en", "train", 7, "960efff882082472"),
    ("en", "train", 199, "5690714721f1d290"),
    ("en", "validation", 7, "9098526a3fab86b4"),
    ("en", "test_iid", 7, "50ce8cc9392744e3"),
    ("en", "test_ood", 7, "284ca61226d8b605"),
    ("de", "train", 0, "782eaf75928b6eef"),
    ("de", "train", 7, "3b00f0904903b2d3"),
    ("de", "train", 199, "347814f9565b249e"),
    ("de", "validation", 7, "ffb8a0a8948456db"),
    ("de", "test_iid", 7, "142c30567d66701c"),
    ("de", "test_ood", 7, "be9dbb67fd0da179"),
    ("es", "train", 0, "a5386b31d55022e5"),
    ("es", "train", 7, "f05388634af0ee27"),
    ("es", "train", 199, "d50e400e3b850fa6"),
    ("es", "validation", 7, "407fb9eecf62d65d"),
    ("es", "test_iid", 7, "1c34edbe91189d0d"),
    ("es", "test_ood", 7, "a3da2851e460f768"),
    ("fr", "train", 0, "32ecfc405e41a370"),
    ("fr", "train", 7, "852000c15dcfae94"),
    ("fr", "train", 199, "0d4afe27a934475d"),
    ("fr", "validation", 7, "ffcf5a9667c7613d"),
    ("fr", "test_iid", 7, "96110877e6261bb2"),
    ("fr", "test_ood", 7, "fa1a6cff11369df5"),
    ("zh", "train", 0, "4abfdbbd9f14ae44"),
    ("zh", "train", 7, "044ea971da59a2ca"),
    ("zh", "train", 199, "0653415788aad70f"),
    ("zh", "validation", 7, "3bf2b454b721a591"),
    ("zh", "test_iid", 7, "19c4c34844afc407"),
    ("zh", "test_ood", 7, "e28747852b826f87"),
]


@pytest.mark.parametrize(("lang", "split", "index", "digest"), GOLDEN)
def test_golden_items(lang, split, index, digest):
    """Frozen bytes of release 1.0.0: a change here needs a new release, not a new number."""
    assert hashlib.sha256(item_line(build_item(split, index, lang=lang))).hexdigest().startswith(digest)


@pytest.mark.parametrize(("lang", "split"), [("en", "validation"), ("en", "test_ood"), ("de", "test_iid"), ("zh", "test_iid")])
def test_a_rebuilt_split_is_the_lock(lang, split):
    entry = lock(release_name(lang)).files[f"{split}.jsonl"]
    data = b"".join(split_lines(split, lang=lang))
    assert (len(data), hashlib.sha256(data).hexdigest()) == (entry.bytes, entry.sha256)


def test_items_are_pure():
    """The order of building does not matter."""
    forwards = [build_item("train", i) for i in range(10)]
    backwards = [build_item("train", i) for i in reversed(range(10))]
    assert forwards == backwards[::-1]


def test_attempts_give_other_items():
    assert len({item_key(build_item("train", 5, attempt)) for attempt in range(10)}) == 10


def test_ids_and_canary(items):
    for item in items:
        assert item.id == f"musi-{RELEASE}-{item.split}-{item.index:05d}"
        assert item.canary == CANARY
    assert len({item.id for item in items}) == len(items)


def test_gold_scores_one(items):
    for item in items:
        for mode in ("strict", "loose"):
            scored = score_response(item, item.answer, range(len(item.stages)), mode)
            assert all(scored.passed), (item.id, mode, [stage.reason for stage in scored.stages])
            assert scored.ordered
            assert scored.completed


def test_distance_is_the_words_of_gold_before_the_stage(items):
    for item in items:
        for k, stage in enumerate(item.stages):
            before = render_answer([earlier.answer for earlier in item.stages[:k]])
            headers = sum(re.fullmatch(r"\[\d+\]", line) is not None for line in before.splitlines())
            assert stage.distance == count_words(before) - headers
            assert stage.distance <= MAX_DISTANCE


def test_distances_are_spread():
    """Every bin of the retention curve up to the longest distance is served."""
    distances = [stage.distance for i in range(400) for stage in build_item("train", i).stages]
    for low, high in ((1, 25), (25, 50), (50, 100), (100, 200), (200, 400), (400, 801)):
        assert sum(low <= distance < high for distance in distances) > 0.04 * len(distances)


def test_every_kind_of_memory_is_a_fifth_of_the_stages():
    stages = [stage for i in range(600) for stage in build_item("train", i).stages]
    counts = Counter(kind for stage in stages for kind in stage.memory)
    assert all(counts[kind] >= 0.2 * len(stages) for kind in get_args(Memory)), counts


def test_rules_of_one_slot_never_meet(items):
    for item in items:
        slots = [CONSTRAINTS[rule.name].slot for rule in item.constraints]
        assert len(set(slots)) == len(slots)


def test_a_season_shares_no_problem_with_the_release():
    season = [build_item("test_iid", i, release="season-test") for i in range(200)]
    items = [build_item(split, i) for split in SPLITS for i in range(300)]
    released = {problem_key(stage.family, stage.params) for item in items for stage in item.stages}
    assert not released & {problem_key(stage.family, stage.params) for item in season for stage in item.stages}
    assert season[3].id == "musi-season-test-test_iid-00003"


def test_families_of_an_item_are_different_and_not_all_closed(items):
    for item in items:
        families = [stage.family for stage in item.stages]
        assert len(set(families)) == len(families)
        assert not all(FAMILIES[name].closed for name in families)


def test_memory_labels(items):
    """`constraint` stands exactly where a rule changed the answer or limits what may be written freely."""
    for item in items:
        for stage in item.stages:
            kind = FAMILIES[stage.family]
            plain = kind.solve(load_params(stage.params), LANGUAGES[item.lang])
            rules = [(rule.name, load_params(rule.params)) for rule in item.constraints]
            bound = ("constraint",) if is_bound(stage.answer, plain, kind.answer, rules) else ()
            assert stage.memory == (kind.memory, *bound)


def test_constraints_concern_a_stage_and_contradict_none(items):
    for item in items:
        kinds = {FAMILIES[stage.family].answer for stage in item.stages}
        for rule in item.constraints:
            assert kinds & CONSTRAINTS[rule.name].kinds
            assert not kinds & CONSTRAINTS[rule.name].excludes


def test_out_of_distribution_is_never_seen_in_training():
    """Families, style and chain lengths of test_ood do not occur in the other splits, and do occur in test_ood."""
    seen = [build_item(split, i) for split in SPLITS[:3] for i in range(300)]
    ood = [build_item("test_ood", i) for i in range(300)]
    assert not OOD_FAMILIES & {stage.family for item in seen for stage in item.stages}
    assert not OOD_STYLES & {item.style for item in seen}
    assert {item.style for item in seen} == set(STYLES) - OOD_STYLES
    assert not {len(item.stages) for item in seen} & {len(item.stages) for item in ood}
    assert {stage.family for item in ood for stage in item.stages} == set(FAMILIES)
    assert {item.style for item in ood} == OOD_STYLES
    assert {len(item.stages) for item in seen} == {2, 3, 4, 5, 6}
    assert {len(item.stages) for item in ood} == {7, 8}


def test_a_problem_of_an_open_family_belongs_to_one_split():
    owner: dict[bytes, str] = {}
    for split in SPLITS:
        for i in range(400):
            for stage in build_item(split, i).stages:
                if not FAMILIES[stage.family].closed:
                    key = problem_key(stage.family, stage.params)
                    assert owner.setdefault(key, split) == split
                    assert 0 <= partition(key) < PARTITIONS


def test_stage_positions_are_counterbalanced():
    """No family sits at the front or the back of the chain: order alone moves accuracy."""
    places: dict[str, list[float]] = {}
    for i in range(800):
        stages = build_item("train", i).stages
        for k, stage in enumerate(stages):
            places.setdefault(stage.family, []).append(k / (len(stages) - 1))
    for name, where in places.items():
        chance = 4 * 0.38 / len(where) ** 0.5  # four standard errors of a place that is as good as uniform
        assert abs(sum(where) / len(where) - 0.5) < chance, name


def test_lengths_and_rules_follow_their_weights():
    items = [build_item("train", i) for i in range(1000)]
    lengths = Counter(len(item.stages) for item in items)
    assert all(0.11 < lengths[n] / 1000 < 0.3 for n in (2, 3, 4, 5, 6))
    assert 0.2 < sum(not item.constraints for item in items) / 1000 < 0.45
    rules = {rule.name for item in items for rule in item.constraints}
    assert rules == {rule.name for rule in offered(LANGUAGES["en"])}


def test_item_key_ignores_order_and_wording():
    item = build_item("train", 0)
    turned = item.model_copy(update={"stages": item.stages[::-1], "style": "letter", "prompt": "other"})
    assert item_key(turned) == item_key(item)
    assert item_key(item) != item_key(build_item("train", 1))


def test_capacity_is_enough_for_the_release_and_is_checked():
    check_capacity("train", 19_000)
    with pytest.raises(MusiError, match=r"test_ood: .* items asked for, but its families give"):
        check_capacity("test_ood", 10**30)
