"""What a worker function gets: its folder, and the words to say how far it is and to hear what is asked of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from srtui.errors import NO_ROOM
from srtui.files import write_json
from srtui.jobs.control import Wish, asked, withdraw
from srtui.jobs.events import EventWriter
from srtui.jobs.folder import VERSION, JobFolder, now
from srtui.jobs.room import FULL, Reserve

Result = TypeVar("Result")

RETRY = 5.0
"""Seconds between two attempts to write on a full disk."""
_TICK = 0.2  # s between two looks at what is asked of a paused job


class Stopped(Exception):  # noqa: N818 - not an error: the job did what it was asked
    """The job was asked to stop, and has left everything so that it can be resumed."""


class JobContext:
    """One run of a job.

    Attributes
    ----------
    folder
        Where the job's files are.
    resumed
        Whether this folder was worked on before.
    """

    def __init__(self, folder: JobFolder, *, resumed: bool) -> None:
        self.folder = folder
        self.resumed = resumed
        self._events = EventWriter(folder.events)
        self._reserve = Reserve(folder.path / "reserve")
        self._signalled = False
        self._status: dict[str, Any] = {"phase": "", "done": 0, "total": 0, "unit": "", "figures": {}, "quiet": 60.0}
        self._written = 0.0
        self._began = time.monotonic()
        self._first_done = 0

    def event(self, kind: str, **fields: Any) -> None:
        """Append one event (kinds: ARCHITECTURE.md, "The job folder")."""
        self.insist(lambda: self._events.write(kind, **fields), "the next line of events.jsonl")

    def phase(self, name: str, *, quiet: float = 60.0) -> None:
        """Begin a phase; ``quiet`` is how many seconds of silence are normal in it (beyond: "stalled")."""
        self._status = {"phase": name, "done": 0, "total": 0, "unit": "", "figures": {}, "quiet": quiet}
        self._began, self._first_done = time.monotonic(), -1
        self.event("phase", name=name)
        self._write_status()

    def progress(self, done: int, total: int, unit: str, **figures: Any) -> None:
        """Say how far the phase is; cheap to call often (written at most once a second)."""
        if self._first_done < 0:
            self._began, self._first_done = time.monotonic(), done
        self._status.update(done=done, total=total, unit=unit, figures=figures)
        if time.monotonic() - self._written >= 1.0 or done == total:
            self._write_status()

    def metric(self, iteration: int, **values: float | None) -> None:
        """Record measured values of an iteration."""
        self.event("metric", iteration=iteration, **values)

    def alarm(self, text: str) -> None:
        """Record something that the user should see, although the job goes on."""
        self.event("alarm", text=text)

    def rejected(self, name: str, reason: str) -> None:
        """Record an input that was not used, and why."""
        self.event("rejected", name=name, reason=reason)

    def result(self, **fields: Any) -> None:
        """Say what was made or found: the command prints it, ``--json`` gives it to programs."""
        self.event("result", **fields)

    def interrupt(self) -> None:
        """Ask this job to stop, from a signal handler."""
        self._signalled = True

    @property
    def interrupted(self) -> bool:
        """Whether a signal asked to stop: a flag, cheap enough for every iteration."""
        return self._signalled

    def stop_asked(self) -> bool:
        """Whether a signal or control/stop asks to stop (looks at the disk unless a signal came)."""
        return self._signalled or asked(self.folder, "stop")

    def asked(self, wish: Wish) -> bool:
        """Whether ``wish`` was asked for since the last call."""
        return withdraw(self.folder, wish)

    def pause_asked(self) -> bool:
        """Whether control/pause is there."""
        return asked(self.folder, "pause")

    def wait_while_paused(self) -> None:
        """Return at once, or when the pause is withdrawn or a stop asked for."""
        if not asked(self.folder, "pause"):
            return
        self.event("paused")
        with self._paused():
            while asked(self.folder, "pause") and not self.stop_asked():
                self._write_status()
                time.sleep(_TICK)

    def insist(self, write: Callable[[], Result], what: str) -> Result:
        """Do ``write``; where the disk is full, pause and try again until there is room.

        Parameters
        ----------
        write
            It leaves nothing half-done when it raises OSError.
        what
            What waits, for people.

        Raises
        ------
        Stopped
            If asked to stop while waiting.
        OSError
            If it cannot be written for another reason: a limit on the size of files will not go away.
        """
        try:
            return write()
        except OSError as error:
            if error.errno not in FULL:
                raise
        return self._wait_for_room(write, what)

    def _wait_for_room(self, write: Callable[[], Result], what: str) -> Result:
        self._reserve.give_up()
        began = time.monotonic()
        reason = f"the disk is full: {what} waits for room"
        self._tell_if_possible("alarm", text=reason)
        with self._paused(reason):
            while True:
                self._wait_until(time.monotonic() + RETRY)
                try:
                    result = write()
                    break
                except OSError as error:
                    if error.errno not in FULL:
                        raise
        self._reserve.hold()
        self._tell_if_possible("note", text=f"there is room again, after {time.monotonic() - began:.0f} s")
        return result

    def _wait_until(self, moment: float) -> None:
        while time.monotonic() < moment:
            self._write_status()
            time.sleep(_TICK)
            if self.stop_asked():
                raise Stopped

    def _tell_if_possible(self, kind: str, **fields: Any) -> None:
        with suppress(OSError):
            self._events.write(kind, **fields)

    @contextmanager
    def _paused(self, reason: str = "") -> Iterator[None]:
        """Show the job as paused; the time does not count for what is left."""
        left = time.monotonic()
        self._status |= {"paused": True, "reason": reason}
        self._write_status()
        try:
            yield
        finally:
            for name in ("paused", "reason"):
                self._status.pop(name, None)
            self._began += time.monotonic() - left
            self._write_status()

    def reserve_room(self) -> None:
        """Keep a little room for the words of a job that will meet a full disk."""
        self._reserve.hold()

    def check(self) -> None:
        """Look at what is asked: waits while paused, raises `Stopped` when asked to stop, shows a sign of life."""
        self.wait_while_paused()
        if self.stop_asked():
            raise Stopped
        if time.monotonic() - self._written >= 1.0:
            self._write_status()

    def end(self, outcome: str, code: int, error: str = "") -> None:
        """Write how the job ended; the worker's last word."""
        self._reserve.give_up()
        self._write_status()
        self._tell_if_possible("end", outcome=outcome, code=code, error=error)
        ending = {"v": VERSION, "outcome": outcome, "code": code, "signal": None, "error": error}
        write_json(self.folder.exit, ending)
        self._events.close()

    def _write_status(self) -> None:
        """Show how it stands; a full disk leaves the old words, which are not worth waiting for."""
        self._written = time.monotonic()
        status = {"v": VERSION, "t": round(now(), 3), **self._status, "eta": self._eta()}
        try:
            write_json(self.folder.status, status)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise

    def _eta(self) -> float | None:
        done, total = int(self._status["done"]), int(self._status["total"])
        gained = done - max(self._first_done, 0)
        if gained <= 0 or total <= 0:
            return None
        return round((time.monotonic() - self._began) / gained * (total - done), 1)
