"""Frames of tapes for a training to look at: taken once with the dataset, never at the cost of it."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest

from srtui.config.degradation import ByScale, Degradation, Resize, Scenario
from srtui.config.project import Footage, Prepare, Project, Synthetic, SyntheticPictures, Training
from srtui.config.reader import to_plain
from srtui.config.requests import PrepareRequest
from srtui.data import machines, tape_frames
from srtui.data.pictures import read_picture
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.events import read_events
from srtui.jobs.folder import JobFolder, create
from srtui.project import look_at
from srtui.project.folder import OpenProject
from tests.footage.tapes import Scene, Tape, make_tape

SCENES = tuple(Scene(frames=15, seed=seed) for seed in (1, 2, 3, 4))


@pytest.fixture
def project(tmp_path: Path) -> OpenProject:
    """Two tapes, of which one is not there."""
    make_tape(tmp_path / "отпуск 1998.mkv", Tape(scenes=SCENES, fields="tff", size=(176, 144)))
    settings = Project(
        scale=2,
        sources=(SyntheticPictures(synthetic=Synthetic(pictures=2, width=64, height=64)),),
        footage=(Footage(video="missing.avi"), Footage(video="отпуск 1998.mkv")),
        training=Training(profile="tiny"),
        prepare=Prepare(validation=1),
    )
    return OpenProject(tmp_path, settings)


def request_of(project: OpenProject) -> PrepareRequest:
    half = Scenario(name="half", steps=(Resize(percent=ByScale(x2=50)),))
    asked = project.prepare_request(threads=1)
    return dataclasses.replace(asked, gt_size=0, degradation=Degradation(name="half", scales=(2,), scenarios=(half,)))


def prepare(project: OpenProject, **changes: Any) -> JobFolder:
    request = dataclasses.replace(request_of(project), **changes)
    job = create(project.jobs, "prepare", to_plain(request))
    machines.run(JobContext(job, resumed=False), request)
    return job


def events(job: JobFolder, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_events(job.events) if event["kind"] == kind]


def test_preparing_takes_a_few_frames_and_a_training_looks_at_them(project: OpenProject) -> None:
    assert project.train_request().look_at == ()
    job = prepare(project)
    paths = project.train_request().look_at
    assert len(paths) == tape_frames.FRAMES
    assert all(read_picture(Path(path)).shape == (144, 176, 3) for path in paths)
    assert all(Path(path).is_relative_to(project.folder / look_at.FOLDER) for path in paths)
    (result,) = events(job, "result")
    assert result["state"] == "made", "the dataset is what the job is about"
    assert not events(job, "alarm")


def test_they_are_taken_once(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(project)

    def never(*_: object) -> None:
        raise AssertionError("taken already")

    monkeypatch.setattr(tape_frames, "extract", never)
    prepare(project)


def test_frames_of_a_tape_that_has_changed_since_are_replaced(project: OpenProject) -> None:
    prepare(project)
    first = [Path(path).read_bytes() for path in project.train_request().look_at]
    tape = project.folder / "отпуск 1998.mkv"
    make_tape(tape, Tape(scenes=SCENES[1:], fields="tff", size=(176, 144)))
    os.utime(tape, (1, 1))
    prepare(project)
    second = [Path(path).read_bytes() for path in project.train_request().look_at]
    assert len(second) == 3
    assert first != second


def test_a_tape_that_cannot_be_used_costs_an_alarm_and_no_dataset(project: OpenProject) -> None:
    (project.folder / "missing.avi").write_bytes(b"no video" * 100)
    job = prepare(project)
    (alarm,) = events(job, "alarm")
    assert "missing.avi" in alarm["text"]
    assert (project.dataset / "dataset.yml").is_file()
    assert len(project.train_request().look_at) == 3


def test_a_stop_is_heard_while_frames_are_taken(project: OpenProject) -> None:
    request = request_of(project)
    job = JobContext(create(project.jobs, "prepare", to_plain(request)), resumed=False)
    job.interrupt()
    with pytest.raises(Stopped):
        tape_frames.extract_frames(job, request)


def test_a_machine_that_makes_a_shard_takes_none(project: OpenProject) -> None:
    prepare(project, shards=2, shard=1)
    assert project.train_request().look_at == ()


def test_scanned_tapes_come_first_and_not_too_many(tmp_path: Path) -> None:
    names = [f"{number}.avi" for number in range(6)]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    project = OpenProject(tmp_path, Project(footage=tuple(Footage(video=name) for name in names)))
    assert [Path(each.video).name for each in look_at.wanted_frames(project)] == names[: look_at.TAPES]
    from srtui.project.footage import tapes_of
    from srtui.project.tapes import VERSION, identity

    last = tapes_of(project)[-1]
    last.folder.mkdir(parents=True)
    (last.folder / "scan.json").write_text(json.dumps({"version": VERSION, "tape": identity(last.path)}))
    assert Path(look_at.wanted_frames(project)[0].video).name == "5.avi"


def test_a_project_without_footage_asks_for_nothing(tmp_path: Path) -> None:
    pictures = SyntheticPictures(synthetic=Synthetic(pictures=2, width=64, height=64))
    project = OpenProject(tmp_path, Project(sources=(pictures,), training=Training(profile="tiny")))
    assert project.prepare_request().footage == ()
    assert project.train_request().look_at == ()
