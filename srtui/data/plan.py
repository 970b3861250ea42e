"""The plan of a dataset: which picture gets which number, split, scenario and key, fixed before work begins.

A plan is a file of JSON lines: a head with totals, then one line per picture in the order of the sources.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srtui.data.names import Split
from srtui.data.walk import Stamp
from srtui.errors import UsageError

VERSION = 1


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
    """Pictures to train on."""
    val: int
    """Pictures to validate on."""
    refused: int
    train_room: int
    """Bytes that the train store will take."""
    val_room: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A picture that will be made."""

    number: str
    """Its name in the store: digits, all of one length."""
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
        if (version := head["version"]) > VERSION:
            fact = f"format {version}, this srtui reads up to {VERSION}"
            raise UsageError(str(path), fact, hint="update srtui, or srtui prepare --fresh")
        return Head(**head)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(str(path), f"damaged: {error}", hint="srtui prepare --fresh makes it anew") from None


def read_lines(path: Path) -> Iterator[Entry | Refused]:
    """Entries and refusals of a plan, in the order of the sources; one at a time."""
    with path.open(encoding="utf-8") as file:
        next(file)
        for line in file:
            value = json.loads(line)
            yield Refused(**value) if "reason" in value else _entry(value)


def to_line(value: Head | Entry | Refused) -> str:
    """One line of a plan."""
    return json.dumps(asdict(value), ensure_ascii=False) + "\n"


def _entry(value: dict[str, Any]) -> Entry:
    value["stamps"] = tuple((size, modified) for size, modified in value["stamps"])
    return Entry(**value)
