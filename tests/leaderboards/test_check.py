"""`check`: valid submissions pass with the numbers lm-eval printed; every mutant is refused with file and reason."""

import json
import re
import shutil

import pytest
import zstandard

from leaderboards.check import check
from leaderboards.submission import CARD, SUMS, read_submission, submit, write_sums
from musi.errors import MusiError
from musi.generate import RELEASE
from tests.leaderboards.support import edit_card, edit_results, edit_rows, only, write_samples


def refused(folder, reason):
    """The check ends in one line that fits `reason`."""
    with pytest.raises(MusiError, match=reason) as caught:
        check(folder)
    assert "\n" not in str(caught.value)


def test_rescore_equals_what_lm_eval_printed(pristine):
    checked = check(pristine)
    printed = json.loads(only(pristine, "results_*.json").read_text())["results"]["musi_quick"]
    estimates = checked.tasks["musi_quick"].estimates
    assert checked.tier == "re-scored"
    assert re.search(r"^musi_quick: retention 0\.\d{3} \(0\.\d{3} to ", checked.summary(), re.MULTILINE)
    assert 0.2 < (estimates["retention"].value or 0) < 0.95
    for name, estimate in estimates.items():
        for printed_value, ours in ((printed[f"{name},none"], estimate.value), (printed[f"{name}_stderr,none"], estimate.stderr)):
            assert printed_value == ("N/A" if ours is None else pytest.approx(ours, rel=1e-12))


def test_undefined_retention_is_claimed_as_not_available(results, tmp_path):
    checked = check(submit(results("silent"), "Silent", tmp_path))
    assert checked.tasks["musi_quick"].estimates["retention"].value is None
    assert "retention undefined" in checked.summary()
    assert checked.tasks["musi_quick"].estimates["single_acc"].value == 0


def test_forced_tasks_are_self_reported(results, tmp_path):
    folder = submit(results("forced"), "Forced", tmp_path)
    checked = check(folder)
    assert checked.tier == "self-reported"
    assert checked.tasks["musi_forced"].estimates["bits_per_byte"].value == pytest.approx(0.25 / 0.6931, rel=1e-3)
    edit_rows(folder, lambda rows: rows[7]["resps"][0][0].__setitem__(0, "nan"))
    refused(folder, r"line 8: item musi-\S+: log-likelihood .nan. is no number")


def test_run_with_a_limit_is_refused(results, tmp_path):
    refused(submit(results("limited"), "Limited", tmp_path), r"95 of the 100 items .* the first is musi-.*without --limit")


def test_samples_in_another_order_give_the_same_answers(submission, pristine):
    edit_rows(submission, lambda rows: rows[::-1])
    ids = [[answer.item.id for answer in check(folder).tasks["musi_quick"].answers] for folder in (submission, pristine)]
    assert ids[0] == ids[1]


def test_chat_requests_are_recognised(submission):
    def chat(rows):
        for row in rows:
            for request in row["arguments"].values():
                request["arg_0"] = [json.dumps([{"role": "user", "content": request["arg_0"]}])]

    edit_rows(submission, chat)
    assert check(submission).tier == "re-scored"


def failed(rows):
    """The first row with a stage that the model forgot."""
    return next(row for row in rows if not all(row["stage_acc"]))


def mend_response(rows):
    row = failed(rows)
    row["resps"][0][0] = row["doc"]["answer"]


def mend_response_and_scores(rows):
    row = failed(rows)
    row["resps"][0][0] = row["doc"]["answer"]
    for name in (n + s for n in ("stage_acc", "item_acc", "retention", "order_acc", "completed") for s in ("", "_loose")):
        for field in (name, f"{name}_stderr"):
            row[field] = [[True, True] if isinstance(each, list) else True for each in row[field]]
    for name in ("constraint_retention", "constraint_retention_loose"):
        row[name][0] = row[f"{name}_stderr"][0] = row[name][1]


def rename(rows, item_id):
    rows[2]["doc"]["id"] = item_id


