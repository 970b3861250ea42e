"""Rows for people, for Markdown and for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from benchmarks.machine import machine
from benchmarks.rows import Row


def as_json(rows: Sequence[Row]) -> str:
    """Everything that is known of each row."""
    return json.dumps([{**dataclasses.asdict(row), "met": row.met} for row in rows], indent=2, ensure_ascii=False)


def as_text(rows: Sequence[Row]) -> str:
    """One line a row."""
    width = max((len(_name(row)) for row in rows), default=0)
    lines = [
        f"{_name(row):<{width}}  {row.against} {_figure(row.reference)}, ours {_figure(row.ours)} {row.unit}, "
        f"ratio {row.ratio:.2f}{_verdict(row)}"
        for row in rows
    ]
    return "\n".join([*lines, *_notes(rows)])


def as_markdown(rows: Sequence[Row], command: str) -> str:
    """The tables of benchmarks/README.md, one for each number of threads: machine, date and command above them."""
    lines = [machine(command)]
    for threads in sorted({row.threads for row in rows}):
        title = {0: "Threads as each side takes them", 1: "One thread"}.get(threads, f"{threads} threads")
        lines += [
            "",
            f"| {title} | reference | | ours | unit | ratio | target | |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [_cells(row) for row in rows if row.threads == threads]
    return "\n".join([*lines, *([""] if any(row.notes for row in rows) else []), *_notes(rows, "- ")])


def _cells(row: Row) -> str:
    target = "–" if row.target is None else f"{row.target:g}×"
    verdict = {None: "", True: "met", False: "**missed**"}[row.met]
    figures = [row.against, _figure(row.reference), _figure(row.ours), row.unit, f"{row.ratio:.2f}×"]
    return f"| {' | '.join([row.name, *figures, target, verdict])} |"


def _name(row: Row) -> str:
    return row.name if row.threads <= 1 else f"{row.name}, {row.threads} threads"


def _figure(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _verdict(row: Row) -> str:
    return "" if row.target is None else f", target {row.target:g} {'met' if row.met else 'MISSED'}"


def _notes(rows: Sequence[Row], bullet: str = "") -> list[str]:
    return [bullet + note for note in dict.fromkeys(note for row in rows for note in row.notes)]
