"""All benches, one after the other: `python -m bench [--scale 0.01]`."""

from __future__ import annotations

import argparse
import subprocess
import sys

BENCHES = (
    *("noop", "geofences", "lookups", "presence", "throughput", "states"),
    *("cost", "latency", "gateway", "history", "campaigns", "deciding", "claiming", "stops"),
)


def main() -> None:
    """Run each in a process of its own, so that none is the warmer for the one before."""
    parser = argparse.ArgumentParser(description="The measured claims, each with its peer in the same run.")
    parser.add_argument("--scale", type=float, default=1.0, help="of the size of each; 0.01 for a trial")
    scale = str(parser.parse_args().scale)
    for bench in BENCHES:
        print(f"== {bench}", flush=True)
        subprocess.run([sys.executable, "-m", f"bench.{bench}", "--scale", scale], check=True)


if __name__ == "__main__":
    main()
