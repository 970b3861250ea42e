"""events.jsonl: one JSON object a line, appended by the worker, read by everyone."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from srtui.jobs.folder import VERSION, now

Event = dict[str, Any]


class EventWriter:
    """Appends events; what a crash left half-written at the end is cut off first."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _cut_torn_line(self._descriptor)

    def write(self, kind: str, **fields: Any) -> None:
        """Append one event; NaN and infinities become null, which JSON can say.

        Raises
        ------
        OSError
            If there is no room for the whole line; nothing of it stays.
        """
        event = {"v": VERSION, "t": round(now(), 3), "kind": kind, **fields}
        line = (json.dumps(_finite(event), ensure_ascii=False, allow_nan=False) + "\n").encode()
        begin = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        done = 0
        try:
            while done < len(line):
                done += os.write(self._descriptor, line[done:])  # the last bytes of a disk: first less, then ENOSPC
        except OSError:
            os.ftruncate(self._descriptor, begin)
            os.lseek(self._descriptor, begin, os.SEEK_SET)
            raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _cut_torn_line(descriptor: int) -> None:
    end = os.lseek(descriptor, 0, os.SEEK_END)
    position, step = end, 1 << 16
    while position > 0:
        start = max(position - step, 0)
        newline = os.pread(descriptor, position - start, start).rfind(b"\n")
        if newline >= 0:
            position = start + newline + 1
            break
        position = start
    if position < end:
        os.ftruncate(descriptor, position)
    os.lseek(descriptor, position, os.SEEK_SET)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value


def said(event: Event) -> dict[str, Any]:
    """What an event says, without its format, time and kind."""
    return {name: value for name, value in event.items() if name not in {"v", "t", "kind"}}


class EventTail:
    """Reads events as they come; a torn last line waits until it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self, most: int = -1) -> list[Event]:
        """Events since the last call, of about ``most`` bytes (-1: all); lines that are no events are passed over."""
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self._offset:
                    self._offset = 0
                file.seek(self._offset)
                raw = file.read(most if most >= 0 else size - self._offset)
        except FileNotFoundError:
            return []
        whole = raw[: raw.rfind(b"\n") + 1]
        self._offset += len(whole)
        return list(_parse(whole.splitlines()))


def _parse(lines: Iterable[bytes]) -> Iterator[Event]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("kind"), str) and event.get("v", 0) <= VERSION:
            yield event


def read_events(path: Path) -> list[Event]:
    """All events that still hold: ``resumed`` at an iteration undoes earlier ones with later iterations."""
    kept: list[Event] = []
    for event in EventTail(path).read():
        if event["kind"] == "resumed" and isinstance(event.get("iteration"), int):
            kept = [old for old in kept if old.get("iteration", -1) <= event["iteration"]]
        kept.append(event)
    return kept
