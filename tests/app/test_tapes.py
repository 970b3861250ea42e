"""Tapes in the wizard: added, refused as what they are not, scanned, looked at, extracted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from textual.widgets import Input

from srtui.app import actions
from srtui.app.app import SrtuiApp
from srtui.app.project_view import look_at
from srtui.app.screens.live import LiveScreen
from srtui.app.screens.tapes import TapesScreen
from srtui.app.widgets.choices import Choices
from srtui.app.widgets.rows import Rows
from srtui.config.project import Footage, Project, Video
from srtui.jobs.folder import JobFolder, create
from srtui.project.folder import OpenProject, open_project, save_project

HOLIDAY = "tapes/holiday.avi"


@pytest.fixture
def launched(recorded: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[JobFolder]:
    """Jobs that were launched; none of them does anything."""
    jobs: list[JobFolder] = []

    def launch(job: JobFolder) -> None:
        jobs.append(job)
        recorded.write_status(job, phase="loading")

    monkeypatch.setattr("srtui.jobs.launch.launch", launch)
    return jobs


def request_of(job: JobFolder) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(job.request.read_text(encoding="utf-8"))["request"]
    return value


def scan_job(project: OpenProject, **changes: Any) -> JobFolder:
    """Write the folder of a scan that nobody works on."""
    tape = str(project.path(HOLIDAY))
    job = create(project.jobs, "scan", {"tapes": [tape], "output": str(project.folder / "scans"), **changes})
    job.log.touch()
    return job


async def open_tapes(pilot: Any, see: Any) -> None:
    await see(pilot, "t Tapes")
    await pilot.press("t")
    await see(pilot, "Tapes  of ")


async def test_a_tape_is_added_and_what_is_none_is_refused_below_the_field(
    make_app: Callable[[Path], SrtuiApp], tmp_path: Path, see: Any
) -> None:
    (tmp_path / "отпуск.avi").touch()
    (tmp_path / "clean.mkv").touch()
    (tmp_path / "notes.txt").touch()
    save_project(tmp_path, Project(sources=(Video(video="clean.mkv"),)))
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_tapes(pilot, see)
        assert isinstance(app.focused, Input)
        for typed, reason in (
            ("nothing.avi", "no such file"),
            ("notes.txt", "is no video's ending"),
            ("clean.mkv", "is a source"),
        ):
            app.focused.value = typed
            await pilot.press("enter")
            shown = await see(pilot, reason)
            assert shown.index(typed) < shown.index(reason) < shown.index("[ Back ]")
        app.focused.value = "отпуск.avi"
        await pilot.press("enter")
        await see(pilot, "saved in project.yml")
        await see(pilot, "not scanned yet")
    assert open_project(tmp_path).settings.footage == (Footage(video="отпуск.avi"),)


async def test_a_tape_is_no_source(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, wait_until: Any
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("2")
        await see(pilot, "1 not scanned")
        app.screen.query_one(Input).value = HOLIDAY
        app.screen.query_one(Input).focus()
        await pilot.press("enter")
        shown = await see(pilot, "is listed under footage as well")
        assert "= a network learns to make what its sources are" in shown
    assert open_project(project.folder).settings.sources == project.settings.sources


async def test_a_scan_is_started_and_watched_and_joined(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, see_button: Any, launched: list[JobFolder]
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_tapes(pilot, see)
        await see_button(pilot, "Scan")
        await pilot.press("enter")
        await see(pilot, "minidv scan")
        assert isinstance(app.screen, LiveScreen)
    (job,) = launched
    assert request_of(job)["tapes"] == [str(project.path(HOLIDAY))]
    assert request_of(job)["output"] == str(project.folder / "scans")
    assert actions.start_scan(project.folder, [str(project.path(HOLIDAY))]) == job


async def test_tapes_that_come_after_the_page_have_the_focus(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, see_button: Any
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "t Tapes")
        early = dataclasses.replace(look_at(project.folder), facts=None)
        app.push_screen(TapesScreen(project.folder, lambda: early))
        await see_button(pilot, "Scan")


async def test_a_living_scan_is_told_in_the_list_and_can_be_watched(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, recorded: ModuleType, see: Any, see_button: Any
) -> None:
    job = scan_job(project)
    recorded.write_status(job, phase="scanning holiday.avi", done=400, total=1000, unit="frames", eta=60.0)
    app = make_app(project.folder)
    with recorded.held(job):
        async with app.run_test(size=(80, 24)) as pilot:
            await see(pilot, "w Watch")
            await open_tapes(pilot, see)
            await see(pilot, "being scanned 40 %, 60 s left")
            await see_button(pilot, "Watch")
            await pilot.press("enter")
            await see(pilot, "minidv scan")


async def test_what_a_scan_found_is_shown_with_what_disagrees(
    make_app: Callable[[Path], SrtuiApp],
    project: OpenProject,
    recorded: ModuleType,
    see: Any,
    launched: list[JobFolder],
) -> None:
    recorded.write_scan(project, project.path(HOLIDAY))
    app = make_app(project.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_tapes(pilot, see)
        shown = await see(pilot, "interlaced, bottom field first (seen in 71204 of 71310 moving frames)")
        for words in ("blank pixels: left 8, right 12", "scenes    148", "61207 (65 %) can be used", "1:02:34"):
            assert words in shown
        assert "degradation photoshop-six deinterlaces nothing, and this tape is interlaced" in shown
        changed = dataclasses.replace(project.settings, degradation="minidv")
        save_project(project.folder, changed)
        await pilot.press("x")
        await see(pilot, "minidv frames")
    request = request_of(launched[0])
    assert (request["tape"], request["output"]) == (
        str(project.path(HOLIDAY)),
        str(project.folder / "stills" / "holiday"),
    )


async def test_the_disagreement_goes_when_the_degradation_has_the_same_deinterlacer(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, recorded: ModuleType, see: Any
) -> None:
    recorded.write_scan(project, project.path(HOLIDAY))
    save_project(project.folder, dataclasses.replace(project.settings, degradation="minidv"))
    app = make_app(project.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_tapes(pilot, see)
        assert "deinterlaces" not in await see(pilot, "interlaced, bottom field first")


async def test_what_went_wrong_stands_above_everything_else(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, recorded: ModuleType, see: Any
) -> None:
    job = scan_job(project)
    tape = str(project.path(HOLIDAY))
    recorded.write_events(job, recorded.BEGUN, [("rejected", {"name": tape, "reason": "no video in it"})])
    recorded.finish(job, "failed", 3, "error: holiday.avi: none of 1 can be read as video")
    async with make_app(project.folder).run_test(size=(80, 24)) as pilot:
        await open_tapes(pilot, see)
        shown = await see(pilot, "none of 1 can be read as video")
        assert shown.index("none of 1") < shown.index("no video in it") < shown.index("[ Scan ]")


async def test_extracted_frames_are_found_again(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, recorded: ModuleType, see: Any
) -> None:
    recorded.write_scan(project, project.path(HOLIDAY))
    job = create(project.jobs, "frames", {"tape": str(project.path(HOLIDAY)), "scans": "", "output": ""})
    recorded.write_events(job, recorded.BEGUN, [("result", {"output": "/some/stills", "pictures": 200, "frames": 100})])
    recorded.finish(job)
    async with make_app(project.folder).run_test(size=(80, 24)) as pilot:
        await open_tapes(pilot, see)
        await see(pilot, "200 pictures in /some/stills")


async def test_the_arrows_go_through_the_tapes(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, wait_until: Any
) -> None:
    listed = (*project.settings.footage, Footage(video="tapes/gone.avi"))
    save_project(project.folder, dataclasses.replace(project.settings, footage=listed))
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_tapes(pilot, see)
        await wait_until(pilot, lambda: isinstance(app.focused, Choices), "focus on the list")
        await pilot.press("down")
        await see(pilot, "tapes/gone.avi is not there")
        keys = app.screen.query_one("#keys", Rows)
        await wait_until(pilot, lambda: "Scan" not in keys.text, "nothing to scan")
        await pilot.press("b")
        await wait_until(pilot, lambda: not isinstance(app.screen, TapesScreen), "the wizard")
