"""The live page: a job that grows, pauses and stops; the list of jobs; a run and its child."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from textual.widgets import OptionList

from srtui.app.app import SrtuiApp
from srtui.app.follower import Follower
from srtui.app.screens.jobs import JobsScreen
from srtui.app.screens.leave import LeaveDialog
from srtui.app.screens.live import LiveScreen
from srtui.app.screens.wizard import WizardScreen
from srtui.app.widgets.curve import Plot
from srtui.config.reader import to_plain
from srtui.config.requests import RunRequest
from srtui.jobs.control import asked
from srtui.jobs.folder import JobFolder, create
from srtui.jobs.status import read_status
from srtui.project.folder import OpenProject

Start = Callable[..., JobFolder]
Make = Callable[[Path], SrtuiApp]


async def open_live(pilot: Any, see: Any, see_button: Any) -> None:
    await see_button(pilot, "Open the live page")
    await pilot.press("enter")
    await see(pilot, "waits for data")


async def test_a_training_is_followed_as_it_grows(
    make_app: Make, project: OpenProject, fake_training: Start, see: Any, see_button: Any, wait_until: Any
) -> None:
    fake_training(project, rate=20.0, first=3000)
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_live(pilot, see, see_button)
        shown = await see(pilot, "/100,000")
        assert "minidv train  ● training" in shown
        assert "bicubic" in shown
        assert "checkpoint at " in shown
        plot = app.screen.query_one("#loss", Plot)
        await wait_until(pilot, lambda: any(letter > "\u2800" for letter in plot.text), "a curve")
        before = plot.text
        await wait_until(pilot, lambda: plot.text != before, "a longer curve")


async def test_no_size_breaks_the_live_page(
    make_app: Make, project: OpenProject, recorded: ModuleType, see: Any, text_of: Any
) -> None:
    job = recorded.make_training(project)
    with recorded.held(job):
        app = make_app(project.folder)
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(LiveScreen(job))
            await see(pilot, "28.27 dB")
            for size in ((120, 40), (40, 10), (12, 4), (200, 60), (30, 8), (80, 24)):
                await pilot.resize_terminal(*size)
                await pilot.pause(0.1)
                assert "train" in text_of(app).splitlines()[0], size
                assert size[1] < 8 or any(letter > "\u2800" for letter in text_of(app)), size


async def test_a_job_is_paused_goes_on_and_is_stopped_through_the_dialog(
    make_app: Make, project: OpenProject, fake_training: Start, see: Any, see_button: Any, wait_until: Any
) -> None:
    job = fake_training(project)
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_live(pilot, see, see_button)
        await pilot.press("p")
        await see(pilot, "‖ paused")
        assert asked(job, "pause")
        await pilot.press("p")
        await see(pilot, "● training")
        assert not asked(job, "pause")
        await pilot.press("s")
        await see_button(pilot, "Detach (keeps running)")
        await pilot.press("tab", "enter")
        await wait_until(pilot, lambda: asked(job, "stop"), "control/stop")
        await see(pilot, "↻ stopped")
        await see(pilot, "r Resume")
    assert read_status(job).state == "stopped"


async def test_leaving_a_live_job_asks_and_enter_leaves_it_alone(
    make_app: Make, project: OpenProject, fake_training: Start, see: Any, see_button: Any, wait_until: Any
) -> None:
    job = fake_training(project)
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_live(pilot, see, see_button)
        await pilot.press("s")
        await see_button(pilot, "Detach (keeps running)")
        assert isinstance(app.screen, LeaveDialog)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, WizardScreen), "the wizard")
        await pilot.press("ctrl+q")
        await see_button(pilot, "Detach (keeps running)")
        await pilot.press("b")
        await wait_until(pilot, lambda: isinstance(app.screen, WizardScreen), "the wizard")
        await pilot.press("ctrl+q")
        await see_button(pilot, "Detach (keeps running)")
        await pilot.press("enter")
    assert app.return_code == 0
    assert not asked(job, "stop")
    assert read_status(job).state == "running"


async def test_an_ended_job_leads_to_the_next_step(
    make_app: Make, project: OpenProject, recorded: ModuleType, see: Any, see_button: Any
) -> None:
    job = recorded.make_training(project)
    project.model.parent.mkdir()
    project.model.touch()
    recorded.finish(job)
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "[ Compare with bicubic ]")
        await pilot.press("6")
        await see_button(pilot, "Continue")
        await pilot.press("tab", "enter")
        shown = await see(pilot, "✓ finished")
        assert "Stop" not in shown
        await pilot.press("enter")
        await see(pilot, "Compare with bicubic")


async def test_a_job_without_a_curve_shows_phase_and_rejects(
    make_app: Make, project: OpenProject, recorded: ModuleType, see: Any
) -> None:
    job = recorded.make_job(project, "prepare")
    events = [("rejected", {"name": f"битый {n}.png", "reason": "not a picture"}) for n in range(40)]
    recorded.write_events(job, recorded.BEGUN, [("phase", {"name": "preparing pictures"}), *events])
    recorded.write_status(job, phase="preparing pictures", done=440, total=880, unit="pictures", eta=61.0)
    with recorded.held(job):
        app = make_app(project.folder)
        async with app.run_test(size=(80, 24)) as pilot:
            await see(pilot, "4  Prepare")
            app.push_screen(LiveScreen(job))
            shown = await see(pilot, "rejected: 40")
            assert "440 of 880 pictures" in shown
            assert "50 %" in shown
            assert "61 s left" in shown
            assert "битый 39.png: not a picture" in shown
            assert "loss" not in shown


async def test_a_run_shows_the_training_that_it_does(
    make_app: Make, project: OpenProject, recorded: ModuleType, see: Any, see_button: Any
) -> None:
    child = recorded.make_training(project)
    run = create(project.jobs, "run", to_plain(RunRequest(project=str(project.folder))))
    run.log.touch()
    step = {"name": "train", "state": "running", "job": str(child.path)}
    recorded.write_events(run, recorded.BEGUN, [("phase", {"name": "train (2/4)"}), ("step", step)])
    recorded.write_status(run, phase="train (2/4)")
    with recorded.held(run), recorded.held(child):
        app = make_app(project.folder)
        async with app.run_test(size=(80, 24)) as pilot:
            await see(pilot, "[ Open the live page ]")
            await pilot.press("w")
            shown = await see(pilot, "minidv run: train  ● training")
            assert "148,600/300,000" in shown
            await see(pilot, "28.27 dB")


async def test_any_job_is_picked_from_the_list(
    make_app: Make, project: OpenProject, recorded: ModuleType, see: Any, wait_until: Any
) -> None:
    recorded.make_training(project)
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "6  Train")
        await pilot.press("j")
        shown = await see(pilot, "finished")
        assert shown.index("crashed") < shown.index("finished"), "the newest comes first"
        assert isinstance(app.screen, JobsScreen)
        app.screen.query_one(OptionList).focus()
        await pilot.press("down", "enter")
        await see(pilot, "minidv prepare  ✓ finished")


async def test_a_failed_job_says_what_to_do_and_its_log_is_one_key_away(
    make_app: Make, project: OpenProject, recorded: ModuleType, see: Any
) -> None:
    job = recorded.make_training(project)
    recorded.finish(job, "failed", 4, "error: memory: the batch does not fit\n  = choose a smaller batch")
    job.log.write_text("line one\nошибка в строке\n", encoding="utf-8")
    app = make_app(project.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "6  Train")
        app.push_screen(LiveScreen(job))
        await see(pilot, "✗ failed")
        await see(pilot, "= choose a smaller batch")
        await pilot.press("l")
        await see(pilot, "ошибка в строке")
        with job.log.open("a") as file:
            file.write("one more\n")
        await see(pilot, "one more")
        await pilot.press("b")
        await see(pilot, "= choose a smaller batch")


def test_a_job_of_a_newer_srtui_is_told_and_not_a_crash(project: OpenProject, recorded: ModuleType) -> None:
    job = recorded.make_training(project)
    job.status.write_text('{"v": 99}')
    moment = Follower(job, recorded.recorded_gauges).moment()
    assert "update srtui" in moment.trouble
