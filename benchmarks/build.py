"""Time and memory of a build per item, from small to large: both must stay flat.

    OMP_NUM_THREADS=1 python benchmarks/build.py --json                     # 2,200, 22,000 and 220,000 items, about four minutes
    python benchmarks/build.py --sizes 2200,22000

Every size is built by one process of its own. Time is that process's CPU, which does not count what a busy machine does besides;
`start_s` (a build of 22 items: imports, tables) is taken off before the division. Memory is the peak resident size. What grows
with the number of items is the set of keys that tells repetitions, of one split at a time: `bytes_per_item` is its slope between
the smallest and the largest build, and `mb_at_2200000` what the slope comes to for 2.2 million items.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SMALLEST = 22
LARGE = 2_200_000


def build_once(items: int) -> None:
    """Build in this process and print (CPU seconds, peak resident bytes)."""
    sys.path[0] = str(ROOT)
    from musi.build import build

    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "out", items, workers=1)
    print(json.dumps([time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))


def measure(items: int) -> tuple[float, int]:
    """(CPU seconds, peak resident bytes) of a build in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--once", str(items)], stdout=subprocess.PIPE, check=True)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def main() -> None:
    """Measure and print; the last line is one JSON object under --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", default="2200,22000,220000")
    parser.add_argument("--once", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        build_once(options.once)
        return
    sizes = [int(size) for size in options.sizes.split(",")]
    start, _ = measure(SMALLEST)
    runs = {size: measure(size) for size in sizes}
    micros = {size: 1e6 * (seconds - start) / size for size, (seconds, _) in runs.items()}
    slope = (runs[sizes[-1]][1] - runs[sizes[0]][1]) / (sizes[-1] - sizes[0])
    mean = sum(micros.values()) / len(micros)
    result = {
        "start_s": start,
        "microseconds_per_item": {str(size): round(value, 1) for size, value in micros.items()},
        "peak_mb": {str(size): round(peak / 1e6, 1) for size, (_, peak) in runs.items()},
        "largest_deviation_from_mean": max(abs(value / mean - 1) for value in micros.values()),
        "bytes_per_item": slope,
        "mb_at_2200000": (runs[sizes[-1]][1] + slope * (LARGE - sizes[-1])) / 1e6,
    }
    for name, value in result.items():
        print(f"{name:24}{value:,.3f}" if isinstance(value, float) else f"{name:24}{value}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
