"""Step 4: clean pictures become the dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from srtui.app.job_facts import job_facts, trouble
from srtui.app.job_results import Told, told_by
from srtui.app.project_view import WizardStep
from srtui.app.sheet import Sheet, fact, spaced, text
from srtui.app.widgets.glance import Glance
from srtui.app.widgets.page import CONTINUE, Action, ProjectPage, here
from srtui.jobs.folder import JobFolder

if TYPE_CHECKING:
    from srtui.app.project_facts import Facts
    from srtui.config.checks import Checks
    from srtui.project.folder import OpenProject


SHOWN = 3
"""Refused files that are named; their list is a file."""


class PreparePage(ProjectPage):
    """The dataset."""

    step = "prepare"
    title = "Prepare"
    about = "Checks and crops every picture, spoils a copy of it, and stores both side by side."

    words = (
        ("crop", "pictures are cut to sides that the network can work with; e: fit: resize squeezes them instead"),
        ("spoiled", "once: each picture has one spoiled copy. Anew: every crop of the training is spoiled otherwise"),
        ("left out", "pictures that would teach the wrong thing; each is listed with its reason"),
        ("flat", "without texture: blank pages, black frames"),
        ("soft", "without fine detail: enlarged, or out of focus all over"),
        ("worn", "with the visible 8×8 blocks of a strong JPEG"),
        ("interlaced", "two moments in one picture, woven line by line"),
        ("dataset", "clean and spoiled pictures side by side, in a folder of the project named by its settings"),
    )

    def told(self, project: OpenProject, facts: Facts) -> Sheet:
        """Settings, and the newest job."""
        settings = project.settings.prepare
        fitted = "cropped" if settings.fit == "crop" else "resized"
        where = facts.dataset if project.settings.sources else "after Sources"
        step = self.view.step("prepare")
        told = told_by(JobFolder(project.jobs / step.status.id)) if step.status else Told()
        spoiled = "once, here" if settings.degradation_mode == "fixed" else "anew for each crop in training"
        return (
            *trouble(step),
            *_ended(told, step, facts.dataset),
            fact("sources", _count(len(project.settings.sources), "entry", "entries")),
            fact("sides", f"{fitted} to multiples of {settings.multiple} pixels"),
            fact("spoiled", f"by {project.settings.degradation}, {spoiled}"),
            fact("left out", _left_out(settings.checks)),
            fact("dataset", where),
            *spaced(job_facts(step, self.glyphs)),
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


def _ended(told: Told, step: WizardStep, dataset: str) -> Sheet:
    """What came of it, first of all."""
    blocks = (*_made(told, step), *_rejected(told, dataset))
    return (*blocks, text()) if blocks else ()


def _made(told: Told, step: WizardStep) -> Sheet:
    """How many pictures the dataset has."""
    if step.status is None or step.status.state != "finished" or "train" not in told.result:
        return ()
    result = told.result
    return (fact("made", f"{result['train']} to learn from, {result.get('val', 0)} to be judged by"),)


def _rejected(told: Told, dataset: str) -> Sheet:
    """How many were left out, the first of them, and where all are."""
    if not told.rejected:
        return ()
    count = told.result.get("rejected", len(told.rejected))
    shown = told.rejected[:SHOWN]
    more = f"; all in {dataset}/rejected.csv" if len(told.rejected) > SHOWN else ""
    names = [fact("", f"{name}: {reason}", "quiet") for name, reason in shown]
    return (fact("refused", f"{_count(count, 'file', 'files')}{more}", "warning"), *names)


def _left_out(checks: Checks) -> str:
    """Which pictures are not taken."""
    copies = {"near": ["copies"], "exact": ["equal copies"], "keep": []}[checks.duplicates]
    switches = {"flat": checks.flat, "soft": checks.soft, "worn": checks.jpeg_worn, "interlaced": checks.interlaced}
    words = ["damaged", f"below {checks.smallest_side} px", *copies, *(word for word, on in switches.items() if on)]
    return ", ".join(words)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
