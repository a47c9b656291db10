"""Speed of the leaderboard: the check of a full submission, the site of a hundred entries, the page of ten thousand.

    OMP_NUM_THREADS=1 python benchmarks/leaderboard.py --json        # about three minutes
    OMP_NUM_THREADS=1 python benchmarks/leaderboard.py --tasks musi_quick --entries 20 --crowd 1000

The submission is the gold oracle's on `--tasks` (2,000 items); the hundred entries are that submission under a hundred names.
A build scores each entry once (`site_first_s`, a cold cache); afterwards `site_s` is a whole site from the records,
`site_again_s` a rebuild after one decision, `site_added_s` one after a new entry, which is scored in it. Times are wall-clock
seconds with the start of Python in them. `paint_s` and `ready_s` are those of headless Chromium for a page of `--crowd` entries:
the first text on the screen, and the tables ready to sort and filter; `sort_s` and `filter_s` are one of each.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]
MUSI = [sys.executable, "-m", "musi"]


def run(*words: str, **environment: str) -> float:
    """Wall-clock seconds of a command of ours."""
    started = time.perf_counter()
    done = subprocess.run([*MUSI, *words], capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment})
    if done.returncode:
        sys.exit(f"{words}: {done.stderr[-2000:]}")
    return time.perf_counter() - started


def measure_check(folder: Path) -> dict[str, float]:
    """Seconds and peak memory of one check."""
    code = (
        "import re, sys\nfrom pathlib import Path\nfrom leaderboards.check import check\nimport time\n"
        "started = time.perf_counter()\n"
        "check(Path(sys.argv[1]))\nmemory = int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "print(time.perf_counter() - started, memory / 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, check=True, capture_output=True, text=True)
    seconds, megabytes = map(float, done.stdout.split())
    return {"check_s": seconds, "check_mb": megabytes}


def measure_site(base: Path, first: Path, count: int) -> dict[str, float]:
    """Seconds to build the site of `count` entries: cold, from records, after a decision, after a new entry."""
    from tests.leaderboards.support import edit_card

    entries, site = base / "entries", base / "site"
    for n in range(count + 1):
        folder = shutil.copytree(first, (entries if n < count else base) / f"model-{n}")
        edit_card(folder, name=f"model {n}")
    cache = {"MUSI_CACHE": os.environ["MUSI_CACHE"]}
    build = ("leaderboard", "build", str(entries), "--out", str(site))
    cold = run(*build, **cache)
    shutil.rmtree(site)
    whole = run(*build, **cache)
    run("leaderboard", "decide", str(entries / "model-3"), "flagged", "--by", "Ann", "--reason", "to be seen")
    again = run(*build, **cache)
    (base / f"model-{count}").rename(entries / f"model-{count}")
    added = run(*build, **cache)
    files = [path.stat().st_size for path in site.rglob("*") if path.is_file()]
    return {
        "entries": count,
        "site_first_s": cold,
        "site_s": whole,
        "site_again_s": again,
        "site_added_s": added,
        "site_files": len(files),
        "site_mb": sum(files) / 1e6,
    }


def measure_crowd(base: Path, first: Path, count: int) -> dict[str, float]:
    """Seconds until Chromium shows a page of `count` entries, and until it can be used."""
    from playwright.sync_api import sync_playwright

    from leaderboards.board import Entry, write_site
    from leaderboards.record import record_of
    from tests.leaderboards.support import many

    chromium = shutil.which("chromium")
    if chromium is None:
        return {}
    record, pages = record_of(first)
    started = time.perf_counter()
    write_site([Entry(each, pages, ()) for each in many(record, count)], [], base / "crowd", entry_pages=False)
    written = time.perf_counter() - started
    page_file = base / "crowd" / "index.html"
    flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=[*flags.split(), "--disable-sync"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto("about:blank")
        page.goto(page_file.as_uri())
        paint, ready = page.evaluate(
            """() => [performance.getEntriesByName("first-contentful-paint")[0].startTime,
                      performance.getEntriesByType("navigation")[0].loadEventEnd]"""
        )
        clicked = page.evaluate(
            """() => { const started = performance.now();
                       document.querySelector('table[data-view="overview"] th.num button').click();
                       document.body.getBoundingClientRect(); return performance.now() - started; }"""
        )
        filtered = page.evaluate(
            """() => { const started = performance.now(); const field = document.querySelector('input[name="q"]');
                       field.value = "model 9"; field.dispatchEvent(new Event("input", { bubbles: true }));
                       document.body.getBoundingClientRect(); return performance.now() - started; }"""
        )
        browser.close()
    return {
        "crowd": count,
        "crowd_written_s": written,
        "page_mb": page_file.stat().st_size / 1e6,
        "paint_s": paint / 1000,
        "ready_s": ready / 1000,
        "sort_s": clicked / 1000,
        "filter_s": filtered / 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="musi_generate,musi_forced")
    parser.add_argument("--entries", type=int, default=100)
    parser.add_argument("--crowd", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        os.environ["MUSI_CACHE"] = str(base / "cache")
        run("eval", "run", "--model", "musi-gold", "--tasks", arguments.tasks, "--log_samples", "-o", str(base / "results"))
        run("leaderboard", "submit", str(base / "results"), "--name", "gold", "--out", str(base))
        found = measure_check(base / "gold")
        found |= measure_site(base, base / "gold", arguments.entries)
        found |= measure_crowd(base, base / "gold", arguments.crowd)
    found = {name: round(value, 2) for name, value in found.items()}
    print(
        json.dumps(found, indent=2) if arguments.json else "\n".join(f"{name:16} {value:>10,}" for name, value in found.items())
    )


if __name__ == "__main__":
    main()
