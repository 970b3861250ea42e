"""The tapes: what each is like, scanned from here, and its best frames extracted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button

from srtui.app import actions, tape_rows
from srtui.app.background import Repeater, in_background, tell
from srtui.app.job_results import told_by
from srtui.app.messages import JobStarted, ProjectRead, Trouble
from srtui.app.project_view import ProjectView, TapeJob, look_at
from srtui.app.sheet import Sheet, code, text
from srtui.app.widgets.buttons import ActionButton, asked_by
from srtui.app.widgets.choices import Choices
from srtui.app.widgets.fitted import FittedColumn
from srtui.app.widgets.key_line import KeyLine
from srtui.app.widgets.path_field import PathField
from srtui.app.widgets.rows import Rows
from srtui.app.widgets.sheet_view import SheetView
from srtui.errors import SrtuiError, from_os_error
from srtui.jobs.folder import JobFolder
from srtui.project.deinterlacing import disagreement
from srtui.project.tapes import SUFFIXES

if TYPE_CHECKING:
    from srtui.app.app import SrtuiApp
    from srtui.project.footage import Tape

EVERY = 2.0
"""Seconds between two looks at the project's files."""
HELP = """\
Tapes are what the network should mend. Nothing is learned from them: they are scanned, previewed, and the network is
judged on their frames.

A scan looks at every picture, as what a file says of itself is often wrong. ↑ and ↓ choose a tape; s scans it, a scans
all that are not scanned, x extracts its hundred best frames as PNG into stills/. All of it are jobs: they go on by
themselves, and b on their page leaves them alone."""
Given = Callable[[], ProjectView]


