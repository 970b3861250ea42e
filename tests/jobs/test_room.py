"""A full disk: the job waits, says so, and goes on."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from srtui.errors import DiskFullError, from_os_error
from srtui.jobs import context
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.control import ask
from srtui.jobs.events import EventWriter, read_events
from srtui.jobs.folder import JobFolder, create, read_json
from srtui.jobs.room import RESERVED
from srtui.jobs.status import read_status
from srtui.jobs.wording import phase_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobFolder:
    """Fresh job, which tries again soon."""
    monkeypatch.setattr(context, "RETRY", 0.3)
    return create(tmp_path / "jobs", "train", {})


def no_room(code: int = errno.ENOSPC) -> OSError:
    return OSError(code, os.strerror(code), "checkpoints/5")


def fails(times: int, seen: Callable[[], None] = lambda: None, code: int = errno.ENOSPC) -> Callable[[], str]:
    """Make a write that fails so often, and calls ``seen`` before each further attempt."""
    attempts = [0]

    def write() -> str:
        attempts[0] += 1
        if attempts[0] > 1:
            seen()
        if attempts[0] <= times:
            raise no_room(code)
        return "written"

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_write_waits_until_there_is_room(folder: JobFolder, code: int) -> None:
    job = JobContext(folder, resumed=False)
    job.reserve_room()
    assert (folder.path / "reserve").stat().st_size == RESERVED
    job.phase("training")
    seen: list[dict[str, Any]] = []

    def look() -> None:
        status = read_json(folder.status)
        assert status is not None
        seen.append(status)
        assert not (folder.path / "reserve").exists()

    assert job.insist(fails(2, look, code), "the checkpoint of iteration 5") == "written"
    reason = "the disk is full: the checkpoint of iteration 5 waits for room"
    assert [(status["paused"], status["reason"]) for status in seen] == [(True, reason)] * 2
    after = read_json(folder.status)
    assert after is not None
    assert "paused" not in after
    assert (folder.path / "reserve").exists()
    kinds = [(event["kind"], event.get("text", "")) for event in read_events(folder.events)]
    assert kinds[1] == ("alarm", reason)
    assert kinds[2][0] == "note"
    assert kinds[2][1].startswith("there is room again, after")


def test_people_see_why_it_is_paused(folder: JobFolder) -> None:
    job = JobContext(folder, resumed=False)
    from srtui.jobs.lock import take

    lock = take(folder.lock)
    assert lock is not None
    # Only another process sees who holds a lock, so the words are asked for in one.
    words: list[str] = []

    def look() -> None:
        words.append(_asked_elsewhere(folder))

    job.phase("training")
    job.insist(fails(1, look), "an event")
    assert words == ["training [paused: the disk is full: an event waits for room]"]
    lock.release()


def _asked_elsewhere(folder: JobFolder) -> str:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from srtui.jobs.folder import JobFolder;"
        "from srtui.jobs.status import read_status; from srtui.jobs.wording import phase_of;"
        "print(phase_of(read_status(JobFolder(Path(sys.argv[1])))), end='')"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(folder.path)], capture_output=True, text=True, check=True
    ).stdout


def test_a_stop_is_heard_while_it_waits(folder: JobFolder) -> None:
    job = JobContext(folder, resumed=False)
    timer = threading.Timer(0.2, lambda: ask(folder, "stop"))
    timer.start()
    with pytest.raises(Stopped):
        job.insist(fails(1000), "a checkpoint")
    timer.join()


def test_a_limit_that_will_not_go_away_is_an_error_at_once(folder: JobFolder) -> None:
    job = JobContext(folder, resumed=False)
    with pytest.raises(OSError, match="File too large"):
        job.insist(fails(1, code=errno.EFBIG), "a checkpoint")
    with pytest.raises(PermissionError):
        job.insist(fails(1, code=errno.EACCES), "a checkpoint")


def test_an_event_waits_for_room_and_is_written_once(folder: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    job = JobContext(folder, resumed=False)
    write, left = EventWriter.write, [2]

    def full(writer: EventWriter, kind: str, **fields: Any) -> None:
        if kind == "metric" and left[0]:
            left[0] -= 1
            raise no_room()
        write(writer, kind, **fields)

    monkeypatch.setattr(EventWriter, "write", full)
    job.metric(7, loss=0.5)
    assert [event["kind"] for event in read_events(folder.events)] == ["alarm", "metric", "note"]


def test_half_an_event_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = EventWriter(tmp_path / "events.jsonl")
    writer.write("one")
    before = (tmp_path / "events.jsonl").read_bytes()
    original, calls = os.write, [0]

    def last_bytes(descriptor: int, content: bytes) -> int:
        calls[0] += 1
        if calls[0] > 1:
            raise no_room()
        return original(descriptor, content[:5])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", last_bytes)
        with pytest.raises(OSError, match="No space"):
            writer.write("two")
    assert (tmp_path / "events.jsonl").read_bytes() == before
    writer.write("three")
    writer.close()
    assert [event["kind"] for event in read_events(tmp_path / "events.jsonl")] == ["one", "three"]


def test_a_pause_does_not_count_for_the_time_that_is_left(folder: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(context.time, "monotonic", lambda: clock[0])

    def sleep(seconds: float) -> None:
        clock[0] += 1000.0

    monkeypatch.setattr(context.time, "sleep", sleep)
    job = JobContext(folder, resumed=False)
    job.phase("training")
    job.progress(0, 100, "iterations")
    clock[0] += 10
    job.insist(fails(1), "a checkpoint")
    clock[0] += 10
    job.progress(50, 100, "iterations")
    assert read_status(folder).eta == 20
    assert phase_of(read_status(folder)).startswith("training")


def test_a_limit_is_not_called_a_full_disk() -> None:
    limit, full = (from_os_error(OSError(code, os.strerror(code)), "a job") for code in (errno.EFBIG, errno.ENOSPC))
    assert isinstance(limit, DiskFullError)
    assert "a limit on the size of files" in str(limit)
    assert "ulimit -f" in str(limit)
    assert "no room left on the disk" in str(full)
