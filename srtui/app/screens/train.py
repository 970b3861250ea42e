"""Step 6: the training; the live page is one key away."""

from __future__ import annotations

from textual.app import ComposeResult

from srtui.app.job_facts import job_facts
from srtui.app.sheet import Sheet, fact, spaced
from srtui.app.widgets.glance import Glance
from srtui.app.widgets.page import CONTINUE, Action, Page, here


class TrainPage(Page):
    """The newest training, and what a new one would be."""

    step = "train"
    title = "Train"
    about = "Goes on by itself when the connection drops; every checkpoint can be resumed exactly."

    def facts(self) -> Sheet:
        """Profile, result, newest job."""
        facts = self.view.facts
        if facts is None:
            return ()
        return (
            fact("profile", f"{facts.profile.name}, {facts.profile.iterations:,} iterations"),
            fact("network", facts.model),
            *spaced(job_facts(self.view.step("train"), self.glyphs)),
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
