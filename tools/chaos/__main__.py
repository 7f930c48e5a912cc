"""`python -m tools.chaos`: break everything, again and again, and compare what was acknowledged with what was kept."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from csms.kit import logs
from tools.chaos.faults import FAULTS
from tools.chaos.report import table
from tools.chaos.run import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often each fault happens")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=list(FAULTS), help=f"of {', '.join(FAULTS)}"
    )
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--stations", type=int, default=20)
    parser.add_argument("--gateways", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=None, help="begin no new fault after so many")
    parser.add_argument("--keep", type=Path, default=None, help="folder for data and logs; a temporary one without")
    options = parser.parse_args()
    if unknown := set(options.only) - FAULTS.keys():
        parser.error(f"unknown faults: {', '.join(sorted(unknown))}")
    logs.configure(level="error")
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-chaos-", ignore_cleanup_errors=True) as temporary:
        result = asyncio.run(run(
            options.keep or Path(temporary), options.only, rounds=options.rounds, seed=options.seed,
            stations=options.stations, gateways=options.gateways,
            within_s=options.minutes * 60 if options.minutes else None,
        ))
    print("\n" + table(result))
    sys.exit(0 if result.verdict.holds else 1)


if __name__ == "__main__":
    main()