ROWS = {
    "response": (mend_response, r"samples_\S+, line \d+: item musi-\S+: retention is logged as .*, the responses give"),
    "response and scores": (mend_response_and_scores, r"results_\S+: musi_quick claims retention = 0\.\d+, its samples give"),
    "score": (lambda rows: failed(rows)["item_acc"].__setitem__(0, True), "item_acc is logged as"),
    "score of the stderr": (lambda rows: rows[0]["completed_stderr"].__setitem__(0, False), "completed_stderr is logged as"),
    "score of another type": (lambda rows: rows[0]["completed"].__setitem__(0, 1), "completed is logged as"),
    "score dropped": (lambda rows: rows[5].pop("order_acc"), "line 6: .*order_acc is missing"),
    "item twice": (lambda rows: [*rows, rows[0]], r"line 101: item musi-\S+ comes twice"),
    "item replaced": (lambda rows: [rows[0], rows[0], *rows[2:]], r"line 2: item musi-\S+ comes twice"),
    "item missing": (lambda rows: rows[:-1], r"1 of the 100 items of musi_quick are missing, the first is musi-\S+;"),
    "unknown item": (lambda rows: rename(rows, f"musi-{RELEASE}-test_iid-99999"), r"line 3: item .*99999 is not in musi_quick"),
    "another item": (lambda rows: [*rows[:2], {**rows[3], "doc": rows[2]["doc"]}, *rows[3:]], r"line 3: .* differs from release"),
    "item of another release": (
        lambda rows: rename(rows, "musi-9.0.0-test_iid-00002"),
        r"line 3: item musi-9\.0\.0\S+ is not in musi_quick of release",
    ),
    "item without id": (lambda rows: rows[2]["doc"].pop("id"), "line 3: .*no item id"),
    "gold edited": (lambda rows: rows[4]["doc"].__setitem__("answer", "[1]\n1"), r"line 5: item musi-\S+ differs from release"),
    "problem edited": (
        lambda rows: rows[4]["doc"]["stages"][0].__setitem__("params", "{}"),
        r"item musi-\S+ differs from release",
    ),
    "another prompt": (
        lambda rows: rows[4]["arguments"]["gen_args_1"].__setitem__("arg_0", "Say [1]"),
        r"item musi-\S+ was asked something else than its prompt \(context 1\)",
    ),
    "no contexts": (lambda rows: rows[4].pop("arguments"), r"item musi-\S+ has no logged context 0"),
    "request added": (lambda rows: rows[4]["arguments"].__setitem__("gen_args_9", {}), "was asked more or less than its"),
    "hint around a prompt": (
        lambda rows: rows[4]["arguments"]["gen_args_2"].__setitem__(
            "arg_0", rows[4]["arguments"]["gen_args_2"]["arg_0"] + "Hint: 5"
        ),
        r"the text around the prompt of context 2 differs",
    ),
    "target edited": (lambda rows: rows[4].__setitem__("target", "[1]\n1"), r"line 5: item musi-\S+ differs from release"),
    "response dropped": (lambda rows: rows[4]["resps"].pop(), r"line 5: item musi-\S+: the responses are not"),
    "response not text": (lambda rows: rows[4]["resps"][0].__setitem__(0, 5), r"line 5: item musi-\S+: the responses are not"),
    "response endless": (lambda rows: rows[4]["resps"][1].__setitem__(0, "x" * 500_000), "a response of 500,000 characters"),
    "not a number": (lambda rows: rows[4].__setitem__("note", float("nan")), "line 5: NaN is not a number"),
}


@pytest.mark.parametrize("mutant", ROWS)
def test_edited_samples_are_refused(submission, mutant):
    edit, reason = ROWS[mutant]
    edit_rows(submission, edit)
    refused(submission, reason)


HASHES = {
    "doc_hash": "line 3: .*: doc_hash is not that of what stands there",
    "prompt_hash": "line 3: .*: prompt_hash is not that of what stands there",
    "target_hash": "line 3: .*: target_hash is not that of what stands there",
    "filtered_resps": "line 3: .*: filtered_resps differ from resps",
}


@pytest.mark.parametrize("field", HASHES)
def test_wrong_hashes_are_refused(submission, field):
    edit_rows(submission, lambda rows: rows[2].__setitem__(field, "0" * 64), covered=False)
    refused(submission, HASHES[field])
    edit_rows(submission, lambda rows: rows[2].pop(field), covered=False)
    refused(submission, HASHES[field])


def test_samples_of_another_run_are_refused(submission):
    edit_results(submission, lambda results: results["task_hashes"].__setitem__("musi_quick", "0" * 64))
    refused(submission, r"results_\S+: task_hashes of musi_quick is not that of its samples")
    edit_results(submission, lambda results: results.pop("task_hashes"))
    refused(submission, "task_hashes of musi_quick")


def test_samples_may_come_unpacked(submission):
    packed = only(submission, "samples_*.jsonl.zst")
    packed.with_suffix("").write_bytes(zstandard.decompress(packed.read_bytes()))
    packed.unlink()
    write_sums(submission)
    assert check(submission).tier == "re-scored"


