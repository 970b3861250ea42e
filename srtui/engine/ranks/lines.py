"""Lines between rank 0 and every other rank: small messages, signs of life, and news of who has gone.

A message is a kind (1 byte), a length (8 bytes) and its content. Rank 0 has a line to each of the others, and they have
one to it. What cannot be read is somebody's end: a socket closes with its process, however it dies, within
milliseconds; a machine that loses its power or its network is silent, and silence has a limit. A thread per line reads
and another says every few seconds that this process lives, so a rank may work or wait as long as it likes.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from srtui.errors import SrtuiError
from srtui.jobs.context import JobContext, Stopped

BEAT = 5.0
"""Seconds between two signs of life."""
SILENCE = 300.0
"""Seconds after which a silent process is given up: a machine that swaps may be silent for a minute."""
LARGEST = 2**36
"""Bytes that a message may have: many times the largest checkpoint."""
_TICK = 0.1  # s between two looks at whether a signal came here, which all others are told of
_GRACE = 5.0  # s in which the main thread may end by itself after a loss; one inside NCCL never does
_HEAD = struct.Struct("!cQ")

_MESSAGE, _BEAT, _STOP, _FAILED, _END = b"m", b"b", b"s", b"f", b"e"


class RankLostError(SrtuiError):
    """Another rank ended before its time; this one ends with the same code."""

    def __init__(self, subject: str, fact: str, *, code: int = 4, hint: str = "") -> None:
        super().__init__(subject, fact, hint=hint)
        self.exit_code = code


class Line:
    """One connection; whole messages, sent from any thread and read from one."""

    def __init__(self, connection: socket.socket, rank: int, name: str, *, patience: float | None = None) -> None:
        self.rank = rank
        self.name = name
        """Who is at the other end, as errors call it."""
        self._connection = connection
        connection.settimeout(SILENCE if patience is None else patience)
        self._sending = threading.Lock()

    def send(self, kind: bytes, content: bytes = b"") -> None:
        """Send a message; OSError if nobody is there."""
        with self._sending:
            self._connection.sendall(_HEAD.pack(kind, len(content)))
            self._connection.sendall(content)

    def receive(self, largest: int = LARGEST) -> tuple[bytes, bytes]:
        """Wait for a message; OSError if none will come, or one of more than ``largest`` bytes."""
        kind, size = _HEAD.unpack(self._exactly(_HEAD.size))
        if size > largest:
            raise ConnectionError(f"a message of {size} bytes")
        return kind, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        content = bytearray(size)
        rest = memoryview(content)
        while rest:
            got = self._connection.recv_into(rest)
            if not got:
                raise ConnectionResetError("the connection was closed")
            rest = rest[got:]
        return bytes(content)

    def say(self, **fields: Any) -> None:
        """Send plain values, before `Lines` takes over."""
        self.send(_MESSAGE, json.dumps(fields).encode())

    def hear(self, largest: int = 2**24) -> dict[str, Any]:
        """Wait for plain values, before `Lines` takes over; OSError if something else comes, or nothing."""
        kind, content = self.receive(largest)
        if kind != _MESSAGE:
            raise ConnectionError(f"a message of kind {kind!r}")
        value = json.loads(content)
        if not isinstance(value, dict):
            raise ConnectionError(f"{value!r:.100}")
        return value

    def close(self) -> None:
        """Hang up; whoever reads here wakes up, which closing alone does not do."""
        with suppress(OSError):  # nobody is there any more
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the lines, and what they do to it."""

    job: JobContext
    """Interrupted by a stop anywhere; an interruption here is told to all."""
    blame: Callable[[Line, str], SrtuiError]
    """Makes the error of a lost rank from its line and what was seen of the loss."""
    give_up: Callable[[SrtuiError], None]
    """Ends the process, from another thread: the main one is inside a call that does not return."""


