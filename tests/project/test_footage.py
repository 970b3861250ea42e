"""The tapes of a project: each in its state, and none of them a source."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from srtui.config.project import Footage, Project, Video
from srtui.errors import UsageError
from srtui.project.folder import OpenProject, save_project
from srtui.project.footage import tapes_of, with_tape
from srtui.project.tapes import VERSION, identity, place_of


@pytest.fixture
def project(tmp_path: Path) -> OpenProject:
    """Lists two tapes, of which one is there."""
    folder = tmp_path / "мой проект"
    (folder / "tapes").mkdir(parents=True)
    (folder / "tapes" / "отпуск 1998.avi").write_bytes(b"tape")
    listed = (Footage(video="tapes/отпуск 1998.avi"), Footage(video="tapes/gone.avi"))
    return save_project(folder, Project(footage=listed))


def write_scan(project: OpenProject, tape: Path, **changes: object) -> Path:
    place = place_of(tape, project.folder / "scans")
    place.folder.mkdir(parents=True, exist_ok=True)
    place.scan.write_text(json.dumps({"version": VERSION, "tape": identity(tape), **changes}), encoding="utf-8")
    return place.scan


def states(project: OpenProject) -> list[str]:
    return [tape.state for tape in tapes_of(project)]


def test_each_tape_is_in_its_state(project: OpenProject) -> None:
    tape = project.folder / "tapes" / "отпуск 1998.avi"
    assert states(project) == ["new", "missing"]
    scan = write_scan(project, tape, frames=3)
    (found, _) = tapes_of(project)
    assert (found.state, found.scan and found.scan["frames"]) == ("scanned", 3)
    tape.write_bytes(b"another tape")
    assert states(project) == ["stale", "missing"]
    write_scan(project, tape, version=VERSION - 1)
    assert states(project) == ["stale", "missing"]
    scan.write_text("torn", encoding="utf-8")
    assert states(project) == ["new", "missing"]


def test_a_scan_that_was_made_anew_is_read_anew(project: OpenProject) -> None:
    tape = project.folder / "tapes" / "отпуск 1998.avi"
    for frames in (3, 12345):
        write_scan(project, tape, frames=frames)
        scan = tapes_of(project)[0].scan
        assert scan is not None
        assert scan["frames"] == frames


def test_a_tape_is_added_as_project_yml_would_name_it(project: OpenProject, tmp_path: Path) -> None:
    (project.folder / "tapes" / "two.MKV").touch()
    (tmp_path / "three.dv").touch()
    for name in (project.folder / "tapes" / "two.MKV", tmp_path / "three.dv"):
        project = save_project(project.folder, with_tape(project, name))
    assert [each.video for each in project.settings.footage[2:]] == ["tapes/two.MKV", str(tmp_path / "three.dv")]


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("tapes", "a tape is a video file"),
        ("tapes/nothing.avi", "no such file"),
        ("notes.txt", ".txt is no video's ending"),
        ("tapes/отпуск 1998.avi", "is among the tapes already"),
        ("clean.mkv", "is a source"),
    ],
)
def test_what_is_no_tape_is_refused_with_the_reason(project: OpenProject, name: str, fact: str) -> None:
    for other in ("notes.txt", "clean.mkv"):
        (project.folder / other).touch()
    sources = (Video(video="clean.mkv"),)
    project = OpenProject(project.folder, dataclasses.replace(project.settings, sources=sources))
    with pytest.raises(UsageError, match=fact):
        with_tape(project, project.folder / name)