CLAIMS = {
    "value": (
        lambda claim: claim.__setitem__("retention,none", 0.999),
        r"results_\S+: .*claims retention = 0\.999, its samples give 0\.",
    ),
    "a little": (lambda claim: claim.__setitem__("item_acc,none", claim["item_acc,none"] + 1e-7), "claims item_acc = "),
    "stderr": (lambda claim: claim.__setitem__("single_acc_stderr,none", 0.1), "claims single_acc_stderr = 0.1"),
    "text": (lambda claim: claim.__setitem__("stage_acc,none", "N/A"), "claims stage_acc = 'N/A'"),
    "truth value": (lambda claim: claim.__setitem__("order_acc,none", True), "claims order_acc = True"),
    "huge": (lambda claim: claim.__setitem__("order_acc,none", 10**400), "claims order_acc = 1000"),
    "infinite": (lambda claim: claim.__setitem__("order_acc,none", float("inf")), "Infinity is not a number"),
    "number of samples": (lambda claim: claim.__setitem__("sample_len", 1_000), "claims sample_len = 1000"),
    "another metric": (lambda claim: claim.__setitem__("glory,none", 1.0), "claims 'glory,none', which no MuSI task has"),
    "metric dropped": (lambda claim: claim.pop("completed,none"), "has no completed"),
}


@pytest.mark.parametrize("mutant", CLAIMS)
def test_edited_claims_are_refused(submission, mutant):
    edit, reason = CLAIMS[mutant]
    edit_results(submission, lambda results: edit(results["results"]["musi_quick"]))
    refused(submission, reason)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("version", 9.0, "musi_quick: version is 9.0, this board scores 2.0"),
        ("release", "9.9.9", r"musi_quick: release is 9\.9\.9, this board scores"),
        ("lock_sha256", "0" * 64, "musi_quick: lock_sha256 is 0000"),
        ("scorer_version", 99, "scorer_version is 99, this board scores"),
    ],
)
def test_other_versions_are_refused(submission, field, value, reason):
    edit_results(submission, lambda results: results["configs"]["musi_quick"]["metadata"].__setitem__(field, value))
    refused(submission, rf"submission\.yaml: (tasks|{field}) differs from results_")
    run = read_submission(submission / CARD).tasks[0].model_dump()
    edit_card(submission, **({field: value} if field == "scorer_version" else {"tasks": [{**run, field: value}]}))
    refused(submission, rf"submission\.yaml: {reason}")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"parameters": 1}, "parameters differs from results_"),
        ({"model": "hf"}, "model differs from results_"),
        ({"tasks": [{"task": "musi_quick", "version": 1.0}]}, "tasks.0.release: Field required"),
        ({"tasks": []}, "tasks: Tuple should have at least 1 item"),
        ({"glory": True}, "glory: Extra inputs are not permitted"),
        ({"parameters": "many"}, "parameters: Input should be a valid integer"),
        ({"trained_on": "the moon"}, "trained_on: Input should be"),
        ({"name": "RWKV\u202e4"}, r"name: .*invisible character U\+202E"),
        ({"name": "two\nlines"}, r"name: .*invisible character U\+000A"),
        ({"name": "x" * 81}, "name: String should have at most 80 characters"),
        ({"format": 2}, "format: Input should be 1"),
    ],
)
def test_edited_cards_are_refused(submission, fields, reason):
    edit_card(submission, **fields)
    refused(submission, rf"submission\.yaml: {reason}")


def test_edit_without_new_sums_is_refused(submission):
    path = only(submission, "samples_*.jsonl.zst")
    path.write_bytes(path.read_bytes() + b"\n")
    refused(submission, r"samples_\S+: its digest differs from SHA256SUMS")


def test_edited_sums_are_refused(submission):
    path = submission / SUMS
    text = path.read_text()
    for broken, reason in (
        ("0" * 64 + text[64:], "its digest differs from SHA256SUMS"),
        (
            "".join(text.splitlines(keepends=True)[1:]),
            r"SHA256SUMS: results_\S+ is listed but not there, or there but not listed",
        ),
        (text + f"{'0' * 64}  ../../etc/passwd\n", "SHA256SUMS, line 4: not one digest"),
        (text + text.splitlines()[0], "SHA256SUMS, line 4"),
        ("\udcff" + text, "SHA256SUMS, line 1"),
    ):
        path.write_bytes(broken.encode("utf-8", "surrogateescape"))
        refused(submission, reason)


