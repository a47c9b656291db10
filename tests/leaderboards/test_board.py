"""The page: what it shows, that nothing in it can act, and that it is a pure function of the entries."""

import base64
import datetime
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from leaderboards.board import build, half_life_text, percent, size
from leaderboards.chart import HEIGHT, WIDTH, draw
from leaderboards.check import check
from leaderboards.decisions import accept, append, decide
from leaderboards.submission import submit
from leaderboards.untrusted import visible
from musi.errors import MusiError
from musi.retention import Estimate, HalfLife
from tests.leaderboards.support import edit_card, edit_rows

DAY = datetime.date(2026, 1, 2)
ATTACK = '<img src=x onerror="alert(1)">'
VOID = {"meta", "link", "line", "path", "polyline", "br", "img", "circle"}


class Page(HTMLParser):
    """Tags, attributes and ids of a page; fails on tags that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open: list[str] = []
        self.tags, self.ids, self.links, self.attributes = set(), [], [], set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.ids += [value for name, value in attributes if name == "id"]
        self.links += [value for name, value in attributes if name == "href"]
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
    """Folder with entries of four models, one named like an attack, and the page built from them."""
    base = tmp_path_factory.mktemp("board")
    names = {"gold": "Gold oracle", "forgetful": f"Forgetful {ATTACK}", "silent": "Silent", "forced": "Forced"}
    for model, name in names.items():
        folder = submit(results(model), name, base / "entries")
        append(base / "decisions.jsonl", decide(check(folder), "accepted", "Ann", f"read {ATTACK}", DAY))
    build(base / "entries", base / "site")
    return base


@pytest.fixture
def page(board):
    return (board / "site" / "index.html").read_text("utf-8")


def row_of(page, name):
    """The table row of the entry whose name begins so."""
    return next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f"<bdi>{name}" in row)


def test_page_is_well_formed_and_its_links_lead_somewhere(page):
    parsed = Page(page)
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert {link[1:] for link in parsed.links if link.startswith("#")} <= set(parsed.ids)
    assert all(link.startswith("#") or link == "data:," for link in parsed.links)


def test_text_of_submitters_cannot_act(page):
    parsed = Page(page)
    assert "img" not in parsed.tags
    assert not [name for name in parsed.attributes if name.startswith("on") or name == "style"]
    assert "Forgetful &lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in page
    assert "read &lt;img" in page
    assert page.count("<script>") == 1
    for kind in ("style", "script"):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in page


def test_table_shows_the_rescore(page, board):
    row = row_of(page, "Forgetful")
    (entry,) = (board / "entries").glob("forgetful*")
    retention = check(entry).tasks["musi_quick"].estimates["retention"]
    assert f"<strong>{percent(retention.value)}</strong>" in row
    assert "re-scored" in row
    assert "accepted" in row
    assert "<strong>100.0 %</strong>" in row_of(page, "Gold oracle")


def test_model_that_can_do_nothing_alone_is_not_ranked(page):
    row = row_of(page, "Silent")
    assert "cannot be judged" in row
    assert "alone it solves under 20 %" in row
    assert "<strong>" not in row
    (curves,) = re.findall(r'<svg viewBox="0 0 480.*?</svg>', page, re.DOTALL)
    assert "Gold oracle" in curves
    assert "Silent" not in curves


def test_forced_results_stand_apart(page):
    assert "self-reported" in row_of(page, "Forced")
    assert page.index('id="musi_quick"') < page.index('id="musi_forced"')


def test_transcripts_show_prompt_and_response(page):
    assert page.count("a stage forgotten</summary>") == 3
    assert "(empty)" in page  # of the silent model
    assert '<td class="text fail">✗ ' in page


def test_same_entries_give_the_same_bytes(submission, tmp_path):
    shutil.copytree(submission, tmp_path / "entries" / "forgetful")
    pages = [build(tmp_path / "entries", tmp_path / out).read_bytes() for out in ("one", "two")]
    assert pages[0] == pages[1]
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["index.html"]


def test_removed_entries_leave_the_table_and_stay_in_the_log(submission, tmp_path):
    entries, log = tmp_path / "entries", tmp_path / "log.jsonl"
    entry = accept(submission, entries, log, "Ann", "fine", DAY)
    append(log, decide(check(entry), "removed", "Bob", "asked for by its author", DAY))
    text = build(entries, tmp_path / "site", log).read_text("utf-8")
    assert "No entry yet." in text
    assert "asked for by its author" in text


def test_entry_changed_after_its_decision_stops_the_board(submission, tmp_path):
    entries, log = tmp_path / "entries", tmp_path / "log.jsonl"
    entry = accept(submission, entries, log, "Ann", "fine", DAY)
    edit_card(entry, licence="MIT")
    with pytest.raises(MusiError, match=r"entries/forgetful: was changed after it was accepted"):
        build(entries, tmp_path / "site", log)
    assert not (tmp_path / "site").exists()


def test_entry_that_fails_its_check_stops_the_board(submission, tmp_path):
    folder = shutil.copytree(submission, tmp_path / "entries" / "forgetful")
    edit_rows(folder, lambda rows: rows[:-1])
    with pytest.raises(MusiError, match="1 of the 100 items"):
        build(tmp_path / "entries", tmp_path / "site")
    edit_card(shutil.copytree(submission, tmp_path / "others" / "forgetful"), name="Another name")
    with pytest.raises(MusiError, match="is the entry 'Another name'; name its folder another-name"):
        build(tmp_path / "others", tmp_path / "site")


def test_empty_and_missing_folders(tmp_path):
    with pytest.raises(MusiError, match="absent: no such folder"):
        build(tmp_path / "absent", tmp_path / "site")
    (tmp_path / "entries").mkdir()
    assert "No entry yet." in build(tmp_path / "entries", tmp_path / "site").read_text("utf-8")


def test_curves_stay_inside_the_chart_and_skip_empty_bins():
    some, none = Estimate(0.5, 0.4, 0.6, 0.05, 10), Estimate(None, None, None, None, 0)
    chart = draw([("a", [(0, 25, some), (25, 50, none), (50, 100, some)]), ("b", [(0, 25, some)])])
    assert [label for _, label in chart.x_ticks] == ["0–25", "50–100"]
    points = [point for series in chart.series for point in series.points]
    assert len(points) == 3
    assert all(0 < point.x < WIDTH and 0 < point.high < point.y < point.low < HEIGHT for point in points)


@pytest.mark.parametrize(
    ("fit", "text"),
    [
        (HalfLife(44.6, 37.2, 58.1, 0.9, 390), ("45", "37 to 58")),
        (HalfLife(None, 500.0, None, 1.0, 390), ("> 390", "500 to > 390")),
        (HalfLife(None, None, None, None, 0), ("–", "")),
    ],
)
def test_half_life_text(fit, text):
    assert half_life_text(fit) == text


def test_texts_are_spelled_out():
    assert visible("a\u202eb\x00\n") == "a⟨U+202E⟩b⟨U+0000⟩\n"
    assert [size(n) for n in (None, 12, 5_120, 430_000_000)] == ["–", "12", "5.1 k", "430.0 M"]


CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium")
def test_script_sorts_the_table(page, tmp_path):
    click = "<script>const head = document.querySelectorAll('th button')[4]; head.click(); head.click();</script>"
    path = tmp_path / "clicked.html"
    path.write_text(re.sub(r"<meta http-equiv[^>]*>", "", page).replace("</body>", click + "</body>"), "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
    command = ["chromium", *flags.split(), "--disable-sync", "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run([*command, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=60)
    assert "CONSOLE" not in done.stderr
    assert '<th scope="col" class="num" aria-sort="ascending"><button type="button">Alone</button></th>' in done.stdout
    table = done.stdout[: done.stdout.index("Retention over distance")]
    names = re.findall(r'<th scope="row">.*?<bdi>(\w+)', table)
    assert names[0] == "Silent"  # nothing solved alone: first when sorted by that, upwards
    assert sorted(names) == ["Forgetful", "Gold", "Silent"]
