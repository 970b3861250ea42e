"""Clean video gives its sharpest frames, scenes stay on one side of the split, and a tape is refused by name."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from srtui.config.project import Folder, Prepare, Video
from srtui.data.names import read_rows
from srtui.errors import NothingUsableError, UsageError
from srtui.jobs.context import JobContext, Stopped
from tests.data.preparing import Preparation, fill
from tests.footage.tapes import Scene, Tape, make_tape


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four scenes of a second or more."""
    scenes = [Scene(frames=frames, seed=seed) for seed, frames in enumerate((30, 40, 24, 36))]
    return make_tape(tmp_path_factory.mktemp("films") / "лето 1.mkv", Tape(scenes=scenes))


def test_frames_over_all_scenes_become_pictures(tmp_path: Path, film: Path) -> None:
    source = Video(video=str(film), frames=12)
    dataset = Preparation(tmp_path, source, prepare=Prepare(validation=0)).run()
    rows = list(read_rows(dataset.folder))
    assert [row.name for row in rows] == [f"{number:04d}" for number in range(1, len(rows) + 1)]
    assert {row.file.split("/")[0] for row in rows} == {f"scene {scene:05d}" for scene in (1, 2, 3, 4)}
    assert {(row.width, row.height, row.source) for row in rows} == {(352, 288, str(film))}


def test_scenes_stay_on_one_side(tmp_path: Path, film: Path) -> None:
    for seed in range(2):
        settings = Prepare(validation=4, seed=seed)
        dataset = Preparation(tmp_path / str(seed), Video(video=str(film), frames=12), prepare=settings).run()
        sides: dict[str, set[str]] = {}
        for row in read_rows(dataset.folder):
            sides.setdefault(row.file.split("/")[0], set()).add(row.split)
        assert {len(each) for each in sides.values()} == {1}
        assert {split for each in sides.values() for split in each} == {"train", "val"}


@pytest.mark.parametrize("threads", [1, 4])
def test_a_stop_and_any_number_of_threads_make_the_same(tmp_path: Path, film: Path, threads: int) -> None:
    source, settings = Video(video=str(film), frames=10), Prepare(validation=3)
    whole = Preparation(tmp_path / "whole", source, prepare=settings).run()
    preparation = Preparation(tmp_path, source, prepare=settings, threads=threads)

    def interrupt(job: JobContext, phase: str, done: int) -> None:
        if phase == "preparing pictures" and done == 4:
            job.interrupt()

    with pytest.raises(Stopped):
        preparation.run(interrupt)
    assert preparation.run().about.content == whole.about.content
    preparation.run()
    assert [event["state"] for event in preparation.events("result")] == ["unchanged"]


def test_looking_through_a_video_can_be_stopped(tmp_path: Path, film: Path) -> None:
    def interrupt(job: JobContext, phase: str, done: int) -> None:
        if phase == "looking at the sources":
            job.interrupt()

    with pytest.raises(Stopped):
        Preparation(tmp_path, Video(video=str(film))).run(interrupt)


def test_a_tape_is_refused_by_name_unless_one_insists(tmp_path: Path) -> None:
    scenes = [Scene(frames=60, seed=seed) for seed in range(2)]
    tape = make_tape(tmp_path / "tape.mkv", Tape(scenes=scenes, fields="bff"))
    photos = fill(tmp_path / "photos")
    dataset = Preparation(tmp_path / "a", photos, Video(video=str(tape))).run()
    with (dataset.folder / "rejected.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["name"] == "tape.mkv"
    assert row["reason"].startswith("interlaced")
    assert row["reason"].endswith("insist: true takes it")
    with pytest.raises(NothingUsableError, match="none of 1 files"):
        Preparation(tmp_path / "b", Video(video=str(tape))).run()
    insisted = Preparation(tmp_path / "c", Video(video=str(tape), frames=4, insist=True), photos).run()
    assert any(row.file.startswith("scene") for row in read_rows(insisted.folder))


def test_a_missing_video_and_a_file_that_is_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Preparation(tmp_path, Video(video=str(tmp_path / "gone.mkv"))).run()
    (tmp_path / "text.mkv").write_text("no video")
    with pytest.raises(UsageError):
        Preparation(tmp_path, Video(video=str(tmp_path / "text.mkv"))).run()
    with pytest.raises(UsageError, match="no such folder"):
        Preparation(tmp_path, Folder(folder=str(tmp_path / "gone"))).run()
