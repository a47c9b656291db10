"""What ProSG costs at inference, as shares of what the backbone costs.

    python benchmarks/prosg_overhead.py --json                       # the 430M shape, 128 prompt tokens, about one minute
    python benchmarks/prosg_overhead.py --shape tiny --prompt 128 --repeats 9

| figure               | what                                                            | bar    |
|----------------------|-----------------------------------------------------------------|--------|
| merged_per_token     | a generated token with ΔW merged, over the backbone's           | <= 5 % |
| functional_per_token | a generated token with ΔW as factors, over the backbone's       | <= 25 %|
| synthesis_of_prefill | making ΔW, over reading the prompt                              | <= 15 %|
| merge_of_prefill     | adding ΔW to the weights once, over reading the prompt          |        |

One thread, CPU time, medians of candidates that take turns.
"""

# ruff: noqa: E402  (the path must be set before the import that looks at it)
import argparse
import json
import sys
from pathlib import Path

import torch

sys.path[0] = str(Path(__file__).parents[1])

from prosg_ref.overhead import SHAPES, measure, random_model, ratios

BARS = {"merged_per_token": 0.05, "functional_per_token": 0.25, "synthesis_of_prefill": 0.15}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="430m")
    parser.add_argument("--prompt", type=int, default=128, help="prompt tokens")
    parser.add_argument("--repeats", type=int, default=27)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    torch.set_num_threads(1)
    found = measure(random_model(args.shape), args.prompt, args.repeats)
    shares = ratios(found)
    within = {name: shares[name] <= bar for name, bar in BARS.items()}
    if args.json:
        print(json.dumps({"shape": args.shape, **found, "ratios": shares, "bars": BARS, "within": within}, indent=1))
        return
    for name, share in shares.items():
        print(
            f"{name:22} {share:7.1%}" + (f"   bar {BARS[name]:.0%} {'met' if within[name] else 'missed'}" if name in BARS else "")
        )


if __name__ == "__main__":
    main()
