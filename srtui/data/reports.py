"""rejected.csv and names.csv: where every file of the sources has gone."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from srtui.config.requests import PrepareRequest
from srtui.data.decisions import Settled, settled
from srtui.data.names import LIVE, PAIR, Row, write_rows
from srtui.data.plan import Head, Refused
from srtui.data.sources import PictureSource
from srtui.errors import SrtuiError
from srtui.files import whole_file

REJECTED = "rejected.csv"

Stored = Iterator[tuple[str, int, int]]
"""Name, height and width of each gt that the stores hold, by name."""


def write_rejected(folder: Path, sources: Sequence[PictureSource]) -> int:
    """Write rejected.csv: every file that no picture came from, and why; gives their number."""
    count = 0
    with whole_file(folder / REJECTED) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "reason", "source"])
        for each in settled(folder):
            planned = each if isinstance(each, Refused) else each.entry
            if each.reason:
                writer.writerow([planned.file, each.reason, sources[planned.source].title])
                count += 1
    return count


def write_names(
    folder: Path, request: PrepareRequest, head: Head, sources: Sequence[PictureSource], stored: Stored
) -> None:
    """Write names.csv, comparing what was decided with what is there.

    Raises
    ------
    SrtuiError
        If the stores do not hold exactly what was planned and not refused.
    """
    write_rows(folder, _rows(folder, request, head, sources, stored))


def _rows(
    folder: Path, request: PrepareRequest, head: Head, sources: Sequence[PictureSource], stored: Stored
) -> Iterator[Row]:
    kept = (each for each in settled(folder) if isinstance(each, Settled) and not each.reason)
    for each, found in zip_longest(kept, stored):
        name = head.name(each.number) if each else ""
        if each is None or found is None or name != found[0]:
            wanted, there = name or "nothing more", found[0] if found else "nothing more"
            hint = "srtui prepare --fresh makes the dataset anew"
            raise SrtuiError(str(folder), f"the plan says {wanted} where the stores have {there}", hint=hint)
        _, height, width = found
        yield Row(
            name=name,
            split=each.split,
            scenario=_scenario(request, each),
            width=width,
            height=height,
            source=sources[each.entry.source].title,
            file=each.entry.file,
        )


def _scenario(request: PrepareRequest, each: Settled) -> str:
    if each.entry.scenario < 0:
        return PAIR
    if each.split == "train" and request.prepare.degradation_mode == "live":
        return LIVE
    return request.degradation.scenarios[each.entry.scenario].name
