"""Step 4: clean pictures become the dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from srtui.app.job_facts import job_facts
from srtui.app.sheet import Sheet, fact, spaced
from srtui.app.widgets.glance import Glance
from srtui.app.widgets.page import CONTINUE, Action, Page, here

if TYPE_CHECKING:
    from srtui.config.checks import Checks


class PreparePage(Page):
    """The dataset."""

    step = "prepare"
    title = "Prepare"
    about = (
        "Reads every picture, crops it, spoils a copy of it, and stores both, so that training never waits for files."
    )

    def facts(self) -> Sheet:
        """Settings, and the newest job."""
        project, facts = self.view.project, self.view.facts
        if project is None or facts is None:
            return ()
        settings = project.settings.prepare
        fitted = "cropped" if settings.fit == "crop" else "resized"
        where = facts.dataset if project.settings.sources else "after Sources"
        return (
            fact("sources", _count(len(project.settings.sources), "entry", "entries")),
            fact("sides", f"{fitted} to multiples of {settings.multiple}"),
            fact("scale", f"×{project.settings.scale}, degradation {project.settings.degradation}"),
            fact("spoiled", "once, here" if settings.degradation_mode == "fixed" else "anew for each crop in training"),
            fact("refused", _refused(settings.checks)),
            fact("dataset", where),
            *spaced(job_facts(self.view.step("prepare"), self.glyphs)),
        )

    def below(self) -> ComposeResult:
        """The newest job at a glance."""
        yield Glance(self.glyphs)

    def actions(self) -> tuple[Action, ...]:
        """Start it, watch it, or go on."""
        step = self.view.step("prepare")
        everything = Action(name="run", label="Run all steps")
        if step.mark == "running":
            return (Action(name="watch:prepare", label="Watch"),)
        if step.mark == "done":
            return (CONTINUE, Action(name="watch:prepare", label="See its job"))
        if self.view.step("sources").mark != "done":
            return (Action(name="go:sources", label="Go to Sources"),)
        label = "Prepare again" if step.mark == "stale" else "Prepare"
        return (Action(name="start:prepare", label=label), everything)

    def command(self) -> str:
        """The plain twin."""
        running = self.view.step("prepare").mark == "running"
        return f"srtui {'attach' if running else 'prepare'}{here(self.view)}"


def _refused(checks: Checks) -> str:
    """Which pictures are not taken."""
    copies = {"near": ["copies"], "exact": ["equal copies"], "keep": []}[checks.duplicates]
    switches = {"flat": checks.flat, "soft": checks.soft, "worn": checks.jpeg_worn, "interlaced": checks.interlaced}
    words = ["damaged", f"below {checks.smallest_side} px", *copies, *(word for word, on in switches.items() if on)]
    return ", ".join(words)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
