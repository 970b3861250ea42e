"""Step 6: the training; the live page is one key away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from srtui.app.job_facts import job_facts, trouble
from srtui.app.sheet import Sheet, fact, spaced
from srtui.app.widgets.glance import Glance
from srtui.app.widgets.page import CONTINUE, Action, ProjectPage, here

if TYPE_CHECKING:
    from srtui.app.project_facts import Facts
    from srtui.project.folder import OpenProject


class TrainPage(ProjectPage):
    """The newest training, and what a new one would be."""

    step = "train"
    title = "Train"
    about = "Goes on by itself when the connection drops; every checkpoint can be resumed exactly."

    words = (
        ("iteration", "one update of the network; the profile says how many there are"),
        ("checkpoint", "the whole state of a training on disk: it goes on there after a stop, a kill, a power cut"),
        ("loss", "how far the network is from the clean pictures, on average; it falls, quickly at first"),
        ("Y-PSNR", "likeness to the clean picture in decibels, of brightness alone; bicubic is plain enlargement"),
        ("waits for data", "share of the time in which the network has nothing to do; above 10 % more threads help"),
    )

    def told(self, project: OpenProject, facts: Facts) -> Sheet:
        """Profile, result, newest job."""
        step, start = self.view.step("train"), project.settings.training.start
        begun = (fact("begins from", start),) if start else ()
        return (
            *trouble(step),
            fact("profile", f"{facts.profile.name}, {facts.profile.iterations:,} iterations"),
            *begun,
            *((fact("takes", facts.estimate),) if facts.estimate else ()),
            fact("network", facts.model),
            *spaced(job_facts(step, self.glyphs)),
        )

    def below(self) -> ComposeResult:
        """The newest job at a glance."""
        yield Glance(self.glyphs)

    def actions(self) -> tuple[Action, ...]:
        """Start, take up, watch, or go where it is held up."""
        step = self.view.step("train")
        watch = Action(name="watch:train", label="Open the live page")
        if step.mark == "running":
            return (watch,)
        if step.mark == "done":
            return (CONTINUE, watch)
        if self.view.step("prepare").mark != "done":
            return (Action(name="go:prepare", label="Go to Prepare"),)
        if step.mark == "stale" or step.status is None:
            label = "Train again" if step.mark == "stale" else "Train"
            return (Action(name="start:train", label=label), *((watch,) if step.status else ()))
        return (Action(name="start:train", label="Go on"), watch)

    def command(self) -> str:
        """The plain twin."""
        step = self.view.step("train")
        if step.mark == "running":
            return f"srtui attach{here(self.view)}"
        resumable = step.status is not None and step.status.ended and step.mark in {"now", "blocked"}
        return f"srtui train{' --resume' if resumable else ''}{here(self.view)}"
