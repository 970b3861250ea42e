"""What a scan found, put together from its segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from srtui.footage.borders import DEPTH, SIDES, Border, border_of
from srtui.footage.facts import Facts
from srtui.footage.interlacing import Interlacing, Stretch, stretches, verdict
from srtui.footage.reader import Broken
from srtui.footage.scenes import Judged, judge_pictures
from srtui.footage.segments import Segment
from srtui.footage.table import Table, TableMaker

LISTED = 1000
"""Scenes, stretches and broken places that are kept and listed at most; their numbers are always told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that is known of a tape."""

    facts: Facts
    table: Table
    judged: Judged
    interlacing: Interlacing
    stretches: Sequence[Stretch]
    border: Border
    broken: Sequence[Broken]
    """The first thousand."""
    broken_found: int
    packets: int
    recorded: Sequence[str]
    """When each ten seconds were recorded, where that is known."""

    def kind_at(self, number: int) -> str:
        """What a picture is to be treated as: ``progressive``, ``tff`` or ``bff``."""
        found = (each.kind for each in self.stretches if each.first <= number <= each.last)
        return next(found, self.interlacing.kind)


class Gathering:
    """Puts the segments of a tape together, one at a time."""

    def __init__(self) -> None:
        self._table = TableMaker()
        self._evidence: Counter[str] = Counter()
        self._flags: Counter[str] = Counter()
        self._windows: list[tuple[int, int, Interlacing]] = []
        self._blank = np.zeros((len(SIDES), DEPTH), np.int64)
        self._lively = 0
        self._broken: list[Broken] = []
        self._broken_found = 0
        self._recorded: list[str] = []
        self.newest: Segment | None = None
        """The segment that was added last."""

    def add(self, segment: Segment) -> None:
        """Add the next segment."""
        self.newest = segment
        self._table.add(segment.rows)
        self._evidence.update(segment.evidence)
        self._flags.update(segment.flags)
        if segment.rows:
            last = segment.first + len(segment.rows) - 1
            self._windows.append((segment.first, last, verdict(segment.evidence, segment.flags)))
        self._blank += np.array(segment.blank, np.int64)
        self._lively += segment.lively
        self._broken += segment.broken[: LISTED - len(self._broken)]
        self._broken_found += len(segment.broken)
        self._recorded += [segment.recorded] if segment.recorded else []

    def findings(self, facts: Facts) -> Findings:
        """What is known once the last segment was added."""
        table = self._table.table()
        seen = verdict(self._evidence, self._flags)
        return Findings(
            facts=facts,
            table=table,
            judged=judge_pictures(table, guessed=facts.codec != "dvvideo"),
            interlacing=seen,
            stretches=stretches(self._windows, seen.kind),
            border=border_of(self._blank, self._lively),
            broken=self._broken,
            broken_found=self._broken_found,
            recorded=self._recorded,
            packets=self.newest.packets if self.newest else 0,
        )
