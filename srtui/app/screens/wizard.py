"""The wizard: seven steps always in sight, and the page of the one that is selected."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.screen import Screen

from srtui.app import actions
from srtui.app.background import Repeater, in_background, tell
from srtui.app.machine import Machine, start_looking
from srtui.app.messages import JobStarted, MachineSeen, ProjectRead, Trouble
from srtui.app.project_view import TITLES, Name, ProjectView, empty_view, look_at, with_machine
from srtui.app.screens.degradation import DegradationPage
from srtui.app.screens.hardware import HardwarePage
from srtui.app.screens.jobs import JobsScreen
from srtui.app.screens.leave import Answer, LeaveDialog
from srtui.app.screens.live import Left, LiveScreen
from srtui.app.screens.prepare import PreparePage
from srtui.app.screens.profile import ProfilePage
from srtui.app.screens.restore import RestorePage
from srtui.app.screens.sources import SourcesPage
from srtui.app.screens.tapes import TapesScreen
from srtui.app.screens.train import TrainPage
from srtui.app.sheet import shortened
from srtui.app.widgets.key_line import KeyLine
from srtui.app.widgets.page import Page
from srtui.app.widgets.path_field import PathField
from srtui.app.widgets.rows import Rows
from srtui.app.widgets.step_list import StepList, StepStrip
from srtui.errors import SrtuiError, from_os_error
from srtui.jobs.folder import JobFolder
from srtui.jobs.launch import stop

if TYPE_CHECKING:
    from srtui.app.app import SrtuiApp
    from srtui.project.steps import StepName

EVERY = 2.0
"""Seconds between two looks at the project's files."""
_PAGES: dict[Name, type[Page]] = {
    "sources": SourcesPage,
    "degradation": DegradationPage,
    "prepare": PreparePage,
    "profile": ProfilePage,
    "train": TrainPage,
    "restore": RestorePage,
}
HELP = """\
Seven steps lead from pictures to restored tapes. The list shows where you are: ✓ done, ▸ to do now, ● running,
↻ stale (settings changed since), ✗ blocked (with the reason), · waits for an earlier step.

Enter takes the sensible path; 1 to 7 go to a step, Tab moves to its fields and buttons, ↑ and ↓ through the
list, PgUp and PgDn through the text.
Everything you choose is in project.yml, and every page names the command that does
the same. Closing this window stops no job."""


class Side(VerticalScroll, inherit_bindings=False):
    """Room for the list of steps; PgUp and PgDn belong to the page, wherever the focus is."""


