"""What was measured of a whole tape, as columns: some 60 bytes a picture, 70 MB for thirteen hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srtui.footage.measures import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of `Row`, one entry a picture; a sharpness of NaN is that of an empty picture."""

    pts: NDArray[np.int64]
    """The smallest number where there is none."""
    time: NDArray[np.float64]
    crc: NDArray[np.int64]
    sharpness: NDArray[np.float64]
    change: NDArray[np.float64]
    across: NDArray[np.float64]
    strongest: NDArray[np.float64]
    torn: NDArray[np.int64]
    corrupt: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time)


NO_PTS = int(np.iinfo(np.int64).min)


class TableMaker:
    """Collects rows in batches, so that few of them exist as Python objects at a time."""

    def __init__(self) -> None:
        self._batches: list[dict[str, NDArray[Any]]] = []

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows behind the others."""
        rows = list(rows)
        self._batches.append(
            {
                "pts": np.array([NO_PTS if row.pts is None else row.pts for row in rows], np.int64),
                "sharpness": np.array([np.nan if row.sharpness is None else row.sharpness for row in rows]),
                **{name: np.array([getattr(row, name) for row in rows], kind) for name, kind in _PLAIN.items()},
            }
        )

    def table(self) -> Table:
        """All rows."""
        if not self._batches:
            self.add([])
        return Table(**{name: np.concatenate([batch[name] for batch in self._batches]) for name in self._batches[0]})


_PLAIN = {
    "time": np.float64,
    "crc": np.int64,
    "change": np.float64,
    "across": np.float64,
    "strongest": np.float64,
    "torn": np.int64,
    "corrupt": np.int64,
}
