"""names.csv: the way back from a picture's number to the file that it was made from."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from srtui.errors import UsageError
from srtui.files import whole_file

FILE = "names.csv"
PAIR = "pair"
"""Scenario of pictures that were paired elsewhere."""
LIVE = "live"
"""Scenario of pictures without lq: each crop is dealt one when it is drawn."""

Split = Literal["train", "val"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One picture of a dataset."""

    name: str
    """Its number: digits only."""
    split: Split
    scenario: str
    width: int
    """Of gt, in pixels."""
    height: int
    source: str
    file: str
    """Path below the source."""


def read_rows(folder: Path) -> Iterator[Row]:
    """Pictures of the dataset in ``folder``, ascending by number.

    Raises
    ------
    UsageError
        If there is no such file, or it is not one of ours.
    """
    path = folder / FILE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                yield Row(**{**line, "width": int(line["width"]), "height": int(line["height"])})  # type: ignore[arg-type]  # a wrong split matches nothing
    except (OSError, TypeError, KeyError, ValueError) as error:
        raise UsageError(str(path), f"not readable: {error}", hint="srtui prepare --fresh makes it anew") from None


def write_rows(folder: Path, rows: Iterable[Row]) -> None:
    """Write names.csv, whole or not at all."""
    names = [field.name for field in fields(Row)]
    with whole_file(folder / FILE) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([getattr(row, name) for name in names] for row in rows)
