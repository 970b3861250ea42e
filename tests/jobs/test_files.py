"""The files of a job: events, lock, control, status."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from srtui.errors import UsageError
from srtui.files import remove_unfinished, whole_file, write_json
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.control import ask, asked, withdraw
from srtui.jobs.events import EventTail, EventWriter, read_events
from srtui.jobs.folder import JobFolder, _taken, all_jobs, create, find_job, newest_job, read_record
from srtui.jobs.lock import holder, take
from srtui.jobs.status import read_status


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """Fresh job."""
    return create(tmp_path / "jobs", "verify", {"dataset": "/нет/такой"}, digest="abc")


def test_a_job_folder_is_private_and_says_what_it_was_asked(folder: JobFolder) -> None:
    assert folder.path.stat().st_mode & 0o777 == 0o700
    record = read_record(folder)
    assert (record.kind, record.digest, record.request) == ("verify", "abc", {"dataset": "/нет/такой"})


def test_two_jobs_that_draw_the_same_letters_in_one_second_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = iter(["aaaa", "aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _size: next(letters))
    assert [_taken(tmp_path, "now-train").name for _ in range(2)] == ["now-train-aaaa", "now-train-bbbb"]


def test_jobs_are_found_by_folder_id_or_part(folder: JobFolder, tmp_path: Path) -> None:
    root = tmp_path / "jobs"
    other = create(root, "train", {})
    assert all_jobs(root) == sorted([folder, other], key=lambda job: job.id)
    assert find_job(root, other.id[-4:]) == other
    assert find_job(root, str(other.path)) == other
    assert newest_job(root, "verify") == folder
    with pytest.raises(UsageError, match="2 jobs match"):
        find_job(root, "Z-")
    with pytest.raises(UsageError, match="no such job"):
        find_job(root, "nothing")


def test_a_newer_format_is_refused_by_name(folder: JobFolder) -> None:
    folder.request.write_text(folder.request.read_text().replace("version: 1", "version: 2"))
    with pytest.raises(UsageError, match="format 2, this srtui reads up to 1"):
        read_record(folder)


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError), whole_file(target) as temporary:
        temporary.write_text("half" + "\ud800", encoding="utf-8")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_events_survive_a_torn_last_line(folder: JobFolder) -> None:
    writer = EventWriter(folder.events)
    writer.write("metric", iteration=1, loss=0.5)
    writer.close()
    with folder.events.open("ab") as file:
        file.write(b'{"v": 1, "kind": "met')
    tail = EventTail(folder.events)
    assert [event["iteration"] for event in tail.read()] == [1]
    writer = EventWriter(folder.events)
    writer.write("metric", iteration=2, loss=math.nan)
    writer.close()
    assert [event["loss"] for event in read_events(folder.events)] == [0.5, None]
    assert all(json.loads(line) for line in folder.events.read_text().splitlines())


def test_resumed_undoes_what_was_lost(folder: JobFolder) -> None:
    writer = EventWriter(folder.events)
    for iteration in (100, 200, 300):
        writer.write("metric", iteration=iteration)
    writer.write("resumed", iteration=200)
    writer.write("metric", iteration=300)
    writer.close()
    events = read_events(folder.events)
    assert [(event["kind"], event["iteration"]) for event in events] == [
        ("metric", 100),
        ("metric", 200),
        ("resumed", 200),
        ("metric", 300),
    ]


def test_events_of_a_newer_format_and_rubbish_are_passed_over(folder: JobFolder) -> None:
    folder.events.write_text('{"v": 99, "kind": "metric"}\n[1]\nrubbish\n{"v": 1, "kind": "phase"}\n')
    assert [event["kind"] for event in EventTail(folder.events).read()] == ["phase"]


_HOLD = """
import sys
from pathlib import Path
from srtui.jobs.lock import take
take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_lock_tells_who_holds_it_and_dies_with_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert holder(path) == process.pid
        assert take(path) is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert holder(path) is None
    lock = take(path)
    assert lock is not None
    lock.release()


def test_who_holds_a_lock_may_ask_about_it_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = take(path)
    assert lock is not None
    assert holder(path) == os.getpid()
    code = "import sys; from pathlib import Path; from srtui.jobs.lock import holder; print(holder(Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(path)]
    assert int(subprocess.run(command, capture_output=True, check=True).stdout) == os.getpid()
    lock.release()
    assert holder(path) is None


def test_wishes_are_files_that_are_taken_up_once(folder: JobFolder) -> None:
    ask(folder, "checkpoint")
    assert asked(folder, "checkpoint")
    assert withdraw(folder, "checkpoint")
    assert not withdraw(folder, "checkpoint")


def test_a_context_reports_and_hears_stop(folder: JobFolder) -> None:
    job = JobContext(folder, resumed=False)
    job.phase("counting", quiet=5)
    job.progress(3, 10, "pictures", rate=2.5)
    job.check()
    assert job.stop_asked() is False
    ask(folder, "stop")
    with pytest.raises(Stopped):
        job.check()
    job.end("stopped", 0)
    status = read_status(folder)
    assert (status.state, status.phase, status.done, status.total) == ("stopped", "counting", 3, 10)
    assert status.figures == {"rate": 2.5}


def test_states_without_a_worker(folder: JobFolder) -> None:
    assert read_status(folder).state == "queued"
    folder.log.touch()
    assert read_status(folder).state == "crashed"
    write_json(folder.exit, {"v": 1, "outcome": "failed", "code": 4, "signal": None, "error": "error: disk: full"})
    status = read_status(folder)
    assert (status.state, status.code, status.error) == ("failed", 4, "error: disk: full")


def test_a_silent_worker_is_stalled(folder: JobFolder) -> None:
    command = [sys.executable, "-c", _HOLD, str(folder.lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        write_json(folder.status, {"v": 1, "t": 0, "phase": "training", "quiet": 60})
        assert read_status(folder).state == "stalled"
        write_json(folder.status, {"v": 1, "t": 0, "phase": "training", "quiet": 60, "paused": True})
        assert read_status(folder).state == "paused"
        os.kill(process.pid, signal.SIGKILL)


def test_what_a_kill_left_unfinished_is_removed_and_nothing_else(tmp_path: Path) -> None:
    wanted = [tmp_path / name for name in ("a.png", "ж" * 120 + ".png")]
    left = []
    for path in wanted:
        with whole_file(path) as temporary:
            temporary.touch()
            left.append(temporary)
        path.unlink()
        temporary.touch()
    others = [tmp_path / name for name in (".a.png.b.01234567.part", "a.png", ".part", ".b.png.01234567.part")]
    for other in others:
        other.touch()
    remove_unfinished(wanted)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in others)
