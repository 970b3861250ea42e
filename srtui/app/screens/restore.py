"""Step 7: what the network gains over bicubic, and the footage that it restores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult

from srtui.app.job_facts import job_facts, trouble
from srtui.app.sheet import Block, Sheet, code, fact, heading, item, spaced
from srtui.app.widgets.glance import Glance
from srtui.app.widgets.page import Action, ProjectPage, here
from srtui.app.widgets.path_field import PathField

if TYPE_CHECKING:
    from srtui.app.project_facts import Facts
    from srtui.project.folder import OpenProject

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
"""Files whose names are completed."""


class RestorePage(ProjectPage):
    """The comparison and the results."""

    step = "restore"
    title = "Restore"
    about = "Compares the network with bicubic on pictures that it never saw, then applies it to what is listed."

    words = (
        ("bicubic", "plain enlargement, as every program does it: what the network must beat"),
        ("Y-PSNR", "likeness to the clean picture in decibels, of brightness alone; +0.5 can be seen, +1 is much"),
        ("gain", "how much the network is better than bicubic; below zero it is worse, and says so"),
        ("restore", "what is on the left of the arrow is restored into what is on its right"),
    )

    def told(self, project: OpenProject, facts: Facts) -> Sheet:
        """Network, comparison, what is listed."""
        listed = [
            fact("restore" if number == 0 else "", f"{each.input} → {each.output}")
            for number, each in enumerate(project.settings.restore)
        ]
        if not listed:
            listed = [fact("restore", "nothing yet: name a picture or a folder of pictures below", "quiet")]
        network = facts.model if facts.trained else f"{facts.model}, after Train"
        return (
            *trouble(self.view.step("restore")),
            *(trouble(self.view.validation) if self.view.validation else ()),
            fact("network", network, "" if facts.trained else "quiet"),
            *listed,
            *spaced(self._comparison()),
            *spaced(job_facts(self.view.step("restore"), self.glyphs)),
        )

    def _comparison(self) -> Sheet:
        facts, validation = self.view.facts, self.view.validation
        if facts is None or validation is None:
            return ()
        if validation.mark == "running":
            return (item(self.glyphs.running, f"comparing with bicubic: {validation.note}", "accent"),)
        try:
            return comparison(facts.report) if facts.report is not None else ()
        except (KeyError, TypeError, ValueError):  # written by another version
            return ()

    def fields(self) -> ComposeResult:
        """Something to restore."""
        yield PathField(self.view.folder, "add", placeholder="a picture or a folder", id="input", suffixes=PICTURES)

    @on(PathField.Entered)
    def _entered(self, event: PathField.Entered) -> None:
        event.stop()
        if event.text:
            self.post_message(self.Chosen(f"list:{event.field.path}", field=event.field))
        else:
            self.focus_primary()

    def below(self) -> ComposeResult:
        """The newest job at a glance."""
        yield Glance(self.glyphs)

    def actions(self) -> tuple[Action, ...]:
        """Compare first, then restore."""
        project, step, validation = self.view.project, self.view.step("restore"), self.view.validation
        if self.view.step("train").mark != "done":
            return (Action(name="go:train", label="Go to Train"),)
        found: list[Action] = []
        if project is not None and project.settings.restore:
            name, label = ("watch:restore", "Watch") if step.mark == "running" else ("start:restore", "Restore")
            found.append(Action(name=name, label=label))
        if validation is not None:
            running = validation.mark == "running"
            name, label = ("watch:validate", "Watch") if running else ("start:validate", "Compare with bicubic")
            compare = Action(name=name, label=label)
            found = [*found, compare] if validation.mark == "done" else [compare, *found]
        return tuple(found)

    def command(self) -> str:
        """The plain twin."""
        return f"srtui restore INPUT OUTPUT{here(self.view)}"


def comparison(report: dict[str, Any]) -> Sheet:
    """Build the table of a validation report: Y-PSNR in dB of both, per scenario and together.

    Raises
    ------
    KeyError, TypeError
        If it is no such report.
    """
    rows = [*report["scenarios"], {"name": "all", **report["mean"]}]
    width = max(len(str(row["name"])) for row in rows)
    head = heading(f"{'Y-PSNR, dB':<{width}}  {'bicubic':>7}  {'network':>7}  {'gain':>6}")
    return (head, *(_compared(row, width) for row in rows))


def _compared(row: dict[str, Any], width: int) -> Block:
    gain = float(row["gain_y"])
    levels = f"{row['bicubic']['psnr_y']:>7.2f}  {row['network']['psnr_y']:>7.2f}  {gain:>+6.2f}"
    return code(
        f"{row['name']:<{width}}  {levels}", "warning" if gain < 0 else "strong" if row["name"] == "all" else ""
    )
