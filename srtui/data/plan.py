"""The plan of a dataset: which picture gets which split, scenario and key, fixed before work begins.

A plan is a file of JSON lines: a head with totals, then one line per picture in the order of the sources.

Numbers are given out later, in the order of the plan, to those pictures that prove good when they are decoded
(decisions.py): so they have no holes.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srtui.data.names import Split
from srtui.data.walk import Stamp
from srtui.errors import UsageError

VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """First line of a plan."""

    version: int = VERSION
    digest: str
    """Of the settings."""
    job: str
    """Id of the job that made the plan."""
    sources: str
    """Digest of what was found: names, sizes and times."""
    train: int
    """Pictures to train on, if all prove good."""
    val: int
    """Pictures to validate on."""
    refused: int
    train_room: int
    """Bytes that the train store will take."""
    val_room: int
    map_room: int
    """Bytes that a store would take if it got every picture, with lq: no store can need more."""
    digits: int
    """Of a number: four, or as many as the largest needs."""

    def name(self, number: int) -> str:
        """Name of a picture in the stores."""
        return f"{number:0{self.digits}d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A picture that will be made."""

    source: int
    """Index of its source; validation sources come after the others."""
    file: str
    """Its name in the source."""
    stamps: tuple[Stamp, ...]
    split: Split
    scenario: int
    """Index in the degradation; -1 for a pair."""
    key: int
    """Decides everything that is drawn for it."""
    scene: str = ""
    """It stays on the side of the split on which its scene is."""
    address: str = ""
    """What its source needs, besides the name, to find it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that cannot be used, as was seen without decoding it."""

    source: int
    file: str
    reason: str


def read_head(path: Path) -> Head | None:
    """Head of a plan; None if there is none.

    Raises
    ------
    UsageError
        If it is damaged, or of a newer srtui.
    """
    try:
        with path.open(encoding="utf-8") as file:
            head = json.loads(file.readline())
        if (version := head["version"]) != VERSION:
            fact = f"format {version}, this srtui goes on with {VERSION} only"
            raise UsageError(str(path), fact, hint="srtui prepare --fresh makes it anew")
        return Head(**head)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(str(path), f"damaged: {error}", hint="srtui prepare --fresh makes it anew") from None


def read_lines(path: Path) -> Iterator[Entry | Refused]:
    """Entries and refusals of a plan, in the order of the sources; one at a time."""
    with path.open("rb") as file:
        next(file)
        for line in file:
            yield _line(line)


def to_line(value: Head | Entry | Refused) -> str:
    """One line of a plan."""
    return json.dumps(asdict(value), ensure_ascii=False) + "\n"


class PlanLines:
    """Lines of a plan by number, counted from 0 after the head, without holding the plan."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._file.readline()
        self._places = array("Q", [self._file.tell()])

    def __getitem__(self, number: int) -> Entry | Refused:
        block = number // _BLOCK
        while len(self._places) <= block:
            self._file.seek(self._places[-1])
            self._skip(_BLOCK)
            self._places.append(self._file.tell())
        self._file.seek(self._places[block])
        self._skip(number % _BLOCK)
        return _line(self._file.readline())

    def _skip(self, lines: int) -> None:
        for _ in range(lines):
            self._file.readline()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


_BLOCK = 64
"""Lines between two places that are remembered."""


def _line(text: bytes) -> Entry | Refused:
    value: dict[str, Any] = json.loads(text)
    if "reason" in value:
        return Refused(**value)
    value["stamps"] = tuple((size, modified) for size, modified in value["stamps"])
    return Entry(**value)
