"""The live page: follows any job, pauses and stops it; leaving it leaves the job alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen

from srtui.app import actions, live_rows, training_rows
from srtui.app.background import Repeater, in_background, tell
from srtui.app.follower import Follower, Moment
from srtui.app.messages import JobMoved, JobStarted, Trouble
from srtui.app.plot import Curve, Row
from srtui.app.project_view import Name, ProjectView
from srtui.app.screens.leave import Answer, LeaveDialog
from srtui.app.screens.log import LogScreen
from srtui.app.terminal import output_waits
from srtui.app.widgets.curve import Plot
from srtui.app.widgets.key_line import KeyLine
from srtui.app.widgets.rows import Rows, Rule
from srtui.app.widgets.step_list import StepStrip
from srtui.jobs.control import ask, withdraw
from srtui.jobs.folder import JobFolder
from srtui.jobs.launch import stop

if TYPE_CHECKING:
    from srtui.app.app import SrtuiApp

EVERY = 1.0
"""Seconds between two looks at the job."""
PLOT_EVERY = 3
"""Looks between two drawings of a curve: it moves slowly, and costs most of what is written."""
ROOMY = 20
"""Rows from which on all figures of a training are shown."""
HELP = """\
One job, live. The curve is the loss on a logarithmic axis: single readings dim, their running mean bright, ┴ where
there is a checkpoint. "waits for data" tells how much of the time the network waits for pictures: above 10 % more
threads help, not a faster GPU. "blocks" tells how high the edges of a codec's blocks come out, in times bicubic's:
below 1 the network removes them, from 1.5 on it takes them for objects. Figures in brackets are bicubic's.

