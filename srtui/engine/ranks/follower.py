"""The job as ranks beside rank 0 see it: they do the same work, and write nothing but alarms, into the log."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from srtui.config.reader import from_plain, to_plain
from srtui.config.requests import TrainRequest
from srtui.engine.ranks.lines import Line, Lines, Owner, RankLostError
from srtui.errors import MachineError, SrtuiError
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.control import Wish
from srtui.jobs.folder import JobFolder
from srtui.jobs.room import log

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a rank stands."""

    rank: int
    count: int
    device: str
    """As `pick_device` takes it."""
    store: str = ""
    """File through which torch's processes find each other; empty: a launcher has its own way."""


def order(job: JobContext, request: TrainRequest, place: Place) -> dict[str, Any]:
    """Make what rank 0 tells another rank to do, as plain values."""
    where = {"rank": place.rank, "count": place.count, "device": place.device, "store": place.store}
    return {"folder": str(job.folder.path), "resumed": job.resumed, "request": to_plain(request), "place": where}


class Follower(JobContext):
    """A job that is only done, not told of: events, figures and wishes are rank 0's.

    A signal here stops all ranks: the line carries it to rank 0, which decides when.

    Attributes
    ----------
    request, place, lines
        What is to be done, where, and with whom; there once `join` has been called.
    """

    request: TrainRequest
    place: Place
    lines: Lines | None = None

    def __init__(self) -> None:  # not JobContext's, which would open the events that rank 0 writes
        self.folder = JobFolder(Path())
        self.resumed = False
        self._signalled = False

    def join(self, line: Line) -> None:
        """Learn from rank 0 what is to be done.

        Raises
        ------
        MachineError
            If rank 0 is not there any more.
        """
        try:
            told = line.hear()
        except OSError as error:
            raise MachineError("rank 0", f"ended before the work began ({error})") from error
        self.folder, self.resumed = JobFolder(Path(told["folder"])), bool(told["resumed"])
        self.request = from_plain(TrainRequest, told["request"], where="rank 0")
        self.place = Place(**told["place"])
        self.lines = Lines([line], Owner(job=self, blame=_blame, give_up=_give_up))

    def leave(self, code: int, error: str) -> int:
        """Say how it ended here, and wait for rank 0 to let this process go; gives the exit code."""
        if self.lines is None:
            if error:
                log(error)
            return code
        if self.lines.loss is not None:
            return self.lines.loss.exit_code
        if code:
            self.lines.fail(code, error)
            return code
        self.lines.end()
        return self.lines.wait_for_end()

    def event(self, kind: str, **fields: Any) -> None:
        """Nothing: rank 0 tells it."""

    def alarm(self, text: str) -> None:
        """Into the log: what stands out here alone, as a compiler that fails, rank 0 does not know of."""
        log(f"rank {self.place.rank}: {text}")

    def phase(self, name: str, *, quiet: float = 60.0) -> None:
        """Nothing: rank 0 tells it."""

    def progress(self, done: int, total: int, unit: str, **figures: Any) -> None:
        """Nothing: rank 0 tells it."""

    def insist(self, write: Callable[[], Result], what: str) -> Result:  # noqa: ARG002 - nobody would read it
        """Do it; what is written is written by rank 0."""
        return write()

    def reserve_room(self) -> None:
        """Nothing: the room is rank 0's."""

    def stop_asked(self) -> bool:
        """Whether a signal asked to stop, anywhere; control/stop is rank 0's to see."""
        return self._signalled

    def asked(self, wish: Wish) -> bool:  # noqa: ARG002 - every wish is rank 0's to see
        """Nothing is asked for here."""
        return False

    def pause_asked(self) -> bool:
        """Nothing is asked for here."""
        return False

    def wait_while_paused(self) -> None:
        """Return at once: where rank 0 waits, this one will wait for it."""

    def check(self) -> None:
        """Raise `Stopped` when any rank was asked to stop."""
        if self._signalled:
            raise Stopped

    def end(self, outcome: str, code: int, error: str = "") -> None:
        """Nothing: rank 0 tells it."""


def child_line(descriptor: int) -> Line:
    """The line of a rank that rank 0 started, from the descriptor that it inherited."""
    return Line(socket.socket(fileno=descriptor), 0, "rank 0")


def _blame(line: Line, seen: str) -> SrtuiError:
    return RankLostError(line.name, f"gone ({seen})")


def _give_up(error: SrtuiError) -> None:
    """Thread: nothing here is worth saving."""
    if not isinstance(error, RankLostError) or error.exit_code:
        log(str(error))
    os._exit(error.exit_code)
