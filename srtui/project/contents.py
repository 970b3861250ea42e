"""What a dataset holds, told from its text files alone: dataset.yml, names.csv and rejected.csv."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srtui.errors import UsageError

VERSION = 3
"""Newest format of dataset.yml that is read here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Pictures of one split."""

    pictures: int
    megapixels: float
    """Of gt, together."""
    smallest: tuple[int, int]
    """Width and height of the gt with the fewest pixels; zeros where there is none."""
    median: tuple[int, int]
    largest: tuple[int, int]
    scenarios: dict[str, int]
    """Pictures by scenario, in the order of the degradation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A dataset, summed up."""

    folder: str
    version: int
    scale: int
    degradation: str
    shards: int
    settings: str
    """Digest of the settings."""
    content: str
    """Digest of the pictures, as ``srtui dataset verify`` compares it."""
    splits: dict[str, Split]
    sources: dict[str, int]
    """Pictures by source."""
    rejected: int
    reasons: dict[str, int]
    """Rejected files by reason, the most frequent first."""
    disk: int
    """Bytes that the folder takes on the disk."""


def read_contents(folder: Path) -> Contents:
    """Sum up the dataset in ``folder``; in memory are its sizes, not its pictures' names.

    Raises
    ------
    UsageError
        If there is none, or it is not whole, or of a newer srtui.
    """
    about = _about(folder)
    names = [str(each["name"]) for each in about["settings"]["degradation"]["scenarios"]]
    counts: dict[str, Counter[str]] = {"train": Counter(), "val": Counter()}
    sizes: dict[str, Counter[tuple[int, int]]] = {"train": Counter(), "val": Counter()}
    sources: Counter[str] = Counter()
    for row in _rows(folder / "names.csv"):
        counts[row["split"]][row["scenario"]] += 1
        sizes[row["split"]][int(row["width"]), int(row["height"])] += 1
        sources[row["source"]] += 1
    reasons = Counter(_kind_of(row["reason"]) for row in _rows(folder / "rejected.csv"))
    return Contents(
        folder=str(folder),
        version=about["version"],
        scale=about["scale"],
        degradation=about["settings"]["degradation"]["name"],
        shards=about.get("shards", 1),
        settings=about["digest"],
        content=about["content"]["all"],
        splits={name: _split(counts[name], sizes[name], names) for name in counts},
        sources=dict(sources),
        rejected=reasons.total(),
        reasons=dict(reasons.most_common()),
        disk=_disk(folder),
    )


def _about(folder: Path) -> dict[str, Any]:
    import yaml

    file = folder / "dataset.yml"
    if not file.is_file():
        unfinished = (folder / "plan.jsonl").is_file()
        fact = "the dataset is not whole yet" if unfinished else "no dataset here"
        hint = "srtui prepare goes on where it was left" if unfinished else "srtui prepare makes one"
        if unfinished and (folder / "shards").is_dir():
            hint = "srtui dataset join says what is missing"
        raise UsageError(str(folder), fact, hint=hint)
    try:
        value = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(str(file), f"not readable: {error}", hint="srtui prepare --fresh makes it anew") from None
    version = value.get("version") if isinstance(value, dict) else None
    if not isinstance(version, int):
        raise UsageError(str(file), "no file of srtui", hint="srtui prepare --fresh makes it anew")
    if version > VERSION:
        raise UsageError(str(file), f"format {version}, this srtui reads up to {VERSION}", hint="update srtui")
    return dict(value)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(str(path), f"not readable: {error}", hint="srtui prepare --fresh makes it anew") from None


def _split(counts: Counter[str], sizes: Counter[tuple[int, int]], scenarios: list[str]) -> Split:
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    middle, passed, median = (sizes.total() + 1) // 2, 0, (0, 0)
    for size in ordered:
        passed += sizes[size]
        if passed >= middle and passed - sizes[size] < middle:
            median = size
    known = [name for name in scenarios if name in counts]
    return Split(
        pictures=sizes.total(),
        megapixels=round(sum(width * height * count for (width, height), count in sizes.items()) / 1e6, 3),
        smallest=ordered[0] if ordered else (0, 0),
        median=median,
        largest=ordered[-1] if ordered else (0, 0),
        scenarios={name: counts[name] for name in [*known, *sorted(set(counts) - set(known))]},
    )


def _kind_of(reason: str) -> str:
    """Reason without what is said of the one file: what comes before a colon, a semicolon or a bracket."""
    return re.split("[:;(]", reason, maxsplit=1)[0].strip()


def _disk(folder: Path) -> int:
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    total = 0
    for path in files:
        with suppress(FileNotFoundError):  # a part file of somebody who is at work
            total += path.stat().st_blocks * 512
    return total
