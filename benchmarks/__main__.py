"""``python -m benchmarks NAME [--json | --markdown] [--only PATTERN] [--rounds N] [--photos DIR]``."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from pathlib import Path

from benchmarks.printing import as_json, as_markdown, as_text
from benchmarks.rows import Asked, Row

NAMES = ("terminal", "kernels", "dataset", "training")


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark and print its rows; exit code 5 if a target was missed."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["quality"]:  # no rows, but curves: it has options of its own
        code: int = importlib.import_module("benchmarks.quality").main(arguments[1:])
        return code
    chosen = _parser().parse_args(arguments)
    asked = Asked(only=chosen.only, rounds=chosen.rounds, photos=chosen.photos, device=chosen.device)
    rows: list[Row] = importlib.import_module(f"benchmarks.{chosen.name}").rows(asked)
    if not rows:
        print(f"no row of {chosen.name} is called {chosen.only!r}", file=sys.stderr)
        return 2
    if chosen.json:
        print(as_json(rows))
    elif chosen.markdown:
        print(as_markdown(rows, _command(chosen)))
    else:
        print(as_text(rows))
    return 5 if any(row.met is False for row in rows) else 0


def _command(chosen: argparse.Namespace) -> str:
    """What to type for the same figures; where somebody's photographs lie is nobody else's business."""
    only = [] if chosen.only == "*" else ["--only", shlex.quote(chosen.only)]
    rounds = [] if chosen.rounds is None else ["--rounds", str(chosen.rounds)]
    photos = [] if chosen.photos is None else ["--photos", "DIR"]
    device = [] if chosen.device == "auto" else ["--device", chosen.device]
    return " ".join(["python -m benchmarks", chosen.name, "--markdown", *only, *rounds, *photos, *device])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure against peers, in one run. `quality` has its own --help."
    )
    parser.add_argument("name", choices=NAMES)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON, with stretch targets and bandwidth")
    shape.add_argument("--markdown", action="store_true", help="print the table of benchmarks/README.md")
    parser.add_argument(
        "--only", default="*", metavar="PATTERN", help="rows whose name holds this, or matches it (* ?)"
    )
    parser.add_argument("--rounds", type=_positive, metavar="N", help="interleaved rounds")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="measure with the PNG photographs of this folder")
    parser.add_argument("--device", default="auto", help="where training is measured: auto, cpu, cuda or cuda:1")
    return parser


def _positive(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
