"""The site: what it shows, that nothing in it can act, and that it is a pure function of the entries."""

import csv
import datetime
import html
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from huggingface_hub._eval_results import parse_eval_result_entries

from leaderboards.board import build
from leaderboards.chart import HEIGHT, WIDTH, draw
from leaderboards.check import check
from leaderboards.decisions import accept, append, decide
from leaderboards.export import _inert
from leaderboards.pages import POLICY, half_life_cell, percent, size
from leaderboards.submission import submit
from leaderboards.untrusted import visible
from musi.errors import MusiError
from musi.retention import Estimate, HalfLife
from tests.leaderboards.support import Forgetful, edit_card, edit_rows, run

DAY = datetime.date(2026, 1, 2)
ATTACK = '<img src=x onerror="alert(1)">'
VOID = {"meta", "link", "line", "path", "polyline", "br", "img", "circle", "input"}


class Page(HTMLParser):
    """Tags, attributes and ids of a page; fails on tags that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open: list[str] = []
        self.tags, self.ids, self.links, self.attributes, self.sources = set(), [], [], set(), []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.ids += [value for name, value in attributes if name == "id"]
        self.links += [value for name, value in attributes if name == "href"]
        self.sources += [value for name, value in attributes if name == "src"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def board(results, tmp_path_factory):
    """Folder with entries of four models, one named like an attack, and the site built from them."""
    base = tmp_path_factory.mktemp("board")
    names = {"gold": "Gold oracle", "forgetful": f"Forgetful {ATTACK}", "silent": "Silent", "forced": "Forced"}
    for model, name in names.items():
        folder = submit(results(model), name, base / "entries")
        if model == "gold":
            edit_card(folder, role="reference")
        append(base / "decisions.jsonl", decide(check(folder), "accepted", "Ann", f"read {ATTACK}", DAY))
    build(base / "entries", base / "site")
    return base


@pytest.fixture
def page(board):
    return (board / "site" / "musi_quick.html").read_text("utf-8")


def row_of(page, name):
    """The first table row of the entry whose name begins so."""
    return next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f"<bdi>{name}" in row)


def pages_of(site):
    return list(site.rglob("*.html"))


def test_pages_are_well_formed_and_their_links_lead_somewhere(board):
    site = board / "site"
    parsed = {path: Page(path.read_text("utf-8")) for path in pages_of(site)}
    assert len(parsed) == 2 + 1 + 3 + 4 + 3  # tasks, index, texts, entries, items
    for path, page in parsed.items():
        assert len(set(page.ids)) == len(page.ids), path
        for link in [*page.links, *page.sources]:
            target, _, anchor = link.partition("#")
            if link == "data:,":
                continue
            aim = (path.parent / target).resolve() if target else path
            assert aim.is_relative_to(site.resolve()), link
            assert aim.exists(), (path, link)
            assert not anchor or anchor in parsed[aim].ids, (path, link)


def test_text_of_submitters_cannot_act(board):
    for path in pages_of(board / "site"):
        text = path.read_text("utf-8")
        parsed = Page(text)
        assert "img" not in parsed.tags, path
        assert not [name for name in parsed.attributes if name.startswith("on") or name == "style"]
        assert html.escape(POLICY).replace("&#x27;", "&#39;") in text
        assert not re.findall(r"<script>", text)
    assert "Forgetful &lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in (board / "site" / "musi_quick.html").read_text("utf-8")
    assert "read &lt;img" in (board / "site" / "decisions.html").read_text("utf-8")


HOSTILE = "</script><script>alert(1)</script>'\"><svg onload=alert(1)>&amp;{{7*7}}"


def test_html_in_every_text_field_stays_text(results, tmp_path):
    """The same attack in the card, in the log and in every response."""

    class Attacker(Forgetful):
        def answer(self, gold):
            return f"{HOSTILE}\n{gold}"

        def get_model_info(self):
            return {"model_num_parameters": 7, "model_sha": HOSTILE}

    out = run(Attacker(9), "musi_quick", tmp_path / "run")
    (path,) = out.rglob("results_*.json")
    value = json.loads(path.read_text())
    value["system_instruction"] = value["model_source"] = value["chat_template"] = value["lm_eval_version"] = HOSTILE
    value["config"]["model_args"] = {"pretrained": HOSTILE}
    path.write_text(json.dumps(value))
    card = tmp_path / "card.yaml"
    card.write_text(yaml.safe_dump({"licence": HOSTILE, "training_note": HOSTILE}))
    folder = submit(out, HOSTILE[:70], tmp_path / "entries", card)
    append(tmp_path / "decisions.jsonl", decide(check(folder), "flagged", HOSTILE[:70], HOSTILE, DAY))
    build(tmp_path / "entries", tmp_path / "site")
    seen = 0
    for path in pages_of(tmp_path / "site"):
        text = path.read_text("utf-8")
        parsed = Page(text)
        assert not [name for name in parsed.attributes if name.startswith("on") or name == "style"], path
        assert "<svg onload" not in text
        assert "alert(1)</script>" not in text
        assert "49" not in re.findall(r"&amp;amp;(.{6})", text)
        seen += text.count("&lt;/script&gt;")
    assert seen > 100


def test_table_shows_the_rescore(page, board):
    row = row_of(page, "Forgetful")
    (entry,) = (board / "entries").glob("forgetful*")
    retention = check(entry).tasks["musi_quick"].estimates["retention"]
    assert f'<td class="num">{percent(retention.value)} <small>' in row
    assert "<td>re-scored</td>" in row
    assert "<td>accepted</td>" in row


def test_reference_and_model_that_can_do_nothing_alone_are_not_ranked(page):
    assert "not judged" in row_of(page, "Silent")
    reference = row_of(page, "Gold oracle")
    assert '<span class="tag">reference</span>' in reference
    assert "100.0 %" in reference
    assert re.search(r'<td class="num">–</td>', reference)
    (curves,) = re.findall(r'<svg viewBox="0 0 480.*?</svg>', page, re.DOTALL)
    assert "Forgetful" in curves
    assert "Silent" not in curves


def test_forced_results_stand_apart(board):
    page = (board / "site" / "musi_forced.html").read_text("utf-8")
    assert "self-reported" in row_of(page, "Forced")
    assert "have no rank" in page


def test_entry_page_has_the_command_and_the_signals(board):
    (entry,) = (board / "entries").glob("forgetful*")
    text = (board / "site" / "entries" / f"{entry.name}.html").read_text("utf-8")
    assert "musi eval run --model CUSTOM --tasks musi_quick --log_samples -o OUT" in text
    assert check(entry).digest in text
    gold = (board / "site" / "entries" / "gold-oracle.html").read_text("utf-8")
    assert "<dt>gold copied</dt><dd>musi_quick: 100 of 100" in gold


def test_items_show_prompt_response_and_every_verdict(board):
    (path,) = (board / "site" / "entries").glob("forgetful*/musi_quick.html")
    text = path.read_text("utf-8")
    assert text.count("<h3>Prompt</h3>") == 30
    assert text.count('<td class="marks">') == 100
    assert '<td class="text bad">✗ ' in text
    silent = (board / "site" / "entries" / "silent" / "musi_quick.html").read_text("utf-8")
    assert "(empty)" in silent


def test_exports_say_the_same_and_are_inert(board):
    site = board / "site"
    lines = list(csv.DictReader(io.StringIO((site / "board.csv").read_text("utf-8"), newline="")))
    entries = json.loads((site / "board.json").read_text("utf-8"))["entries"]
    assert [line["id"] for line in lines] == [entry["id"] for entry in entries]
    for line, entry in zip(lines, entries, strict=True):
        for metric, estimate in entry["metrics"].items():
            assert line[metric] == ("" if estimate["value"] is None else str(estimate["value"]))
    (path,) = (site / "eval_results").glob("forgetful*.yaml")
    (parsed,) = parse_eval_result_entries(yaml.safe_load(path.read_text("utf-8")))
    (entry,) = (entry for entry in entries if entry["id"] == path.stem)
    assert parsed.value == pytest.approx(100 * entry["metrics"]["retention"]["value"], abs=0.01)
    assert "re-scored" in (parsed.notes or "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", " =1", "|x", "%x", "\r=1", '=HYPERLINK("http://x")'])
def test_no_cell_is_a_formula(text):
    assert _inert(text)[0] in "'⟨"
    assert (_inert("plain"), _inert(None), _inert(-1.5)) == ("plain", "", -1.5)


def test_same_entries_give_the_same_bytes(submission, tmp_path):
    shutil.copytree(submission, tmp_path / "entries" / "forgetful")
    sites = []
    for out in ("one", "two"):
        build(tmp_path / "entries", tmp_path / out)
        sites.append({p.relative_to(tmp_path / out): p.read_bytes() for p in (tmp_path / out).rglob("*") if p.is_file()})
    assert sites[0] == sites[1]
    assert not [path for path in sites[0] if "partial" in path.name]


def test_unchanged_pages_are_left_and_stale_ones_removed(results, submission, tmp_path):
    entries, site = tmp_path / "entries", tmp_path / "site"
    shutil.copytree(submission, entries / "forgetful")
    submit(results("silent"), "Silent", entries)
    build(entries, site)
    about, items = site / "about.html", site / "entries" / "silent" / "musi_quick.html"
    before = about.stat().st_mtime_ns
    shutil.rmtree(entries / "silent")
    build(entries, site)
    assert about.stat().st_mtime_ns == before
    assert not items.exists()
    assert not items.parent.exists()
    assert "Silent" not in (site / "index.html").read_text("utf-8")
    (site / "about.html").unlink()
    build(entries, site)
    assert about.exists()


def test_removed_entries_leave_the_tables_and_stay_in_the_log(submission, tmp_path):
    entries, log = tmp_path / "entries", tmp_path / "log.jsonl"
    entry = accept(submission, entries, log, "Ann", "fine", DAY)
    append(log, decide(check(entry), "removed", "Bob", "asked for by its author", DAY))
    text = build(entries, tmp_path / "site", log).read_text("utf-8")
    assert "No entry yet" in text
    assert "asked for by its author" in (tmp_path / "site" / "decisions.html").read_text("utf-8")


def test_re_run_entries_say_so(submission, tmp_path):
    entries, log = tmp_path / "entries", tmp_path / "log.jsonl"
    entry = accept(submission, entries, log, "Ann", "fine", DAY)
    append(log, decide(check(entry), "re-run", "Bob", "20 random items", DAY))
    build(entries, tmp_path / "site", log)
    assert "<td>re-run</td>" in row_of((tmp_path / "site" / "musi_quick.html").read_text("utf-8"), "Forgetful")


def test_a_re_run_decides_nothing(submission, tmp_path):
    entries, log = tmp_path / "entries", tmp_path / "log.jsonl"
    entry = accept(submission, entries, log, "Ann", "fine", DAY)
    append(log, decide(check(entry), "flagged", "Bob", "odd", DAY))
    append(log, decide(check(entry), "re-run", "Bob", "20 random items", DAY))
    build(entries, tmp_path / "site", log)
    assert "<td>flagged</td>" in row_of((tmp_path / "site" / "musi_quick.html").read_text("utf-8"), "Forgetful")
    append(log, decide(check(entry), "removed", "Bob", "asked for", DAY))
    edit_card(entry, licence="MIT")
    append(log, decide(check(entry), "re-run", "Bob", "20 random items", DAY))
    assert "No entry yet" in build(entries, tmp_path / "site", log).read_text("utf-8")


def test_what_is_exported_follows_the_card(submission, tmp_path):
    entries, log = tmp_path / "entries", tmp_path / "log.jsonl"
    entry = accept(submission, entries, log, "Ann", "fine", DAY)
    build(entries, tmp_path / "site", log)
    edit_card(entry, licence="CC0-1.0")
    append(log, decide(check(entry), "accepted", "Ann", "licence mended", DAY))
    build(entries, tmp_path / "site", log)
    assert "CC0-1.0" in (tmp_path / "site" / "board.json").read_text("utf-8")


def test_entry_changed_after_its_decision_stops_the_board(submission, tmp_path):
    entries, log = tmp_path / "entries", tmp_path / "log.jsonl"
    entry = accept(submission, entries, log, "Ann", "fine", DAY)
    edit_card(entry, licence="MIT")
    with pytest.raises(MusiError, match=r"entries/forgetful: was changed after it was accepted"):
        build(entries, tmp_path / "site", log)
    assert not (tmp_path / "site").exists()


def test_entry_whose_files_changed_is_scored_again(submission, tmp_path):
    """A record from the cache is never shown for other bytes."""
    folder = shutil.copytree(submission, tmp_path / "entries" / "forgetful")
    build(tmp_path / "entries", tmp_path / "site")
    samples = next(folder.glob("samples_*"))
    samples.write_bytes(samples.read_bytes()[:-1])
    with pytest.raises(MusiError, match="its digest differs from SHA256SUMS"):
        build(tmp_path / "entries", tmp_path / "site")


def test_entry_that_fails_its_check_stops_the_board(submission, tmp_path):
    folder = shutil.copytree(submission, tmp_path / "entries" / "forgetful")
    edit_rows(folder, lambda rows: rows[:-1])
    with pytest.raises(MusiError, match="1 of the 100 items"):
        build(tmp_path / "entries", tmp_path / "site")
    edit_card(shutil.copytree(submission, tmp_path / "others" / "forgetful"), name="Another name")
    with pytest.raises(MusiError, match="is the entry 'Another name'; name its folder another-name"):
        build(tmp_path / "others", tmp_path / "site")


def test_empty_missing_and_unwritable_folders(tmp_path):
    with pytest.raises(MusiError, match="absent: no such folder"):
        build(tmp_path / "absent", tmp_path / "site")
    (tmp_path / "entries").mkdir()
    assert "No entry yet" in build(tmp_path / "entries", tmp_path / "site").read_text("utf-8")
    (tmp_path / "file").write_text("")
    with pytest.raises(MusiError, match="choose another folder with --out"):
        build(tmp_path / "entries", tmp_path / "file" / "site")


def test_curves_stay_inside_the_chart_and_skip_empty_bins():
    some, none = Estimate(0.5, 0.4, 0.6, 0.05, 10), Estimate(None, None, None, None, 0)
    bins = [(0, 25), (50, 100)]
    chart = draw([("a", [(0, 25, some), (25, 50, none), (50, 100, some)]), ("b", [(0, 25, some)])], bins)
    assert [label for _, label in chart.x_ticks] == ["0–25", "50–100"]
    points = [point for series in chart.series for point in series.points]
    assert len(points) == 3
    assert all(0 < point.x < WIDTH and 0 < point.high < point.y < point.low < HEIGHT for point in points)


@pytest.mark.parametrize(
    ("fit", "text", "note"),
    [
        (HalfLife(44.6, 37.2, 58.1, 0.9, 390), "45", "37 to 58"),
        (HalfLife(None, 500.0, None, 1.0, 390), "> 390", "500 to > 390"),
        (HalfLife(None, None, None, None, 0), "–", ""),
    ],
)
def test_half_life_cell(fit, text, note):
    assert half_life_cell(fit)[:2] == (text, note)


def test_texts_are_spelled_out():
    assert visible("a\u202eb\x00\n") == "a⟨U+202E⟩b⟨U+0000⟩\n"
    assert [size(n) for n in (None, 12, 5_120, 430_000_000)] == ["–", "12", "5.1 k", "430.0 M"]


def test_site_holds_nothing_but_the_site(board):
    names = {path.suffix or path.name for path in (board / "site").rglob("*") if path.is_file()}
    assert names == {".html", ".css", ".js", ".csv", ".json", ".yaml"}
    assert not list(Path(board / "site").rglob("record.json"))


def test_the_entries_of_this_repository_hold(tmp_path):
    """Each passes its check, was decided upon as it is now, and stands on the board; the gold oracle without a rank."""
    root = Path(__file__).parents[2] / "leaderboards"
    build(root / "entries", tmp_path)
    entries = {entry["id"]: entry for entry in json.loads((tmp_path / "board.json").read_text("utf-8"))["entries"]}
    assert {"gold-oracle", "tiny-rwkv", "tiny-rwkv-with-prosg", "tiny-rwkv-untrained"} <= entries.keys()
    assert "accepted" in (tmp_path / "decisions.html").read_text("utf-8")
    gold = (tmp_path / "entries" / "gold-oracle.html").read_text("utf-8")
    assert "reference" in gold
