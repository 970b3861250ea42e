"""Looking at every picture of a tape, in segments that can be gone on from; the same for any number of threads."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial

import numpy as np

from srtui.errors import SrtuiError
from srtui.footage.borders import DEPTH, SIDES
from srtui.footage.interlacing import MOVING, Detector
from srtui.footage.measures import Measured, Triple, measure
from srtui.footage.reader import Broken, Frame, Reader
from srtui.footage.segments import LENGTH, Segment
from srtui.ordered import in_order

Tell = Callable[[int], None]
"""Called with the number of pictures that are measured; may raise to stop."""

_MOST_THREADS = 16  # one thread decodes; no tape feeds more than this, and each holds pictures in memory


def survey(reader: Reader, behind: Segment | None, *, threads: int, tell: Tell) -> Generator[Segment, None, None]:
    """
    Look at the pictures ``behind`` a segment (None: all); gives one segment after another, the last with ``last``.

    Raises
    ------
    SrtuiError
        If the file is not what that segment was made from.
    """
    if behind is not None and behind.last:
        return
    looking = _Looking(reader, None if behind is None else _go_behind(reader, behind, tell))
    function = partial(measure, reports_dropouts=reader.facts.codec == "dvvideo")
    threads = min(threads, _MOST_THREADS)
    batch: list[Measured] = []
    with closing(in_order(function, looking.triples(), threads, ahead=threads + 2)) as results:
        for measured in results:
            batch.append(measured)
            tell(looking.taken + len(batch))
            if len(batch) == LENGTH:
                yield looking.segment(batch, last=False)
                batch = []
    yield looking.segment(batch, last=True)


def _go_behind(reader: Reader, done: Segment, tell: Tell) -> Frame:
    """Stand behind the last picture of a segment, and give it."""
    anchors = done.anchors()
    if found := reader.go_to(anchors, start=done.start, packets=done.packets, tell=tell):
        return found[-1]
    fact = f"picture {anchors[-1].number} is not what it was when the scan began"
    raise SrtuiError(str(reader.path), fact, hint="srtui scan --fresh begins anew")


class _Looking:
    """Walks through a tape, one picture ahead of what is measured."""

    def __init__(self, reader: Reader, before: Frame | None) -> None:
        self._reader = reader
        self._before = before
        self._broken: list[Broken] = []
        self._detectors: list[Detector] = []
        self._packets: dict[int, int] = {}
        self._recorded: list[str] = []
        self.taken = 0 if before is None else before.number + 1
        """Pictures that lie in segments."""

    def triples(self) -> Generator[Triple, None, None]:
        """Each picture with its neighbours."""
        before, frame = self._before, next(self._reader, None)
        while frame is not None:
            after = next(self._reader, None)
            self._note(frame)
            yield Triple(before, frame, after)
            before, frame = frame, after

    def _note(self, frame: Frame) -> None:
        """What is seen of the pictures one after another, here where they come in order."""
        if frame.number % LENGTH == 0:
            self._detectors.append(Detector())
            self._recorded.append(frame.recorded)
        self._detectors[-1].add(frame)
        if frame.number % LENGTH == LENGTH - 1:
            self._detectors[-1].finish()
            self._packets[frame.number] = frame.packets

    def segment(self, batch: Sequence[Measured], *, last: bool) -> Segment:
        """Sum up the pictures that were measured since the segment before."""
        self.taken += len(batch)
        rows = [measured.row for measured in batch]
        detector = self._detectors.pop(0) if batch else Detector()
        if last:
            detector.finish()
        moving = (kind for kind, row in zip(detector.kinds, rows, strict=True) if row.moved >= MOVING)
        blanks = [measured.blank for measured in batch if measured.blank is not None]
        return Segment(
            first=self.taken - len(batch),
            start=self._reader.start_pts,
            rows=rows,
            evidence=_sorted(Counter(moving)),
            flags=_sorted(detector.flags),
            blank=np.sum([np.zeros((len(SIDES), DEPTH), np.int64), *blanks], axis=0).tolist(),
            lively=len(blanks),
            broken=self._broken_before(self.taken, everything=last),
            packets=self._reader.packets if last else self._packets.pop(self.taken - 1),
            recorded=self._recorded.pop(0) if batch else "",
            last=last,
        )

    def _broken_before(self, number: int, *, everything: bool) -> list[Broken]:
        self._broken += self._reader.broken
        self._reader.broken.clear()
        taken = list(itertools.takewhile(lambda each: everything or each.before < number, self._broken))
        del self._broken[: len(taken)]
        return taken


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {kind: counts[kind] for kind in sorted(counts)}
