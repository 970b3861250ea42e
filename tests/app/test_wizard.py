"""The wizard over a project: steps, pages, keys, and jobs started from buttons."""

from __future__ import annotations

import dataclasses
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
from srtui.config import shipped
from srtui.config.project import Project
from srtui.errors import UsageError
from srtui.files import state_folder
from srtui.hardware import advise
from srtui.jobs.folder import JobFolder, all_jobs
from srtui.project import estimates
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
            for size in SIZES if key in "1235" else ():  # the longest page, and those with fields and lists
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
        await see(pilot, "photoshop-six")
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
        shown = await see(pilot, "is not there")
        assert shown.index("add") < shown.index("is not there") < shown.index("[ Use generated")
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

    monkeypatch.setattr("srtui.jobs.launch.launch", launch)
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

    monkeypatch.setattr("srtui.jobs.launch.launch", refuse)
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
        await see(pilot, "a folder of clean")
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
    monkeypatch.setattr("srtui.jobs.launch.launch", lambda job: recorded.write_status(job, phase="starting"))
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


async def test_a_profile_is_looked_at_and_then_chosen(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, see_button: Any
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("5")
        shown = await see(pilot, "(•) fast")
        for name in shipped.names("training"):
            assert f" {name} " in shown
        app.screen.query_one("#profiles").focus()
        await pilot.press("up")
        await see(pilot, "Enter takes it.")
        assert open_project(project.folder).settings.training.profile == "fast"
        await pilot.press("enter")
        await see(pilot, "(•) tiny")
        await see_button(pilot, "Continue")
    assert open_project(project.folder).settings.training.profile == "tiny"


async def test_a_profile_of_ones_own_is_in_the_list(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any
) -> None:
    text = (shipped.folder() / "training" / "tiny.yml").read_text(encoding="utf-8")
    (project.folder / "моя сеть.yml").write_text(text, encoding="utf-8")
    training = dataclasses.replace(project.settings.training, profile="моя сеть.yml", iterations=1234)
    save_project(project.folder, dataclasses.replace(project.settings, training=training))
    async with make_app(project.folder).run_test(size=(120, 40)) as pilot:
        await see(pilot, "1,234 iterations")
        await pilot.press("5")
        await see(pilot, "(•) моя сеть.yml")
        await see(pilot, "1,234 iterations, as project.yml says; the profile has 3,000")


async def test_a_network_to_begin_from_is_checked_before_it_is_taken(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, wait_until: Any
) -> None:
    (project.folder / "not.pth").write_text("hello", encoding="utf-8")
    (project.folder / "net.pth").write_bytes(b"PK\x03\x04 and more")
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("5")
        await see(pilot, "(•) fast")
        field = app.screen.query_one(Input)
        field.focus()
        for typed, said in (
            ("nowhere.pth", "no such file"),
            ("not.pth", "is no network file"),
            ("net.pth", "saved in"),
        ):
            field.value = typed
            await pilot.press("enter")
            await see(pilot, said)
        assert open_project(project.folder).settings.training.start == "net.pth"
        (project.folder / "net.pth").unlink()
        await pilot.press("tab")
        await see(pilot, "no network to")
        await see(pilot, "net.pth: no such file")
        field.focus()
        field.value = ""
        await pilot.press("enter")
        await wait_until(pilot, lambda: not open_project(project.folder).settings.training.start, "from nothing")


async def test_degradation_and_scale_are_chosen_and_what_does_not_fit_is_said(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any, wait_until: Any
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("3")
        await see(pilot, "(•) photoshop-six")
        app.screen.query_one("#degradations").focus()
        await pilot.press("up")
        await see(pilot, "PAL camcorder")
        await pilot.press("enter")
        await see(pilot, "(•) minidv")
        app.screen.query_one("#scales").focus()
        await pilot.press("right", "enter")
        await see(pilot, "(•) ×4")
    settings = open_project(project.folder).settings
    assert (settings.degradation, settings.scale) == ("minidv", 4)
    with pytest.raises(UsageError, match="must be a multiple of scale"):
        actions.choose_scale(project.folder, 3)


async def test_something_to_restore_is_listed_under_a_name_of_its_own(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any
) -> None:
    (project.folder / "кадры").mkdir()
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("7")
        await see(pilot, "tapes/stills → restored/stills")
        field = app.screen.query_one(Input)
        field.focus()
        for typed, said in (
            ("nowhere", "is not there"),
            ("кадры", "кадры → restored/кадры"),
            ("кадры", "listed already"),
        ):
            field.value = typed
            await pilot.press("enter")
            await see(pilot, said)
    assert len(open_project(project.folder).settings.restore) == 2


async def test_refused_pictures_and_a_failed_job_are_told_on_the_page(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, recorded: ModuleType, see: Any
) -> None:
    app = make_app(project.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("4")
        shown = await see(pilot, "780 to learn from, 86 to be judged by")
        assert "beach (2).png: not a picture" in shown
        save_project(project.folder, dataclasses.replace(project.settings, degradation="minidv"))
        job = recorded.make_job(open_project(project.folder), "prepare")
        job.path.rename(job.path.with_name("29990101T000000Z-prepare-ffff"))
        recorded.finish(
            JobFolder(job.path.with_name("29990101T000000Z-prepare-ffff")), "failed", 3, "error: photos: no"
        )
        shown = await see(pilot, "error: photos: no")
        assert shown.index("error: photos: no") < shown.index("sources  ")


async def test_the_help_explains_the_words_of_the_page(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any
) -> None:
    async with make_app(project.folder).run_test(size=(120, 40)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("5", "question_mark")
        shown = await see(pilot, "WORDS ON THIS PAGE")
        assert "one update of the network's weights" in shown
        assert "Seven steps lead from pictures" in shown


async def test_hours_and_memory_are_told_once_they_were_measured(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, see: Any
) -> None:
    async with make_app(project.folder).run_test(size=(120, 40)) as pilot:
        await see(pilot, "[ Train ]")
        await pilot.press("5")
        await see(pilot, "srtui estimate measures hours and memory")
        (key,) = estimates.keys(project.profile(), project.settings.scale, "auto")
        estimates.remember(key, estimates.StageEstimate(seconds=0.036, gib=2.5, micro_batch=0, precision="bf16"))
        await see(pilot, "about 3.0 hours for 300,000 updates, 2.5 GiB of memory")