class Lines:
    """Lines in use, each with its reader.

    Attributes
    ----------
    loss
        Why this process must end; None while all is well.
    """

    def __init__(self, lines: Iterable[Line], owner: Owner) -> None:
        self.loss: SrtuiError | None = None
        self._lines = {line.rank: line for line in lines}
        self._inbox: Mapping[int, SimpleQueue[bytes | None]] = {rank: SimpleQueue() for rank in self._lines}
        self._owner = owner
        self._deciding = threading.Lock()
        self._ending = threading.Event()
        self._lost = threading.Event()
        for line in self._lines.values():
            threading.Thread(target=self._read, args=(line,), name=f"line to {line.name}", daemon=True).start()
        threading.Thread(target=self._live, name="signs of life", daemon=True).start()

    def send(self, word: str, content: bytes) -> None:
        """Send ``content`` to everybody at the other end; ``word`` says what it is an answer to."""
        self._tell_all(_MESSAGE, f"{word}\n".encode() + content)
        self.check()

    def receive(self, word: str) -> list[bytes]:
        """Wait for one message from everybody at the other end, in the order of ranks.

        Raises
        ------
        SrtuiError
            If somebody is gone, or says something else than ``word``: the ranks do not do the same thing.
        """
        return [self._next(line, word) for line in self._lines.values()]

    def _next(self, line: Line, word: str) -> bytes:
        message = self._inbox[line.rank].get()
        if message is None:
            self._inbox[line.rank].put(None)  # for whoever asks again while this process ends
            self.check()
            if self._owner.job.interrupted:  # and so was that rank: it only saw it first
                raise Stopped
            message = b"the end"
        said, _, content = message.partition(b"\n")
        if said.decode(errors="replace") != word:
            fact = f"says {said!r:.40} where {word!r} is due"
            raise SrtuiError(line.name, fact, hint="this is a defect of srtui: please report it")
        return content

    def check(self) -> None:
        """Raise the loss, if there is one."""
        if self.loss is not None:
            raise self.loss

    def explain(self, error: BaseException) -> BaseException:
        """Give the loss behind an error of torch's, if one turns up soon; else the error."""
        if not isinstance(error, RuntimeError):  # what gloo and NCCL raise when somebody hangs up
            return error
        self._lost.wait(_GRACE / 2)
        return self.loss or error

    def fail(self, code: int, error: str) -> None:
        """Tell why this process ends before its time."""
        self._ending.set()
        self._tell_all(_FAILED, json.dumps({"code": code, "error": error}).encode())

    def end(self, code: int = 0) -> None:
        """Say, as rank 0, that the work is over and with which exit code; else, that this rank has done its part."""
        if self._owner.job.interrupted:
            self._tell_all(_STOP)  # first: who is told of the end should know why
        self._tell_all(_END, json.dumps({"code": code}).encode())
        if 0 not in self._lines:
            self._ending.set()

    def wait_for_end(self) -> int:
        """Wait until rank 0 lets this one go, or is lost; the exit code."""
        self._lost.wait()
        assert self.loss is not None  # it is set before the flag
        return self.loss.exit_code

    def close(self) -> None:
        """Hang up."""
        self._ending.set()
        for line in self._lines.values():
            line.close()

    def _tell_all(self, kind: bytes, content: bytes = b"") -> None:
        for line in self._lines.values():
            self._tell(line, kind, content)

    def _tell(self, line: Line, kind: bytes, content: bytes) -> None:
        try:
            line.send(kind, content)
        except OSError as error:
            self._lose(line, _words(error))

    def _read(self, line: Line) -> None:
        """Thread: sort what comes in."""
        try:
            while True:
                kind, content = line.receive()
                if kind == _MESSAGE:
                    self._inbox[line.rank].put(content)
                elif kind == _STOP:
                    self._owner.job.interrupt()
                elif kind == _END and line.rank != 0:
                    self._inbox[line.rank].put(None)  # it waits now, as this process should do soon
                elif kind in {_FAILED, _END}:
                    self._leave(line, kind, json.loads(content))
                    return
        except (OSError, ValueError, KeyError) as error:
            self._lose(line, _words(error))

    def _leave(self, line: Line, kind: bytes, ending: Mapping[str, Any]) -> None:
        code = int(ending["code"])
        if kind == _END:
            self._ending.set()  # nobody is to be told of it
            self._end_with(RankLostError(line.name, "ended", code=code))
        else:
            self._end_with(_TheirError(line.name, str(ending["error"]), code))

    def _lose(self, line: Line, seen: str) -> None:
        if not self._ending.is_set():
            self._end_with(self._owner.blame(line, seen))

    def _end_with(self, loss: SrtuiError) -> None:
        with self._deciding:
            if self.loss is not None:
                return
            self.loss = loss
        self._lost.set()
        for inbox in self._inbox.values():
            inbox.put(None)
        last_word = threading.Timer(_GRACE, lambda: self._owner.give_up(loss))
        last_word.daemon = True
        last_word.start()

    def _live(self) -> None:
        """Thread: say that this process lives, and that it was asked to stop."""
        told, beat = False, 0.0
        while not self._ending.wait(_TICK):
            if self._owner.job.interrupted and not told:
                told = True
                self._tell_all(_STOP)
            if time.monotonic() - beat >= BEAT:
                beat = time.monotonic()
                self._tell_all(_BEAT)


class _TheirError(RankLostError):
    """What another rank said before it ended, as it said it."""

    def __init__(self, name: str, error: str, code: int) -> None:
        super().__init__(name, "failed", code=code)
        self._error = error

    def __str__(self) -> str:
        first, _, rest = self._error.partition("\n")
        return f"error: {self.subject}: {first.removeprefix('error: ')}" + (f"\n{rest}" if rest else "")


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"silent for {SILENCE:.0f} s"
    return str(getattr(error, "strerror", None) or error)