class WizardScreen(Screen[None]):
    """A project and its seven steps."""

    CSS_PATH = "wizard.tcss"
    EXPLAINED = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"select('{name}')", title, show=False, id=f"wizard.{name}")
            for number, (name, title) in enumerate(TITLES.items(), start=1)
        ),
        Binding("b,alt+left", "step(-1)", "Back", id="wizard.back", key_display="b"),
        Binding("n,alt+right", "step(1)", "Next", show=False, id="wizard.next"),
        Binding("pagedown", "scroll_text(1)", "More", id="wizard.down", key_display="PgDn"),
        Binding("pageup", "scroll_text(-1)", "Up", show=False, id="wizard.up"),
        Binding("w", "watch", "Watch", id="wizard.watch"),
        Binding("t", "tapes", "Tapes", id="wizard.tapes"),
        Binding("j", "jobs", "Jobs", id="wizard.jobs"),
        Binding("e", "edit", "Edit", id="wizard.edit"),
    ]

    def __init__(self, folder: Path, watch: JobFolder | None = None) -> None:
        super().__init__()
        self.folder = folder
        self._watch_first = watch
        self.view = empty_view(folder)
        self.machine = Machine(looking="the machine")
        self.selected: Name = "hardware"
        self._landed = False
        self._reader = Repeater("project", self._read, every=EVERY)
        self._told: ProjectView | None = None

    @property
    def srtui(self) -> SrtuiApp:
        """The application."""
        return cast("SrtuiApp", self.app)

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """Words of the page that is open, for the help."""
        page = self._page()
        return page.words if page is not None else ()

    def compose(self) -> ComposeResult:
        """Head, steps, page, keys."""
        yield Rows(id="head")
        yield StepStrip(self.srtui.glyphs)
        with Horizontal(id="middle"):
            with Side(id="side", can_focus=False):
                yield StepList(self.srtui.glyphs)
            yield Container(id="area")
        yield KeyLine()

    async def on_mount(self) -> None:
        """Show a first frame, then begin to look: reading project.yml takes longer than to show the steps."""
        await self._refresh()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._reader.start()
        self._look()
        if self._watch_first is not None:
            self._watch(self._watch_first)

    def on_unmount(self) -> None:
        """End the thread."""
        self._reader.stop()

    async def on_screen_resume(self) -> None:
        """Show what happened meanwhile, and look again at once: a job may have ended."""
        if self._page() is not None:
            self.view = self.now()
            await self._refresh()
        self._reader.hurry()

    # Threads.

    def _read(self) -> bool:
        view = look_at(self.folder)
        changed, self._told = view != self._told, view
        # A message to a screen below another makes Textual 8.2.8 repaint the upper one whole: 14 kB each time.
        if changed and self.is_active:
            tell(self, ProjectRead(view))
        return True

    def now(self) -> ProjectView:
        """How the project stands; for the screens above."""
        return with_machine(self._told or self.view, self.machine)

    def _look(self) -> None:
        start_looking(self.folder, self._machine_seen, self.srtui.how_to_look)

    def _machine_seen(self, machine: Machine) -> None:
        self.machine = machine
        if self.is_active:
            tell(self, MachineSeen())

    # What threads found.

    async def on_project_read(self, message: ProjectRead) -> None:
        """Show how the project stands; the first time, go to where one left."""
        before, self.view = self.view, with_machine(message.view, self.machine)
        if bool(before.living) != bool(self.view.living):
            self.refresh_bindings()
        if not self._landed:
            self._landed = True
            await self._select(self.view.landing())
            return
        await self._refresh()

    async def on_machine_seen(self, _message: MachineSeen) -> None:
        """Show what is known of the machine."""
        self.view = with_machine(self.view, self.machine)
        await self._refresh()
        self.refresh_bindings()

    def on_job_started(self, message: JobStarted) -> None:
        """Watch the job."""
        self._say("")
        self._reader.hurry()
        self._watch(message.job)

    def on_trouble(self, message: Trouble) -> None:
        """Say what could not be done."""
        self._say(message.text, "error")

    # Showing.

    async def _refresh(self) -> None:
        if not self.is_active:
            return
        name, room = self.view.folder.name, self.size.width - len(self.view.folder.name) - 4
        head = ((f" {name}", "strong"), (f"  {shortened(self.view.folder, room)}", "quiet"))
        self.query_one("#head", Rows).show([head])
        self.query_one(StepList).update_steps(self.view.steps, self.selected)
        self.query_one(StepStrip).update_steps(self.view.steps, self.selected)
        page = self._page()
        if isinstance(page, HardwarePage):
            page.machine = self.machine
        if page is not None:
            await page.update_view(self.view)

    async def _show_page(self) -> None:
        area = self.query_one("#area", Container)
        await area.remove_children()
        glyphs = self.srtui.glyphs
        if self.selected == "hardware":
            await area.mount(HardwarePage(self.view, glyphs, self.machine))
        else:
            await area.mount(_PAGES[self.selected](self.view, glyphs))
        await self._refresh()
        self.refresh_bindings()

    def _page(self) -> Page | None:
        return next((page for page in self.query(Page) if page.is_mounted), None)

    async def _select(self, name: Name, *, opened: bool = True) -> None:
        if name != self.selected or self._page() is None:
            self.selected = name
            await self._show_page()
        else:
            await self._refresh()
        page = self._page()
        if opened and page is not None:
            page.focus_primary()

    def _say(self, text: str, kind: str = "quiet") -> None:
        page = self._page()
        if page is not None:
            page.say(text, kind)

    # Keys and buttons.

    def action_select(self, name: Name) -> None:
        """Go to a step.

        By a message: actions run in the application's task, and pages are changed in this screen's alone.
        """
        self.post_message(StepList.Selected(name, opened=True))

    def action_step(self, by: int) -> None:
        """Go to the step before or after."""
        names = list(TITLES)
        self.action_select(names[min(max(names.index(self.selected) + by, 0), len(names) - 1)])

    def action_scroll_text(self, by: int) -> None:
        """Read on where the text is longer than the screen."""
        for body in self.query("#body").results(VerticalScroll):
            body.scroll_relative(y=by * max(body.size.height - 1, 1), animate=False, force=True)

    @on(StepList.Selected)
    async def _selected(self, message: StepList.Selected) -> None:
        self._landed = True
        await self._select(message.name, opened=message.opened)

    @on(Page.Chosen)
    async def _chosen(self, message: Page.Chosen) -> None:
        verb, _, what = message.action.partition(":")
        match verb:
            case "continue":
                self.action_step(1)
            case "go":
                await self._select(cast("Name", what))
            case "edit":
                self.action_edit()
            case "look":
                self._look()
            case "watch":
                self._watch_step(what)
            case "start":
                self._start(lambda: actions.start_step(self.folder, cast("StepName", what)))
            case "run":
                self._start(lambda: actions.start_run(self.folder))
            case "tapes":
                self.action_tapes()
            case _:
                self._change(_change_of(self.folder, verb, what), message.field)

    def _watch_step(self, name: str) -> None:
        step = self.view.validation if name == "validate" else self.view.step(cast("Name", name))
        if step is not None and step.status is not None:
            self._watch(self._folder_of(step.status.id))

    def _folder_of(self, job: str) -> JobFolder:
        return JobFolder(self.folder / "jobs" / job)

    def _watch(self, job: JobFolder) -> None:
        self.app.push_screen(LiveScreen(job, self.now), self._left_live)

    def _left_live(self, left: Left | None) -> None:
        """Hear the answer, which comes in the other screen's task, in this screen's: pages are changed in it alone."""
        self.call_later(self._watched, left)

    async def _watched(self, left: Left | None) -> None:
        """Back from the live page: to another job, or on to the next step."""
        if isinstance(left, JobFolder):
            self._watch(left)
        elif left == "go on":
            self.view = with_machine(look_at(self.folder), self.machine)
            await self._select(self.view.landing())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now."""
        if action == "scroll_text":
            page = self._page()
            return parameters != (1,) or (page is not None and page.more)
        return bool(self.view.living) if action == "watch" else True

    def action_tapes(self) -> None:
        """Show the tapes."""
        self.app.push_screen(TapesScreen(self.folder, self.now), self._watch_other)

    def _watch_other(self, job: JobFolder | None) -> None:
        if job is not None:
            self._watch(job)

    def action_watch(self) -> None:
        """Watch what is running."""
        self._watch(self._folder_of(self.view.living[0].id))

    def action_jobs(self) -> None:
        """List the jobs."""
        self.app.push_screen(JobsScreen(self.folder), self._watch_other)

    def _start(self, start: Callable[[], JobFolder]) -> None:
        self._say("starting …")
        in_background(self, lambda: JobStarted(start()))

    def _change(self, change: Callable[[], object], field: PathField | None = None) -> None:
        """Change project.yml; what is wrong is said where it was typed."""
        try:
            change()
        except (SrtuiError, OSError) as error:
            known = error if isinstance(error, SrtuiError) else from_os_error(error, "project.yml")
            if field is not None:
                field.refuse(known)
            else:
                self._say(str(known), "error")
            return
        if field is not None:
            field.accept("saved in project.yml")
        else:
            self._say("saved in project.yml", "good")
        self._reader.hurry()

    def action_edit(self) -> None:
        """Open project.yml in the user's editor."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        file = self.folder / "project.yml"
        try:
            with self.app.suspend():
                subprocess.run([*shlex.split(editor), str(file)], check=False)
        except SuspendNotSupported:
            self._say(f"this terminal cannot be left for an editor; edit {file}")
            return
        except OSError:
            self._say(f"there is no editor {editor!r}: set EDITOR, or edit {file}", "error")
            return
        self._reader.hurry()

    # Leaving.

    def ask_to_leave(self) -> bool:
        """Ask what becomes of a living job; tells whether it asked."""
        living = self.view.living
        if not living:
            return False
        self.app.push_screen(LeaveDialog(living[0]), self._answered)
        return True

    def _answered(self, answer: Answer | None) -> None:
        living = self.view.living
        if answer == "stop" and living:
            stop(self._folder_of(living[0].id))
        if answer in {"stop", "detach"}:
            self.app.exit()


def _change_of(folder: Path, verb: str, what: str) -> Callable[[], object]:
    """What a choice changes in project.yml."""
    changes: dict[str, Callable[[], object]] = {
        "add": lambda: actions.add_source(folder, Path(what)),
        "generate": lambda: actions.add_generated(folder),
        "profile": lambda: actions.choose_profile(folder, what),
        "begin": lambda: actions.begin_from(folder, Path(what) if what else None),
        "degradation": lambda: actions.choose_degradation(folder, what),
        "scale": lambda: actions.choose_scale(folder, int(what)),
        "list": lambda: actions.add_restore(folder, Path(what)),
    }
    return changes[verb]
