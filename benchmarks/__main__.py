"""``python -m benchmarks NAME [--json]``."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys

from benchmarks.rows import Row

NAMES = ("terminal",)


def main() -> int:
    """Run one benchmark and print its rows; exit code 5 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure against peers, in one run.")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args()
    rows: list[Row] = importlib.import_module(f"benchmarks.{chosen.name}").rows()
    if chosen.json:
        print(json.dumps([{**dataclasses.asdict(row), "met": row.met} for row in rows], indent=2))
    else:
        for row in rows:
            target = "" if row.target is None else f"  target {row.target:.1f} {'met' if row.met else 'MISSED'}"
            sides = f"{row.against} {row.reference:.1f} {row.unit}, ours {row.ours:.1f} {row.unit}"
            print(f"{row.name:<20} {sides}, ratio {row.ratio:.2f}{target}")
    return 5 if any(row.met is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
