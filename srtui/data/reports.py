"""rejected.csv and names.csv: where every file of the sources has gone."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from srtui.config.degradation import Scenario
from srtui.data.datasets import PLAN
from srtui.data.names import PAIR, Row, write_rows
from srtui.data.plan import Entry, Refused, read_lines
from srtui.data.sources import PictureSource
from srtui.errors import SrtuiError
from srtui.files import whole_file

REJECTED = "rejected.csv"

Stored = Iterator[tuple[str, int, int]]
"""Name, height and width of each gt that the stores hold, by name."""


def write_rejected(folder: Path, sources: Sequence[PictureSource], refused: Mapping[str, str]) -> int:
    """Write rejected.csv: every file that no picture came from, and why; gives their number.

    Parameters
    ----------
    refused
        Reasons by number, for what the plan had accepted.
    """
    count = 0
    with whole_file(folder / REJECTED) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "reason", "source"])
        for line in read_lines(folder / PLAN):
            reason = line.reason if isinstance(line, Refused) else refused.get(line.number)
            if reason is not None:
                writer.writerow([line.file, reason, sources[line.source].title])
                count += 1
    return count


def write_names(
    folder: Path,
    sources: Sequence[PictureSource],
    scenarios: Sequence[Scenario],
    refused: Mapping[str, str],
    stored: Stored,
) -> None:
    """Write names.csv, comparing what was planned with what is there.

    Raises
    ------
    SrtuiError
        If the stores do not hold exactly what was planned and not refused.
    """
    write_rows(folder, _rows(folder, sources, scenarios, refused, stored))


def _rows(
    folder: Path,
    sources: Sequence[PictureSource],
    scenarios: Sequence[Scenario],
    refused: Mapping[str, str],
    stored: Stored,
) -> Iterator[Row]:
    planned = (line for line in read_lines(folder / PLAN) if isinstance(line, Entry) and line.number not in refused)
    for entry, found in zip_longest(planned, stored):
        if entry is None or found is None or entry.number != found[0]:
            wanted, there = entry.number if entry else "nothing more", found[0] if found else "nothing more"
            hint = "srtui prepare --fresh makes the dataset anew"
            raise SrtuiError(str(folder), f"the plan says {wanted} where the stores have {there}", hint=hint)
        _, height, width = found
        yield Row(
            name=entry.number,
            split=entry.split,
            scenario=PAIR if entry.scenario < 0 else scenarios[entry.scenario].name,
            width=width,
            height=height,
            source=sources[entry.source].title,
            file=entry.file,
        )
