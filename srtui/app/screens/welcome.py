"""No project here: what can be done about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input

from srtui.app import actions
from srtui.app.background import in_background
from srtui.app.messages import JobStarted, Trouble
from srtui.app.screens.jobs import JobsScreen
from srtui.app.screens.live import Left, LiveScreen
from srtui.app.sheet import Sheet, code, fact, shortened, text
from srtui.app.widgets.buttons import ActionButton, asked_by
from srtui.app.widgets.fitted import FittedColumn
from srtui.app.widgets.folder_input import FolderInput
from srtui.app.widgets.key_line import KeyLine
from srtui.app.widgets.rows import Rows
from srtui.app.widgets.sheet_view import SheetView
from srtui.errors import SrtuiError, from_os_error
from srtui.jobs.folder import JobFolder

if TYPE_CHECKING:
    from srtui.app.app import SrtuiApp

DEMO = "srtui-demo"
HELP = """\
srtui works in a project: a folder with a project.yml, which holds everything that you choose, the dataset, the jobs
and the networks.

The demo does the whole job on generated pictures, in minutes, and shows whether everything works on this machine."""


class WelcomeScreen(Screen[None]):
    """A folder without a project."""

    CSS_PATH = "welcome.tcss"
    EXPLAINED = HELP
    BINDINGS: ClassVar[list[BindingType]] = [Binding("j", "jobs", "Jobs", id="welcome.jobs")]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._offered: Path | None = None

    @property
    def srtui(self) -> SrtuiApp:
        """The application."""
        return cast("SrtuiApp", self.app)

    def compose(self) -> ComposeResult:
        """What this is, what can be done."""
        yield Rows(id="head")
        with FittedColumn(id="area"):
            with VerticalScroll(id="body", can_focus=False, classes="fitted"):
                yield SheetView(id="text")
                yield SheetView(id="says")
            with Horizontal(id="open"):
                yield Rows(id="open-label")
                yield FolderInput(self.folder, placeholder="path of a project's folder", id="folder")
            with Horizontal(id="buttons"):
                yield ActionButton("demo", "Start the demo", primary=True)
                yield ActionButton("new", "New project here")
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill it; Enter starts the demo, which harms nothing."""
        self._head()
        self.query_one("#open-label", Rows).show([(("open ", "quiet"),)])
        self.query_one("#text", SheetView).write(self._sheet())
        self.query(ActionButton).first().focus()

    def on_resize(self) -> None:
        """As much of the path as there is room for."""
        self._head()

    def _head(self) -> None:
        shown = shortened(self.folder, self.size.width - 9)
        self.query_one("#head", Rows).show([((" srtui", "strong"), (f"  {shown}", "quiet"))])

    def _sheet(self) -> Sheet:
        from srtui.project.demo import ESTIMATE

        demo = self.folder / DEMO
        there = ", which is there already: it goes on" if (demo / "project.yml").is_file() else ""
        about = f"{ESTIMATE[0].upper()}{ESTIMATE[1:]}. In ./{DEMO}{there}."
        return (
            text("There is no project in this folder yet.", "strong"),
            text(),
            text(
                "srtui trains a super-resolution network on what a camcorder did to your pictures, and restores your "
                "tapes with it. A project is a folder with a project.yml.",
                "quiet",
            ),
            text(),
            fact("demo", about),
            fact("new project", f"Puts an empty project.yml into {self.folder.name}/ and opens its seven steps."),
            fact("open", "Type the path of a project's folder below; → completes it."),
            text(),
            code("$ srtui demo"),
        )

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if asked_by(event) == "demo":
            self._say("making the project and starting its job …")
            in_background(self, lambda: JobStarted(actions.start_demo(self.folder / DEMO)))
        else:
            self._make(self.folder)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            self.query(ActionButton).first().focus()
            return
        path = (self.folder / Path(event.value.strip()).expanduser()).resolve()
        if (path / "project.yml").is_file():
            self.srtui.open_folder(path)
        elif path == self._offered:
            self._make(path)
        else:
            self._offered = path
            self._say(f"no project.yml in {path}\nEnter again makes a new project there", "warning")

    def _make(self, folder: Path) -> None:
        try:
            actions.new_project(folder)
        except SrtuiError as error:
            self._say(str(error), "error")
        except OSError as error:
            self._say(str(from_os_error(error, str(folder))), "error")
        else:
            self.srtui.open_folder(folder)

    def on_job_started(self, message: JobStarted) -> None:
        """Open the demo's project and watch its job."""
        self.srtui.open_folder(message.job.path.parent.parent, watch=message.job)

    def on_trouble(self, message: Trouble) -> None:
        """Say what could not be done."""
        self._say(message.text, "error")

    def _say(self, words: str, kind: str = "quiet") -> None:
        self.query_one("#says", SheetView).write((text(), code(words, kind)))
        self.call_after_refresh(self.query_one("#body", VerticalScroll).scroll_end, animate=False)

    def action_jobs(self) -> None:
        """List jobs that belong to no project."""
        self.app.push_screen(JobsScreen(self.folder), self._watch)

    def _watch(self, job: JobFolder | None) -> None:
        if job is not None:
            self.app.push_screen(LiveScreen(job), self._left)

    def _left(self, left: Left | None) -> None:
        if isinstance(left, JobFolder):
            self._watch(left)
