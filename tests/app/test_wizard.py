"""The wizard over a project: steps, pages, keys, and jobs started from buttons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual.widgets import Button, Input

from srtui.app import actions
from srtui.app.app import SrtuiApp
from srtui.app.machine import Machine
from srtui.app.screens.live import LiveScreen
from srtui.app.screens.welcome import WelcomeScreen
from srtui.app.screens.wizard import WizardScreen
from srtui.config.project import Project
from srtui.files import state_folder
from srtui.hardware import advise
from srtui.jobs.folder import JobFolder, all_jobs
from srtui.project.folder import OpenProject, open_project, save_project

SIZES = [(120, 40), (40, 10), (80, 24)]
PAGES = {
    "1": "Hardware",
    "2": "Sources and footage",
    "3": "Degradation",
    "4": "Prepare",
    "5": "Profile",
    "6": "Train",
    "7": "Restore",
}


def primary(app: SrtuiApp) -> Button:
    return app.screen.query("#buttons Button").first(Button)


async def test_every_page_shows_its_title_and_its_button_at_every_size(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, wait_until: Any
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "to do")
        for key, title in PAGES.items():
            await pilot.press(key)
            await see(pilot, title)
            await wait_until(pilot, lambda: app.focused is primary(app), "focus on the button")
            assert app.screen.region.contains_region(primary(app).region), title
            for size in SIZES if key in "12" else ():  # the longest page, and one with a field
                await pilot.resize_terminal(*size)
                await see(pilot, str(primary(app).label))
                assert app.screen.region.contains_region(primary(app).region), (title, size)


async def test_all_steps_are_in_sight_with_marks_and_reasons(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any
) -> None:
    project.file.write_text(project.file.read_text() + "prepare: {seed: 9}\n")
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        shown = await see(pilot, "settings changed")
        assert "↻ 4  Prepare" in shown
        assert "✗ 6  Train" in shown
        assert "Prepare is stale" in shown.replace("\n", " ")
        assert "✓ 3  Degradation" in shown


async def test_it_opens_where_one_left_and_going_back_is_free(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, see_button: Any, wait_until: Any
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "300,000 iterations" in await see(pilot, "$ srtui train")
        await pilot.press("b")
        await see(pilot, "classic-srresnet")
        await pilot.press("alt+left")
        await see_button(pilot, "Continue")
        await pilot.press("enter")
        await see(pilot, "classic-srresnet")
        app.screen.query_one("#steps").focus()
        await pilot.press("up", "up")
        await see(pilot, "dealt one of these")
        assert app.focused is app.screen.query_one("#steps")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.focused is primary(app), "focus on the button")


async def test_a_folder_of_pictures_is_added_and_saved(
    make_app: Callable[[Path], SrtuiApp], tmp_path: Path, see: Any, wait_until: Any
) -> None:
    save_project(tmp_path, Project())
    (tmp_path / "снимки 1").mkdir()
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await see(pilot, "none yet")
        field = app.screen.query_one(Input)
        field.focus()
        await pilot.press(*"nowhere", "enter")
        await see(pilot, "is no folder")
        field.value = "снимки 1"
        await pilot.press("enter")
        await see(pilot, "saved in project.yml")
        await wait_until(pilot, lambda: str(primary(app).label) == "[ Continue ]", "going on")
    assert [getattr(source, "folder", None) for source in open_project(tmp_path).settings.sources] == ["снимки 1"]


async def test_generated_pictures_are_one_key_away(
    make_app: Callable[[Path], SrtuiApp], tmp_path: Path, see: Any, see_button: Any
) -> None:
    save_project(tmp_path, Project())
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await see_button(pilot, "Use generated pictures")
        await pilot.press("enter")
        await see(pilot, "200 generated")
    assert len(open_project(tmp_path).settings.sources) == 1


async def test_a_broken_project_is_shown_with_its_carets(
    make_app: Callable[[Path], SrtuiApp], tmp_path: Path, see: Any
) -> None:
    (tmp_path / "project.yml").write_text("version: 1\nscael: 2\n")
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        shown = await see(pilot, "unknown key")
        assert "2 | scael: 2" in shown
        assert "^^^^^" in shown


async def test_commands_that_mend_the_machine_are_copied_and_written(
    recorded: ModuleType, project: OpenProject, see: Any
) -> None:
    report = recorded.make_machine().report
    old = report.driver.__class__(version="470.82.01", source="nvml")
    broken = report.__class__(**{**{n: getattr(report, n) for n in report.__slots__}, "driver": old, "check": None})
    machine = Machine(report=broken, advice=advise.advise(broken))
    assert machine.advice is not None
    assert machine.advice.problems
    app = SrtuiApp(project.folder, how_to_look=lambda _folder, tell: tell(machine))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1")
        shown = await see(pilot, "problem")
        command = machine.advice.problems[0].command
        assert command.split()[0] in shown
        await pilot.press("c")
        await see(pilot, "all commands:")
        assert app.clipboard == command
    written = (state_folder() / "mend.sh").read_text(encoding="utf-8")
    assert command in written
    assert f"# {machine.advice.problems[0].fact}" in written


async def test_a_button_starts_the_job_and_shows_it(
    make_app: Callable[[Path], SrtuiApp],
    project: OpenProject,
    recorded: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    see: Any,
    see_button: Any,
) -> None:
    launched: list[JobFolder] = []

    def launch(job: JobFolder) -> None:
        launched.append(job)
        recorded.write_status(job, phase="loading")

    monkeypatch.setattr(actions, "launch", launch)
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see_button(pilot, "Train")
        await pilot.press("enter")
        await see(pilot, "minidv train")
        assert isinstance(app.screen, LiveScreen)
    assert [job.id for job in launched] == [all_jobs(project.jobs)[-1].id]


async def test_what_cannot_start_says_why(
    make_app: Callable[[Path], SrtuiApp],
    project: OpenProject,
    monkeypatch: pytest.MonkeyPatch,
    see: Any,
    see_button: Any,
) -> None:
    def refuse(_job: JobFolder) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(actions, "launch", refuse)
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see_button(pilot, "Train")
        await pilot.press("enter")
        await see(pilot, "no room left on the disk")
        assert isinstance(app.screen, WizardScreen)


async def test_letters_are_commands_except_in_a_field(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(80, 40)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("e")
        await see(pilot, "cannot be left for an editor")
        await pilot.press("question_mark")
        shown = await see(pilot, "Seven steps lead from pictures")
        assert "wizard.watch" in shown
        await pilot.press("b")
        await see(pilot, "[ Train ]")
        await pilot.press("2")
        await see(pilot, "add a folder")
        app.screen.query_one(Input).focus()
        await pilot.press(*"be?1q")
        assert app.screen.query_one(Input).value == "be?1q"
        assert isinstance(app.screen, WizardScreen)


async def test_without_a_project_there_is_a_way_on(
    make_app: Callable[[Path], SrtuiApp], tmp_path: Path, see: Any
) -> None:
    (tmp_path / "empty").mkdir()
    app = make_app(tmp_path / "empty")
    async with app.run_test(size=(80, 24)) as pilot:
        shown = await see(pilot, "There is no project in this folder yet.")
        assert "[ Start the demo ]" in shown
        field = app.screen.query_one(Input)
        field.focus()
        field.value = "../other"
        await pilot.press("enter")
        await see(pilot, "Enter again makes a new project there")
        await pilot.press("enter")
        await see(pilot, "1  Hardware")
    assert (tmp_path / "other" / "project.yml").is_file()


async def test_the_demo_makes_its_project_and_is_watched(
    make_app: Callable[[Path], SrtuiApp],
    tmp_path: Path,
    recorded: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    see: Any,
    see_button: Any,
) -> None:
    monkeypatch.setattr(actions, "launch", lambda job: recorded.write_status(job, phase="starting"))
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await see_button(pilot, "Start the demo")
        assert isinstance(app.screen, WelcomeScreen)
        await pilot.press("enter")
        await see(pilot, "srtui-demo run")
        await pilot.press("b")
        await see(pilot, "1  Hardware")
    (job,) = all_jobs(tmp_path / "srtui-demo" / "jobs")
    assert "-run-" in job.id
    assert open_project(tmp_path / "srtui-demo").settings.training.profile == "tiny"