b goes back and leaves the job alone. s asks before it stops anything; what is done is kept and can be resumed.
p pauses: the job keeps its place and its memory. Closing the window, or losing the connection, stops nothing."""
_STEP_OF: dict[str, Name] = {"prepare": "prepare", "train": "train", "validate": "restore", "restore": "restore"}


Left = Literal["back", "go on"] | JobFolder
"""How the page was left: back, on to the next step, or for another job."""


class LiveScreen(Screen[Left]):
    """Follows one job.

    Parameters
    ----------
    job
        Which.
    view
        Gives the project as it stands now; None for jobs without a project.
    """

    CSS_PATH = "live.tcss"
    EXPLAINED = HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b,alt+left", "back", "Back", id="live.back", key_display="b"),
        Binding("enter", "go_on", "Continue", id="live.continue", key_display="Enter"),
        Binding("r", "resume", "Resume", id="live.resume"),
        Binding("p", "pause", "Pause", id="live.pause"),
        Binding("s", "stop", "Stop…", id="live.stop"),
        Binding("l", "log", "Log", id="live.log"),
        Binding("j", "jobs", "Jobs", id="live.jobs"),
    ]

    def __init__(self, job: JobFolder, view: Callable[[], ProjectView] | None = None) -> None:
        super().__init__()
        self.job = job
        self.view = view
        self.moment: Moment | None = None
        self._count = 0
        self._follower: Follower | None = None
        self._reader = Repeater("follow", self._read, every=EVERY)

    @property
    def srtui(self) -> SrtuiApp:
        """The application."""
        return cast("SrtuiApp", self.app)

    def compose(self) -> ComposeResult:
        """All parts; which of them are shown depends on the job and the size."""
        glyphs = self.srtui.glyphs
        yield Rows(id="head")
        yield StepStrip(glyphs)
        with Horizontal(id="plots"):
            yield Plot("loss, log scale", id="loss", glyphs=glyphs)
            yield Plot("Y-PSNR in dB, bicubic ─", id="psnr", glyphs=glyphs)
        yield Rows(id="figures")
        yield Rows(id="phase")
        yield Rows(id="rejected")
        yield Rule("", id="gauges-rule", glyphs=glyphs)
        yield Rows(id="gauges")
        yield Rule("", id="lines-rule", glyphs=glyphs)
        yield Rows(id="lines")
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin to follow."""
        self._follower = Follower(self.job, self.srtui.gauges)
        self.query_one(StepStrip).display = self.view is not None
        self._reader.start()

    def on_unmount(self) -> None:
        """End the thread."""
        self._reader.stop()

    def _read(self) -> bool:
        assert self._follower is not None  # the thread starts after it is there
        moment = self._follower.moment()
        # A message to a screen below another makes Textual 8.2.8 repaint the upper one whole: 14 kB each time.
        if self.is_active:
            tell(self, JobMoved(moment))
        return True

    # What the thread found.

    def on_job_moved(self, message: JobMoved) -> None:
        """Show the moment, unless the terminal is still busy with the one before."""
        before, self.moment = self.moment, message.moment
        if before is None or _standing(before) != _standing(self.moment):
            self.refresh_bindings()
            self._count = 0
        if self.is_active and not (output_waits(self.srtui) and self._count):
            self.show_moment(self.moment)

    def on_screen_resume(self) -> None:
        """Show at once what happened while another screen was above."""
        self._reader.hurry()

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the new size at once."""
        if self.moment is not None:
            self._count = 0
            self.call_after_refresh(self.show_moment, self.moment)

    def show_moment(self, moment: Moment) -> None:
        """Change the widgets; each writes only the cells that differ."""
        shown, width, glyphs = moment.shown, self.size.width, self.srtui.glyphs
        self.set_class(not shown.is_training, "plain")
        self._rows("head", [live_rows.head(moment, self._where(), width, glyphs)])
        self._show_steps(moment)
        if shown.is_training:
            most = 2 if self.size.height < ROOMY else 5
            self._rows("figures", training_rows.figures(shown.curves, width, most))
            if self._count % PLOT_EVERY == 0:
                self._plot(moment)
        self._count += 1
        trouble = [((f" {line}", "error"),) for line in moment.trouble.splitlines()]
        told = live_rows.outcome(shown, width) if shown.status.ended else []
        doing = [] if shown.is_training else live_rows.phase(shown, width, glyphs)
        self._rows("phase", [*doing, *trouble, *told])
        self._rows("rejected", live_rows.rejected(shown, width, max(self.size.height // 3, 2)))
        self.set_class(moment.gauges is None, "over")
        self._rows(
            "gauges", live_rows.gauges(moment.gauges, shown.status.pid, width, 1 + self.size.height // 10, glyphs)
        )
        self._rows("lines", live_rows.happenings(shown.happenings, width, self.query_one("#lines").size.height))

    def _rows(self, name: str, rows: list[Row]) -> None:
        self.query_one(f"#{name}", Rows).show(rows)

    def _show_steps(self, moment: Moment) -> None:
        if self.view is not None:
            step = _STEP_OF.get(moment.shown.status.kind)
            self.query_one(StepStrip).update_steps(self.view().steps, step)

    def _plot(self, moment: Moment) -> None:
        curves, end = moment.shown.curves, moment.shown.iterations
        loss = Curve(bins=curves.loss, log=True, ticks=curves.checkpoints, end=end)
        psnr = Curve(bins=curves.psnr, baseline=curves.bicubic, end=end, raw=False)
        self.query_one("#loss", Plot).plot(loss)
        self.query_one("#psnr", Plot).plot(psnr)

    def _where(self) -> str:
        return self.job.path.parent.parent.name if self.view is not None else ""

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what makes sense for the job as it stands."""
        status = self.moment.job.status if self.moment else None
        living = status is not None and not status.ended
        match action:
            case "pause" | "stop":
                return living
            case "resume":
                return status is not None and (
                    status.state == "paused" or (status.ended and status.state != "finished")
                )
            case "go_on":
                return status is not None and status.ended
        return True

    def action_back(self) -> None:
        """Leave the page; the job goes on."""
        self.dismiss("back")

    def action_go_on(self) -> None:
        """On to the next step."""
        self.dismiss("go on")

    def action_pause(self) -> None:
        """Let the job wait, or go on."""
        if self.moment is not None and self.moment.job.status.state == "paused":
            self.action_resume()
            return
        ask(self.job, "pause")
        self._reader.hurry()

    def action_resume(self) -> None:
        """Let a paused job go on; take up one that has ended early."""
        if self.moment is not None and self.moment.job.status.ended:
            in_background(self, lambda: JobStarted(actions.resume(self.job)))
            return
        withdraw(self.job, "pause")
        self._reader.hurry()

    def on_job_started(self, _message: JobStarted) -> None:
        """Look at once."""
        self._reader.hurry()

    def on_trouble(self, message: Trouble) -> None:
        """Say what could not be done."""
        self.notify(message.text, severity="error", markup=False)

    def action_stop(self) -> None:
        """Ask, with leaving it alone as the answer that Enter gives."""
        if self.moment is not None:
            self.app.push_screen(LeaveDialog(self.moment.job.status), self._answered)

    def _answered(self, answer: Answer | None) -> None:
        if answer == "stop":
            stop(self.job)
            self._reader.hurry()
        elif answer == "detach":
            self.dismiss("back")

    def ask_to_leave(self) -> bool:
        """Ask what becomes of a living job; tells whether it asked."""
        if self.moment is None or self.moment.job.status.ended:
            return False
        self.app.push_screen(LeaveDialog(self.moment.job.status), self._left)
        return True

    def _left(self, answer: Answer | None) -> None:
        if answer == "stop":
            stop(self.job)
        if answer in {"stop", "detach"}:
            self.app.exit()

    def action_log(self) -> None:
        """Read what the worker wrote."""
        child = self.moment.job.child if self.moment else ""
        self.app.push_screen(LogScreen(JobFolder(Path(child)) if child else self.job))

    def action_jobs(self) -> None:
        """Watch another job."""
        from srtui.app.screens.jobs import JobsScreen

        folder = self.view().folder if self.view else Path.cwd()
        self.app.push_screen(JobsScreen(folder), self._other)

    def _other(self, job: JobFolder | None) -> None:
        if job is not None and job != self.job:
            self.dismiss(job)


def _standing(moment: Moment) -> tuple[str, str, str]:
    """What decides about keys and layout."""
    return (moment.job.status.state, moment.shown.status.id, moment.shown.status.state)
