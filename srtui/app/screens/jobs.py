"""All jobs: those of the project, and those of none."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from srtui.app.background import Repeater, tell
from srtui.app.job_facts import began, state_sign
from srtui.app.look import UNICODE, Glyphs
from srtui.app.sheet import code, text
from srtui.app.widgets.key_line import KeyLine
from srtui.app.widgets.rows import Rows
from srtui.app.widgets.sheet_view import SheetView
from srtui.errors import SrtuiError
from srtui.jobs.folder import JobFolder, all_jobs, jobs_root
from srtui.jobs.status import JobStatus, read_status
from srtui.jobs.wording import duration, phase_of

_STYLES = {
    "running": "$accent",
    "finished": "$success",
    "paused": "$warning",
    "stalled": "$warning",
    "stopped": "$warning",
    "failed": "$error",
    "crashed": "$error",
}
Found = tuple[tuple[JobFolder, JobStatus], ...]


class JobsScreen(Screen[JobFolder | None]):
    """Pick a job; the newest first."""

    CSS_PATH = "jobs.tcss"
    EXPLAINED = "Every job of this project, and those that belong to none; the newest first. Enter watches one."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b,alt+left,escape", "back", "Back", id="jobs.back", key_display="b"),
        Binding("enter", "watch", "Watch", id="jobs.watch", key_display="Enter"),
    ]

    class Seen(Message):
        """The jobs stand so."""

        def __init__(self, found: Found) -> None:
            super().__init__()
            self.found = found

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._roots = [jobs_root(folder), jobs_root(None)]
        self._found: Found = ()
        self._ended: dict[JobFolder, JobStatus] = {}
        self._reader = Repeater("jobs", self._read, every=2.0)

    def compose(self) -> ComposeResult:
        """Title, list, keys."""
        yield Rows(id="head")
        yield Rows(id="columns")
        yield OptionList()
        yield SheetView(id="detail")
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one("#head", Rows).show([((" Jobs", "strong"), ("  newest first", "quiet"))])
        self.query_one("#columns", Rows).show([((f"   {'state':<9} {'begun':<17} {'kind':<9} now", "quiet"),)])
        self._reader.start()

    def on_unmount(self) -> None:
        """End the thread."""
        self._reader.stop()

    def _read(self) -> bool:
        jobs = sorted((job for root in self._roots for job in all_jobs(root)), key=lambda job: job.id, reverse=True)
        seen = ((job, self._status(job)) for job in jobs)
        tell(self, self.Seen(tuple((job, status) for job, status in seen if status is not None)))
        return True

    def _status(self, job: JobFolder) -> JobStatus | None:
        """How a job stands (read once for one that has ended); None for one of a newer srtui."""
        try:
            if job in self._ended and job.exit.exists():
                return self._ended[job]
            status = read_status(job)
        except SrtuiError:  # or it is being removed
            return None
        if status.ended:
            self._ended[job] = status
        return status

    def on_jobs_screen_seen(self, message: Seen) -> None:
        """Show what changed; the cursor stays on its job."""
        if message.found == self._found:
            return
        listed = self.query_one(OptionList)
        glyphs = getattr(self.app, "glyphs", UNICODE)
        same = [job for job, _ in self._found] == [job for job, _ in message.found]
        if same:
            for index, (new, old) in enumerate(zip(message.found, self._found, strict=True)):
                if new != old:
                    listed.replace_option_prompt_at_index(index, line(new[1], glyphs))
        else:
            listed.clear_options()
            listed.add_options([Option(line(status, glyphs)) for _, status in message.found])
            listed.highlighted = 0 if message.found else None
        self._found = message.found
        self._tell(listed.highlighted)
        if not self._found:
            self.query_one("#columns", Rows).show([((" no jobs yet", "quiet"),)])

    @on(OptionList.OptionHighlighted)
    def _looked(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._tell(event.option_index)

    def _tell(self, index: int | None) -> None:
        """Say in full below what the line of a job has no room for."""
        error = self._found[index][1].error if index is not None and index < len(self._found) else ""
        self.query_one("#detail", SheetView).write((text(), code(error, "error")) if error else ())

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._found[event.option_index][0])

    def action_watch(self) -> None:
        """Watch the one under the cursor."""
        index = self.query_one(OptionList).highlighted
        if index is not None:
            self.dismiss(self._found[index][0])

    def action_back(self) -> None:
        """Back without one."""
        self.dismiss(None)


def _now(status: JobStatus) -> str:
    """Phase, share and time left, in few words."""
    share = f" {100 * status.done // status.total} %" if status.total else ""
    left = f", {duration(status.eta)} left" if status.eta is not None else ""
    return f"{phase_of(status)}{share}{left}"


def line(status: JobStatus, glyphs: Glyphs) -> Content:
    """One job in aligned columns."""
    what = status.error.splitlines()[0].removeprefix("error: ") if status.error else ""
    what = what or ("" if status.ended else _now(status))
    state = Content.styled(f"{state_sign(status.state, glyphs)} {status.state:<9}", _STYLES.get(status.state, ""))
    return Content.assemble(state, f" {began(status):<17} {status.kind:<9} ", what)
