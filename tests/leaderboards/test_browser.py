"""The site in a real browser: sorting, filtering, curves, permalinks, drill-down, phone width, keyboard, many entries."""

import shutil
import time

import pytest

from leaderboards.board import Entry, build, write_site
from leaderboards.record import record_of
from leaderboards.submission import submit
from tests.leaderboards.support import many

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
MANY = 10_000


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def site(results, tmp_path_factory):
    base = tmp_path_factory.mktemp("browser")
    for model, name in {"gold": "Gold", "forgetful": "Forgetful <b>", "silent": "Silent", "forced": "Forced"}.items():
        submit(results(model), name, base / "entries")
    return build(base / "entries", base / "site").parent


@pytest.fixture
def page(browser):
    """A page that lets no console message, error or request beyond files pass."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("dialog", lambda dialog: faults.append(f"dialog {dialog.message}"))
    opened.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url))
    yield opened
    assert faults == []
    context.close()


def names(page, view="overview"):
    return page.locator(f'table[data-view="{view}"] tbody th.name bdi').all_inner_texts()


def goto(page, site, path):
    page.goto(f"{(site / path.split('#')[0]).as_uri()}{'#' + path.split('#')[1] if '#' in path else ''}")


def test_sorting_by_click_and_by_key(page, site):
    goto(page, site, "musi_quick.html")
    assert names(page) == ["Gold", "Forgetful <b>", "Silent"]
    head = page.locator('table[data-view="overview"] th', has_text="Alone")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert names(page)[-1] == "Silent"
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert names(page)[0] == "Silent"
    page.locator('table[data-view="distance"] th.name button').click()
    assert names(page, "distance") == ["Forgetful <b>", "Gold", "Silent"]


def test_filter_and_its_permalink(page, site):
    goto(page, site, "musi_quick.html")
    page.get_by_label("Name").fill("gold")
    assert names(page) == names(page, "memory") == ["Gold"]
    assert page.locator(".status").inner_text() == "1 of 3 entries fit the filter."
    page.get_by_label("Tier").select_option("re-scored")
    address = page.url
    assert address.endswith("#q=gold&tier=re-scored")
    page.goto("about:blank")
    page.goto(address)
    assert names(page) == ["Gold"]
    page.get_by_role("button", name="Clear").click()
    from playwright.sync_api import expect

    expect(page.locator("table[data-view=overview] tbody tr")).to_have_count(3)  # a wait by script is what the page forbids


def test_hostile_address_changes_nothing(page, site):
    goto(page, site, "musi_quick.html#q=%3Cimg%20src=x%20onerror=alert(1)%3E&tier=nope&sort-overview=99d&pick=../x,gold")
    assert names(page) == []
    assert page.locator("img").count() == 0
    assert page.locator(".legend bdi").all_inner_texts() == ["Gold"]


def test_chosen_curves(page, site):
    goto(page, site, "musi_quick.html")
    assert page.locator(".legend bdi").all_inner_texts() == ["Gold", "Forgetful <b>"]
    before = page.locator(".plot polyline").first.get_attribute("points")
    page.get_by_label("Draw the curve of Gold").check()
    assert page.locator(".legend bdi").all_inner_texts() == ["Gold"]
    page.get_by_label("Draw the curve of Forgetful <b>").check()
    drawn = page.locator(".plot polyline").first.get_attribute("points")
    close = [
        abs(float(a) - float(b)) for a, b in zip(drawn.replace(",", " ").split(), before.replace(",", " ").split(), strict=True)
    ]
    assert max(close) < 0.1  # the script draws what the page came with
    assert "pick=gold%2Cforgetful-b" in page.url


def test_drill_down_to_a_transcript(page, site):
    goto(page, site, "index.html")
    page.locator('table[data-view="overview"] a', has_text="Forgetful").click()
    assert page.locator("h1").inner_text() == "Forgetful <b>"
    page.get_by_role("link", name="All items").click()
    first = page.locator("details").first
    first.locator("summary").click()
    assert first.locator("pre").nth(1).inner_text().startswith("[1]")
    assert page.get_by_text("✗").count() > 3


@pytest.mark.parametrize("width", [360, 768])
def test_narrow_screens_do_not_scroll_sideways(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    for path in (
        "musi_quick.html",
        "entries/forgetful-b.html",
        "entries/forgetful-b/musi_quick.html",
        "about.html",
        "decisions.html",
    ):
        goto(page, site, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_every_control_has_a_name_and_a_place_in_the_order(page, site):
    goto(page, site, "musi_quick.html")
    controls = page.locator("a, button, input, select, [tabindex]")
    for control in controls.all():
        text = control.inner_text() or control.get_attribute("aria-label") or control.evaluate("e => e.labels?.[0]?.innerText")
        assert text, control.evaluate("e => e.outerHTML")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the content"
    assert page.locator("h1").count() == page.locator("main").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(browser, site, scheme):
    """WCAG AA: 4.5 to 1 between text and what is behind it; 3 to 1 for the lines of the plot."""
    context = browser.new_context(color_scheme=scheme)
    opened = context.new_page()
    goto(opened, site, "musi_quick.html")
    colours = opened.evaluate(
        """() => Object.fromEntries(["ink", "soft", "paper", "shade", "link", "good", "bad", "s1", "s2", "s3", "s4", "s5", "s6"]
           .map((name) => [name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()]))"""
    )

    def luminance(colour):
        digits = colour.lstrip("#")
        digits = "".join(2 * each for each in digits) if len(digits) == 3 else digits
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one, other):
        light, dark = sorted((luminance(colours[one]), luminance(colours[other])), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    for text in ("ink", "soft", "link", "good", "bad"):
        assert contrast(text, "paper") >= 4.5, text
    assert contrast("ink", "shade") >= 4.5
    for line in ("s1", "s2", "s3", "s4", "s5", "s6"):
        assert contrast(line, "paper") >= 3, line
    context.close()


def test_page_is_whole_without_scripts(browser, site):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    goto(opened, site, "musi_quick.html")
    assert names(opened) == ["Gold", "Forgetful <b>", "Silent"]
    assert not opened.locator("form").is_visible()
    assert opened.locator(".plot polyline").count() == 2
    context.close()


@pytest.fixture(scope="module")
def crowd(results, tmp_path_factory):
    """The page of ten thousand entries, made of one real record under other names and figures."""
    base = tmp_path_factory.mktemp("crowd")
    record, pages = record_of(submit(results("forgetful"), "Forgetful", base / "entries"))
    entries = [Entry(each, pages, ()) for each in many(record, MANY)]
    write_site(entries, [], base / "site", entry_pages=False)
    return base / "site"


def test_ten_thousand_entries_stay_usable(page, crowd):
    """Sorting, filtering and paging work; how long they take is `benchmarks/leaderboard.py`'s to measure."""
    goto(page, crowd, "musi_quick.html")
    assert page.locator('table[data-view="overview"] tbody tr').count() == 100
    pager = page.locator('.pager[data-for="overview"]')
    assert pager.inner_text().split("\n")[0].startswith("Previous")
    assert "1 to 100 of 10,000" in pager.inner_text()
    pager.get_by_role("button", name="Next").click()
    assert "101 to 200 of 10,000" in pager.inner_text()
    started = time.perf_counter()
    page.locator('table[data-view="overview"] th button', has_text="Model").click()
    page.get_by_label("Name").fill("model 99")
    assert "of 10,000 entries fit" in page.locator(".status").inner_text()
    assert names(page)[0] == "model 99"
    assert time.perf_counter() - started < 30  # not a measurement: only that it does not hang
