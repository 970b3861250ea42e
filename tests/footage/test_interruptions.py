"""Whatever ends a scan or an extraction, and whenever: the next run goes on, and the files are the same bytes."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from srtui.config.reader import to_plain
from srtui.config.requests import FramesRequest
from srtui.errors import SrtuiError
from srtui.footage import frames
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.folder import create, read_json
from tests.footage.scanning import WORKER, Scan, extract, run_worker
from tests.footage.tapes import Scene, Tape, make_tape, overwrite, packets

SMALL = (176, 144)
MOMENTS = [
    ("srtui.footage.scan", "Ledger.add", 1),  # before the first segment
    ("srtui.footage.scan", "Ledger.add", 3),  # between two
    ("srtui.footage.survey", "Detector.add", 560),  # within one
    ("srtui.footage.frame_list", "_lines", 1),  # in the middle of writing frames.csv
    ("srtui.footage.scan", "write_json", 1),  # before the last file
]


def damaged_tape(folder: Path, name: str, codec: str) -> Path:
    """Three segments of groups of pictures, with damage on both sides of a segment's edge."""
    scenes = (Scene(frames=130, seed=1, smeared=(5,), repeated=(60,)), Scene(frames=300, seed=2), Scene(frames=150))
    made = Tape(scenes=scenes, codec=codec, size=SMALL, fields="bff", options={"flags": "+ildct+ilme"})
    path = make_tape(folder / name, made)
    places = packets(path)
    for number in (249, 252, 400, 500):
        position, size = places[number]
        overwrite(path, position + size // 2, b"\xff" * (size // 3))
    return path


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return damaged_tape(tmp_path_factory.mktemp("tapes"), "лента.mkv", "mpeg2video")


@pytest.fixture(scope="module")
def whole(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an uninterrupted scan writes."""
    return Scan(tmp_path_factory.mktemp("whole"), tape, threads=1).run().files()


def assert_goes_on(scan: Scan, whole: dict[str, bytes]) -> None:
    assert scan.run(resumed=True).files() == whole
    assert {path.name for path in scan.place.iterdir()} <= {*whole, "lock", "begun"}


@pytest.mark.parametrize(("module", "function", "count"), MOMENTS)
def test_a_kill_changes_nothing(
    tmp_path: Path, tape: Path, whole: dict[str, bytes], module: str, function: str, count: int
) -> None:
    scan = Scan(tmp_path, tape)
    assert scan.die(module, function, count) == -signal.SIGKILL
    assert_goes_on(scan, whole)


def test_a_kill_changes_nothing_of_long_groups_of_pictures(tmp_path: Path) -> None:
    path = damaged_tape(tmp_path, "a.mp4", "libx264")
    whole = Scan(tmp_path / "whole", path, threads=1).run().files()
    scan = Scan(tmp_path / "killed", path)
    assert scan.die("srtui.footage.scan", "Ledger.add", 3) == -signal.SIGKILL
    assert_goes_on(scan, whole)


def test_a_full_disk_ends_with_its_code_and_the_next_run_goes_on(
    tmp_path: Path, tape: Path, whole: dict[str, bytes]
) -> None:
    scan = Scan(tmp_path, tape)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, 25_000))

    assert run_worker(scan.job, "srtui.worker", "main", 0, preexec_fn=limit) == 4
    ending = read_json(scan.job.exit)
    assert ending is not None
    assert "a limit on the size of files" in ending["error"]
    assert_goes_on(scan, whole)


def test_a_fresh_scan_that_was_killed_goes_on_with_its_own(tmp_path: Path, tape: Path, whole: dict[str, bytes]) -> None:
    Scan(tmp_path, tape).run()
    scan = Scan(tmp_path, tape, fresh=True)
    assert scan.die("srtui.footage.scan", "Ledger.add", 2) == -signal.SIGKILL
    assert not (scan.place / "scan.json").exists()
    seen: list[int] = []
    scan.run(lambda _job, done: seen.append(done), resumed=True)
    assert seen[0] == 251
    assert scan.files() == whole


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(10))
def test_kills_at_random_moments_change_nothing(tmp_path: Path, tape: Path, whole: dict[str, bytes], seed: int) -> None:
    scan, moments = Scan(tmp_path, tape), random.Random(seed)
    for _ in range(3):
        command = [*WORKER, str(scan.job.path), "srtui.worker", "main", "0"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(moments.uniform(0.5, 2.5))
            process.kill()
    assert_goes_on(scan, whole)


@pytest.mark.parametrize("threads", [2, 5])
def test_the_number_of_threads_changes_nothing(
    tmp_path: Path, tape: Path, whole: dict[str, bytes], threads: int
) -> None:
    assert Scan(tmp_path, tape, threads=threads).run().files() == whole


def test_a_stopped_scan_goes_on_behind_its_last_segment(tmp_path: Path, tape: Path, whole: dict[str, bytes]) -> None:
    scan = Scan(tmp_path, tape)
    with pytest.raises(Stopped):
        scan.run(lambda job, done: job.interrupt() if done == 555 else None)
    seen: list[int] = []
    scan.run(lambda _job, done: seen.append(done), resumed=True)
    assert seen[0] == 501
    assert scan.files() == whole
    assert scan.events("resumed")[0]["done"] == "frame 500"


@pytest.mark.parametrize("damage", [b"", b"{", b"[1, 2]\n", b"\xff\xfe\n", b"{}\n"])
def test_a_damaged_record_of_segments_is_good_up_to_the_damage(
    tmp_path: Path, tape: Path, whole: dict[str, bytes], damage: bytes
) -> None:
    scan = Scan(tmp_path, tape)
    with pytest.raises(Stopped):
        scan.run(lambda job, done: job.interrupt() if done == 300 else None)
    with (scan.place / "segments.jsonl").open("ab") as file:
        file.write(damage)
    assert_goes_on(scan, whole)


def test_a_scan_of_a_tape_that_was_exchanged_begins_anew(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=300),), size=SMALL))
    scan = Scan(tmp_path, path)
    with pytest.raises(Stopped):
        scan.run(lambda job, done: job.interrupt() if done == 280 else None)
    make_tape(path, Tape(scenes=(Scene(frames=270, seed=9),), size=SMALL))
    assert scan.run(resumed=True).found["frames"] == 270


def test_a_tape_can_be_scanned_by_one_job_at_a_time(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=20),), size=SMALL))
    other = Scan(tmp_path, path)

    def second(job: JobContext, done: int) -> None:
        if done == 10:
            assert run_worker(other.job, "srtui.worker", "main", 0) == 1

    Scan(tmp_path, path).run(second)
    ending = read_json(other.job.exit)
    assert ending is not None
    assert "another job is scanning this tape" in ending["error"]


def test_a_killed_extraction_goes_on(tmp_path: Path, tape: Path) -> None:
    extract(tmp_path, tape, tmp_path / "whole", count=6)
    request = FramesRequest(tape=str(tape), scans=str(tmp_path / "scans"), output=str(tmp_path / "killed"), count=6)
    job = create(tmp_path / "jobs", "frames", to_plain(request))
    assert run_worker(job, "srtui.footage.frames", "write_png", 5) == -signal.SIGKILL
    assert len(list((tmp_path / "killed").glob("*.png"))) < 12
    frames.run(JobContext(job, resumed=True), request)
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == names
    for name in names:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_frames_of_an_exchanged_tape_are_not_taken_for_its_own(tmp_path: Path) -> None:
    path = make_tape(tmp_path / "a.mkv", Tape(scenes=(Scene(frames=30),), size=SMALL))
    extract(tmp_path, path, tmp_path / "out", count=2)
    make_tape(path, Tape(scenes=(Scene(frames=40, seed=2),), size=SMALL))
    with pytest.raises(SrtuiError, match="another tape"):
        extract(tmp_path, path, tmp_path / "out", count=2)