def test_strange_folders_are_refused(submission, tmp_path):
    refused(tmp_path / "absent", "absent: no such folder")
    link = tmp_path / "link"
    link.symlink_to(submission)
    refused(link, "link: no such folder")
    (submission / "notes.txt").write_text("hello")
    refused(submission, r"'notes.txt' does not belong in a submission")
    (submission / "notes.txt").rename(submission / "\u202etxt.sums")
    refused(submission, r"⟨U\+202E⟩txt.sums' does not belong")


@pytest.mark.parametrize("pattern", ["submission.yaml", "SHA256SUMS", "results_*.json", "samples_*.jsonl.zst"])
def test_links_folders_and_missing_files_are_refused(submission, tmp_path, pattern):
    path = only(submission, pattern)
    path.rename(tmp_path / "elsewhere")
    write = write_sums if pattern != "SHA256SUMS" else lambda folder: None
    write(submission)
    refused(submission, pattern.split("_")[0])
    path.symlink_to(tmp_path / "elsewhere")
    refused(submission, "not a plain file")
    path.unlink()
    path.mkdir()
    refused(submission, "not a plain file")


def test_second_results_file_is_refused(submission):
    path = only(submission, "results_*.json")
    shutil.copy(path, submission / "results_2001-01-01T00-00-00.000000.json")
    write_sums(submission)
    refused(submission, "more than one results file")


YAML = {
    "tag": (
        "name: !!python/object/apply:os.system ['touch /tmp/musi-owned']",
        r"line 1: tag tag:yaml.org,2002:python/\S+ is not allowed",
    ),
    "harmless tag": ("name: !!str x", "line 1: tag .* is not allowed"),
    "alias bomb": ("a: &a [x,x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]", "line 1: anchors and aliases are not allowed"),
    "key twice": ("name: a\nname: b", "a key comes twice"),
    "deep": ("name: " + "[" * 30_000, "nested too deeply"),
    "large": ("name: " + "x" * 70_000, "over the limit of 64,000"),
    "not a mapping": ("[1, 2]", "not a mapping"),
    "control character": ("name: \x07", "write plain `key: value` lines"),
    "empty": ("", "not a mapping"),
    "two documents": ("name: a\n---\nname: b", "write plain `key: value` lines"),
    "odd key": ("? [a, b]\n: c", "a key comes twice or is not plain text"),
    "odd date": ("name: 2001-99-99", "write plain `key: value` lines"),
    "no character": ('name: "\\UFFFFFFFF"', "write plain `key: value` lines"),
    "large time": ("name: " + "1:" * 200 + "1.0", "write plain `key: value` lines"),
}


@pytest.mark.parametrize("mutant", YAML)
def test_hostile_yaml_is_refused(submission, mutant):
    text, reason = YAML[mutant]
    (submission / CARD).write_text(text)
    write_sums(submission)
    refused(submission, rf"submission\.yaml.*{reason}")


JSON = {
    "broken": (b'{"results": ', "not valid JSON"),
    "deep": (b'{"a":' * 100_000, "nested too deeply"),
    "key twice": (b'{"results": {}, "results": {}}', "key 'results' comes twice"),
    "a key of very many twice": (
        b"{" + b",".join(b'"k%d":0' % n for n in range(60_000)) + b',"k7":0}',
        "key 'k7' comes twice",
    ),
    "too large a float": (b'{"a": 1e999}', "1e999 is too large"),
    "too many digits": (b'{"a": ' + b"1" * 5_000 + b"}", "digits"),
    "not UTF-8": (b'{"a": "\xff"}', "not valid UTF-8"),
    "half a surrogate pair": (b'{"a": "\\ud800"}', "not valid UTF-8"),
    "not an object": (b"[]", "not a JSON object"),
    "minus infinity": (b'{"a": -Infinity}', "-Infinity is not a number"),
    "large": (b'{"a": "' + b"x" * 4_000_000 + b'"}', "over the limit of 4,000,000"),
}


@pytest.mark.parametrize("mutant", JSON)
@pytest.mark.parametrize("pattern", ["results_*.json", "samples_*.jsonl.zst"])
def test_hostile_json_is_refused(submission, pattern, mutant):
    content, reason = JSON[mutant]
    path = only(submission, pattern)
    write_samples(path, content) if path.suffix == ".zst" else path.write_bytes(content)
    write_sums(submission)
    if path.suffix == ".zst":
        reason = reason.replace("over the limit of", "longer than")
    refused(submission, rf"{pattern.split('*')[0]}\S+( line 1)?: .*{reason}")