class TapesScreen(Screen[JobFolder | None]):
    """All tapes of the project, and what is known of the one with the cursor.

    Parameters
    ----------
    folder
        The project's.
    view
        Gives the project as it stood when somebody last looked.
    """

    CSS_PATH = "tapes.tcss"
    EXPLAINED = HELP
    words: ClassVar[tuple[tuple[str, str], ...]] = (
        ("interlaced", "two fields in one picture: odd and even lines, a fiftieth of a second apart"),
        ("field first", "which of the two came first; the wrong order makes every motion jump back and forth"),
        ("edges", "lines at the border that were never picture: crop them before you deliver"),
        ("smeared", "far less sharp than the best of the same ten seconds; nothing restores what was not recorded"),
        ("repeats", "pictures that show the same as the one before"),
        ("dropouts", "blocks that the tape has lost"),
        ("16:15", "shape of a pixel: PAL's are wider than high, and stay so in the frames"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b,alt+left", "back", "Back", id="tapes.back", key_display="b"),
        Binding("up", "app.focus_previous", "Before", show=False, id="tapes.before"),
        Binding("down", "app.focus_next", "After", show=False, id="tapes.after"),
        Binding("pagedown", "scroll_text(1)", "More", id="tapes.down", key_display="PgDn"),
        Binding("pageup", "scroll_text(-1)", "Up", show=False, id="tapes.up"),
        Binding("s", "scan", "Scan", id="tapes.scan"),
        Binding("a", "scan_all", "Scan all", id="tapes.all"),
        Binding("x", "extract", "Frames", id="tapes.extract"),
        Binding("w", "watch", "Watch", id="tapes.watch"),
    ]

    def __init__(self, folder: Path, view: Given) -> None:
        super().__init__()
        self.folder = folder
        self.view = view()
        self._buttons: tuple[tuple[str, str], ...] = ()
        self._more = False
        self._reader = Repeater("tapes", self._read, every=EVERY)

    @property
    def srtui(self) -> SrtuiApp:
        """The application."""
        return cast("SrtuiApp", self.app)

    def compose(self) -> ComposeResult:
        """List, what is known of one, a field, buttons."""
        yield Rows(id="head")
        with TapeColumn(id="area"):
            yield Choices(id="tapes", part=4)
            with VerticalScroll(id="body", can_focus=False, classes="fitted"):
                yield SheetView(id="text")
                yield SheetView(id="says")
            yield PathField(self.folder, "add", placeholder="a tape: a video file", id="tape", suffixes=SUFFIXES)
            yield Horizontal(id="buttons")
        yield KeyLine()

    async def on_mount(self) -> None:
        """Show what is known, and go on looking."""
        self.query_one("#head", Rows).show([((" Tapes", "strong"), (f"  of {self.folder.name}", "quiet"))])
        self.watch(self.query_one("#body", VerticalScroll), "scroll_y", self.see_more, init=False)
        await self._show()
        self._focus_what_matters()
        self._reader.start()

    def on_unmount(self) -> None:
        """End the thread."""
        self._reader.stop()

    @property
    def tapes(self) -> tuple[Tape, ...]:
        """Those of the project."""
        return self.view.facts.tapes if self.view.facts else ()

    @property
    def tape(self) -> Tape | None:
        """The one with the cursor."""
        current = self.query_one(Choices).current
        return next((tape for tape in self.tapes if tape.written == current), None)

    def _read(self) -> bool:
        view = look_at(self.folder)
        if self.is_active:
            tell(self, ProjectRead(view))
        return True

    async def on_project_read(self, message: ProjectRead) -> None:
        """Show how the tapes stand."""
        if message.view != self.view:
            opened_early = self.view.facts is None
            self.view = message.view
            await self._show()
            if opened_early and not self.query_one(PathField).line.value:
                self._focus_what_matters()

    def on_job_started(self, message: JobStarted) -> None:
        """Watch it."""
        self.dismiss(message.job)

    def on_trouble(self, message: Trouble) -> None:
        """Say what could not be done."""
        self._say(message.text, "error")

    # Showing.

    async def _show(self) -> None:
        jobs, glyphs = self.view.tape_jobs, self.srtui.glyphs
        self.query_one(Choices).offer([tape_rows.option(tape, jobs, glyphs) for tape in self.tapes])
        self.query_one("#text", SheetView).write(self._sheet(jobs))
        await self._show_buttons()
        self.refresh_bindings()

    def _sheet(self, jobs: tuple[TapeJob, ...]) -> Sheet:
        if self.view.problem:
            return (text("project.yml cannot be used as it is:"), text(), code(self.view.problem, "error"))
        tape, facts = self.tape, self.view.facts
        if tape is None or facts is None:
            return (
                text("No tapes yet.", "strong"),
                text(),
                text("Name the video files that you want to restore. Nothing is learned from them.", "quiet"),
                text(),
                code("$ srtui scan TAPE"),
            )
        told = [told_by(JobFolder(self.folder / "jobs" / job.status.id)) for job in jobs]
        interlaced = bool(tape.scan and tape.scan.get("interlacing", {}).get("order"))
        warning = disagreement(facts.degradation, interlaced=interlaced)
        return tape_rows.about(tape, jobs, told, warning)

    async def _show_buttons(self) -> None:
        wanted = self._wanted()
        if wanted == self._buttons:
            return
        self._buttons = wanted
        row = self.query_one("#buttons", Horizontal)
        had_focus = self.focused is not None and row in self.focused.ancestors
        await row.remove_children()
        await row.mount(*(ActionButton(asks, label, primary=not at) for at, (asks, label) in enumerate(wanted)))
        if had_focus:
            self._focus_first()

    def _wanted(self) -> tuple[tuple[str, str], ...]:
        """Buttons for the tape with the cursor, the sensible one first."""
        tape = self.tape
        back = ("back", "Back")
        if tape is None or tape.state == "missing":
            return (back,)
        if tape_rows.living(tape, self.view.tape_jobs):
            return (("watch", "Watch"), back)
        extract = (("extract", "Extract frames"),)
        if tape.state == "scanned":
            return (*extract, ("scan", "Scan again"), back) if self._usable(tape) else (("scan", "Scan again"), back)
        others = (("scan_all", "Scan all"),) if len(self._unscanned()) > 1 else ()
        return (("scan", "Scan"), *others, back)

    def _usable(self, tape: Tape) -> bool:
        return bool(tape.scan and tape.scan.get("usable"))

    def _unscanned(self) -> list[Tape]:
        return [tape for tape in self.tapes if tape.state in {"new", "stale"}]

    def _focus_what_matters(self) -> None:
        """The list, the only tape's first button, or the field where the first tape is named."""
        if len(self.tapes) > 1:
            self.query_one(Choices).focus()
        elif self.tapes:
            self._focus_first()
        else:
            self.query_one(PathField).line.focus()

    def _focus_first(self) -> None:
        first = next(iter(self.query("#buttons Button").results(Button)), None)
        if first is not None:
            first.focus()

    def _say(self, words: str, kind: str = "quiet") -> None:
        self.query_one("#says", SheetView).write((text(), code(words, kind)) if words else ())
        self.call_after_refresh(self.query_one("#body", VerticalScroll).scroll_end, animate=False)

    def see_more(self) -> None:
        """Offer the key that reads on only while there is something to read on."""
        body = self.query_one("#body", VerticalScroll)
        self._more = body.scroll_y < body.max_scroll_y
        self.refresh_bindings()

    # Choosing.

    @on(Choices.Looked)
    async def _looked(self, event: Choices.Looked) -> None:
        event.stop()
        self._say("")
        self.query_one("#body", VerticalScroll).scroll_home(animate=False)
        await self._show()
        if isinstance(event, Choices.Taken):
            self._focus_first()

    @on(PathField.Entered)
    def _entered(self, event: PathField.Entered) -> None:
        event.stop()
        if not event.text:
            self._focus_first()
            return
        field = event.field
        try:
            actions.add_tape(self.folder, field.path)
        except SrtuiError as error:
            field.refuse(error)
        except OSError as error:
            field.refuse(from_os_error(error, "project.yml"))
        else:
            field.accept("saved in project.yml")
            self._reader.hurry()

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        await self.run_action(asked_by(event))

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done about the tape with the cursor."""
        if not self.is_mounted:
            return True
        tape = self.tape
        at_work = tape is not None and tape_rows.living(tape, self.view.tape_jobs) is not None
        match action:
            case "scroll_text":
                return parameters != (1,) or self._more
            case "scan":
                return tape is not None and tape.state != "missing" and not at_work
            case "scan_all":
                return len(self._unscanned()) > 1 and not any(not job.status.ended for job in self.view.tape_jobs)
            case "extract":
                return tape is not None and tape.state == "scanned" and not at_work and self._usable(tape)
            case "watch":
                return at_work
        return True

    def action_back(self) -> None:
        """Back to the wizard."""
        self.dismiss(None)

    def action_scroll_text(self, by: int) -> None:
        """Read on where the text is longer than its place."""
        body = self.query_one("#body", VerticalScroll)
        body.scroll_relative(y=by * max(body.size.height - 1, 1), animate=False, force=True)

    def action_scan(self) -> None:
        """Scan the tape with the cursor; again, if it is scanned."""
        tape = self.tape
        if tape is not None:
            self._start(lambda: actions.start_scan(self.folder, [str(tape.path)], fresh=tape.state == "scanned"))

    def action_scan_all(self) -> None:
        """Scan every tape that is not scanned."""
        tapes = [str(tape.path) for tape in self._unscanned()]
        self._start(lambda: actions.start_scan(self.folder, tapes))

    def action_extract(self) -> None:
        """Extract the best frames of the tape with the cursor."""
        tape = self.tape
        if tape is not None:
            self._start(lambda: actions.start_frames(self.folder, tape.path))

    def action_watch(self) -> None:
        """Watch the job that works on the tape with the cursor."""
        job = tape_rows.living(self.tape, self.view.tape_jobs) if self.tape else None
        if job is not None:
            self.dismiss(JobFolder(self.folder / "jobs" / job.status.id))

    def _start(self, start: Callable[[], JobFolder]) -> None:
        self._say("starting …")
        in_background(self, lambda: JobStarted(start()))


class TapeColumn(FittedColumn):
    """The list, the text below it, the field and the buttons."""

    def settled(self) -> None:
        """Tell the screen, which offers a key while the text goes on."""
        cast("TapesScreen", self.screen).see_more()
