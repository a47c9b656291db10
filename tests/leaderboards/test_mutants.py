"""A submission changed in one place is never accepted, however well the change is covered up: five hundred mutants and more."""

import copy
import json
import random
import shutil
from collections import Counter

import pytest
import yaml

from leaderboards.check import check
from leaderboards.submission import CARD, write_sums
from musi.errors import MusiError
from musi.generate import RELEASE
from tests.leaderboards.support import cover, only, read_rows, write_samples

MUTANTS = 510


class Mutant:
    """The parts of a submission, decoded, to be changed in one place and written again with new digests."""

    def __init__(self, folder):
        self.rows = read_rows(folder)
        self.results = json.loads(only(folder, "results_*.json").read_text())
        self.card = yaml.safe_load((folder / CARD).read_text())
        self.covered = False

    def write(self, folder):
        if self.covered:
            self.results["task_hashes"]["musi_quick"] = cover(self.rows)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows)
        write_samples(only(folder, "samples_*"), lines.encode())
        only(folder, "results_*.json").write_text(json.dumps(self.results))
        (folder / CARD).write_text(yaml.safe_dump(self.card, allow_unicode=True))
        write_sums(folder)


def response(mutant, rng):
    """A stage that failed is answered right, or one that passed is answered wrong."""
    row = rng.choice(mutant.rows)
    k = rng.randrange(len(row["resps"]))
    answers = [row["doc"]["answer"], *(f"[1]\n{stage['answer']}" for stage in row["doc"]["stages"])]
    right = row["resps"][k][0] == answers[k]
    row["resps"][k][0] = rng.choice(["", "[1]\n", "I forgot.", "[1]\nxyz"]) if right else answers[k]
    mutant.covered = True


def score(mutant, rng):
    """One logged score, of a stage or an item."""
    row = rng.choice(mutant.rows)
    name = rng.choice([name for name in row["metrics"] if row[name]])
    k = rng.randrange(len(row[name]))
    old = row[name][k]
    if isinstance(old, list):
        row[name][k] = [not old[0], old[1]]
    else:
        row[name][k] = not old if isinstance(old, bool) else old + rng.choice([1, 1e-3, -1])


def claim(mutant, rng):
    """One claimed figure, by much or by little."""
    table = mutant.results["results"]["musi_quick"]
    name = rng.choice([name for name, value in table.items() if isinstance(value, float | int)])
    table[name] += rng.choice([1e-6, 0.01, 1, -1e-4]) * max(1, abs(table[name]))


def digest(mutant, rng):
    """One hash of lm-eval's, by one digit."""
    places = [(row, name) for row in mutant.rows for name in ("doc_hash", "prompt_hash", "target_hash")]
    table, name = rng.choice([*places, *[(mutant.results["task_hashes"], "musi_quick")] * 20])
    k = rng.randrange(64)
    table[name] = table[name][:k] + rng.choice([c for c in "0123456789abcdef" if c != table[name][k]]) + table[name][k + 1 :]


def identity(mutant, rng):
    """One item's id, or one item in another's place."""
    row = rng.choice(mutant.rows)
    other = rng.choice([each for each in mutant.rows if each is not row])
    new = rng.choice(
        [other["doc"]["id"], f"musi-{RELEASE}-test_iid-{rng.randrange(1_000, 99_999):05d}", row["doc"]["id"] + "0", "", "musi-"]
    )
    row["doc"] = copy.deepcopy(other["doc"]) if rng.random() < 0.3 else {**row["doc"], "id": new}
    mutant.covered = True


def version(mutant, rng):
    """One version or digest of the data, in the card, in the results, or in both."""
    field, value = rng.choice(
        [("version", rng.choice([0.0, 1.0, 1.5, 99.0])), ("release", rng.choice(["0.0.1", "9.9.9", RELEASE + "-xx", ""])),
         ("lock_sha256", rng.choice("0123456789abcdef") * 64), ("scorer_version", rng.choice([0, 98, 99]))]
    )  # fmt: skip
    where = rng.choice(["card", "results", "both", "table"])
    if where in ("card", "both"):
        (mutant.card if field == "scorer_version" else mutant.card["tasks"][0])[field] = value
    if where in ("results", "both"):
        mutant.results["configs"]["musi_quick"]["metadata"][field] = value
    if where == "table":
        mutant.results["versions"]["musi_quick"] = 7.0


KINDS = (response, score, claim, digest, identity, version)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_mutant_is_accepted(pristine, tmp_path, kind):
    rng = random.Random(kind.__name__)
    whole = Mutant(pristine)
    folder = shutil.copytree(pristine, tmp_path / "mutant")
    whole.write(folder)
    assert check(folder).tier == "re-scored"  # writing alone changes nothing
    reasons: Counter[str] = Counter()
    for _ in range(MUTANTS // len(KINDS)):
        mutant = copy.copy(whole)
        mutant.rows, mutant.results, mutant.card = (
            json.loads(json.dumps(part)) for part in (whole.rows, whole.results, whole.card)
        )
        kind(mutant, rng)
        assert (mutant.rows, mutant.results, mutant.card) != (whole.rows, whole.results, whole.card)
        mutant.write(folder)
        with pytest.raises(MusiError) as caught:
            check(folder)
        reasons[str(caught.value).split(": ", 1)[1][:20]] += 1
    assert sum(reasons.values()) == MUTANTS // len(KINDS)


def test_every_changed_byte_is_seen(pristine, tmp_path):
    """Without new digests, any flipped bit of any file is refused."""
    rng = random.Random(0)
    folder = shutil.copytree(pristine, tmp_path / "mutant")
    for _ in range(100):
        path = rng.choice(sorted(folder.iterdir()))
        content = bytearray(path.read_bytes())
        k = rng.randrange(len(content))
        content[k] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        with pytest.raises(MusiError):
            check(folder)
        shutil.copyfile(pristine / path.name, path)
    assert check(folder).tier == "re-scored"
