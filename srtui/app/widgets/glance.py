"""A glance at a step's newest job, below its page where the screen is high: curve and last lines."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from srtui.app import live_rows
from srtui.app.background import Repeater, tell
from srtui.app.follower import Reader
from srtui.app.look import Glyphs
from srtui.app.messages import JobSeen
from srtui.app.plot import Curve
from srtui.app.snapshot import Snapshot
from srtui.app.widgets.curve import Plot
from srtui.app.widgets.rows import Rows, Rule
from srtui.errors import SrtuiError
from srtui.jobs.folder import JobFolder

EVERY = 3.0
"""Seconds between two looks."""


class Glance(Vertical):
    """Follows one job at a time, and none while it is not shown."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="glance", classes="spare")
        self._glyphs = glyphs
        self._job: JobFolder | None = None
        self._reader: Repeater | None = None
        self._seen: Snapshot | None = None

    def compose(self) -> ComposeResult:
        """Curve and lines."""
        yield Plot("loss, log scale", id="glance-plot", glyphs=self._glyphs)
        yield Rule("", id="glance-rule", glyphs=self._glyphs)
        yield Rows(id="glance-lines")

    def watch_job(self, job: JobFolder | None) -> None:
        """Follow this job from now on."""
        if job != self._job:
            self._job = job
            self._seen = None
            self._begin()

    def on_resize(self, _event: events.Resize) -> None:
        """Begin when there is room; fit a new size."""
        if self._reader is None:
            self._begin()
        if self._seen is not None:
            self._show(self._seen)

    def on_unmount(self) -> None:
        """End the thread."""
        if self._reader is not None:
            self._reader.stop()

    def on_job_seen(self, message: JobSeen) -> None:
        """Show it."""
        message.stop()
        self._seen = message.snapshot
        self._show(message.snapshot)

    def _begin(self) -> None:
        if self._reader is not None:
            self._reader.stop()
            self._reader = None
        if self._job is None or not self.size.height:
            return
        reader = Reader(self._job)

        def read() -> bool:
            try:
                snapshot = reader.read()
            except SrtuiError:  # the page says already what is wrong with this job
                return False
            tell(self, JobSeen(snapshot))
            return not snapshot.status.ended

        self._reader = Repeater("glance", read, every=EVERY)
        self._reader.start()

    def _show(self, seen: Snapshot) -> None:
        plot, lines = self.query_one("#glance-plot", Plot), self.query_one("#glance-lines", Rows)
        plot.display = seen.is_training and bool(seen.curves.loss)
        self.query_one("#glance-rule", Rule).display = bool(seen.happenings)
        if plot.display:
            plot.plot(Curve(bins=seen.curves.loss, log=True, ticks=seen.curves.checkpoints, end=seen.iterations))
        lines.show(live_rows.happenings(seen.happenings, self.size.width, 6))
