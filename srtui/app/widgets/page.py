"""A step's page: title with its state, what is set, what stands in the way, the command that does the same, buttons."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Button

from srtui.app.look import Glyphs
from srtui.app.plot import Row
from srtui.app.project_view import Name, ProjectView, WizardStep
from srtui.app.sheet import Sheet, code, text
from srtui.app.widgets.buttons import ActionButton, asked_by
from srtui.app.widgets.fitted import FittedColumn
from srtui.app.widgets.glance import Glance
from srtui.app.widgets.path_field import PathField
from srtui.app.widgets.rows import Rows
from srtui.app.widgets.sheet_view import SheetView
from srtui.jobs.folder import JobFolder

if TYPE_CHECKING:
    from srtui.app.project_facts import Facts
    from srtui.project.folder import OpenProject

WORDS = {
    "done": ("done", "good"),
    "now": ("to do", "accent"),
    "stale": ("stale", "warning"),
    "blocked": ("blocked", "error"),
    "running": ("running", "accent"),
    "waiting": ("waits", "quiet"),
}
"""How each mark is called, and its colour."""


_ROOMY = 1000
"""Cells of a title before it was laid out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button: what it says and what it asks for."""

    name: str
    label: str


CONTINUE = Action(name="continue", label="Continue")
EDIT = Action(name="edit", label="Edit project.yml")


class Page(FittedColumn):
    """One step of the wizard. Subclasses say what stands on it."""

    step: ClassVar[Name]
    title: ClassVar[str]
    about: ClassVar[str]
    """What the step does, in one or two sentences."""
    words: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Words of the page that need an explanation: what ``?`` says."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", "Before", show=False, id="page.before"),
        Binding("down", "app.focus_next", "After", show=False, id="page.after"),
    ]

    class Chosen(Message):
        """A button was pressed, or something was chosen; ``field`` hears what is wrong with it."""

        def __init__(self, action: str, field: PathField | None = None) -> None:
            super().__init__()
            self.action = action
            self.field = field

    def __init__(self, view: ProjectView, glyphs: Glyphs) -> None:
        super().__init__(id=f"page-{self.step}", classes="page")
        self.view = view
        self.glyphs = glyphs
        self._actions: tuple[Action, ...] = ()
        self._more = False

    # What a page says: overridden.

    def facts(self) -> Sheet:
        """What is set, and what came of it."""
        return ()

    def actions(self) -> tuple[Action, ...]:
        """Buttons, the sensible one first."""
        return (CONTINUE,)

    def command(self) -> str:
        """Command that does the same; empty if there is none."""
        return ""

    def fields(self) -> ComposeResult:
        """Input fields between text and buttons."""
        return iter(())

    def above(self) -> ComposeResult:
        """What stands between the title and the text."""
        return iter(())

    def update_fields(self) -> None:
        """Bring lists and fields up to date with ``self.view``."""

    def below(self) -> ComposeResult:
        """What follows the buttons where the screen is high."""
        return iter(())

    # How it is shown.

    def compose(self) -> ComposeResult:
        """Title, text, fields, command, buttons."""
        yield Rows(id="title")
        yield from self.above()
        with VerticalScroll(id="body", can_focus=False, classes="fitted"):
            yield SheetView(id="text")
            yield SheetView(id="says")
        yield from self.fields()
        yield Horizontal(id="buttons")
        yield from self.below()

    async def on_mount(self) -> None:
        """Fill it."""
        body = self.query_one("#body", VerticalScroll)
        self.watch(body, "scroll_y", self.settled, init=False)
        self.watch(body, "show_vertical_scrollbar", self._settle_soon, init=False)
        await self.update_view(self.view)

    @property
    def more(self) -> bool:
        """Whether the text goes on below what is seen."""
        return self._more

    def _settle_soon(self) -> None:
        """Look again when the text begins or ends to be longer than its place: its length is known a moment later."""
        self.call_after_refresh(self.settled)

    def settled(self) -> None:
        """Offer the key that reads on only while there is something to read on."""
        body = next(iter(self.query("#body").results(VerticalScroll)), None)
        if body is None:
            return  # the page is being taken away, its text is gone already
        self._more = body.scroll_y < body.max_scroll_y
        self.query_one("#title", Rows).show([self._title_row(self.view.step(self.step))])
        self.screen.refresh_bindings()

    async def update_view(self, view: ProjectView) -> None:
        """Show the project as it stands now."""
        self.view = view
        self.query_one("#title", Rows).show([self._title_row(view.step(self.step))])
        self.update_fields()
        self.query_one("#text", SheetView).write(self._sheet(view))
        for glance in self.query(Glance):
            status = view.step(self.step).status
            glance.watch_job(JobFolder(view.folder / "jobs" / status.id) if status else None)
        await self._show_buttons((EDIT,) if view.problem else self.actions())

    def say(self, words: str, kind: str = "quiet") -> None:
        """Show a message above the buttons until the next one; errors keep their lines."""
        self.query_one("#says", SheetView).write((text(), code(words, kind)) if words else ())
        self.call_after_refresh(self.query_one("#body", VerticalScroll).scroll_end, animate=False)

    def focus_primary(self) -> None:
        """Put the focus where Enter takes the sensible path."""
        buttons = self.query("#buttons Button").results(Button)
        first = next(iter(buttons), None)
        if first is not None:
            first.focus()

    def _title_row(self, step: WizardStep) -> Row:
        word, kind = WORDS[step.mark]
        sign = getattr(self.glyphs, step.mark)
        row: list[tuple[str, str]] = [(self.title, "strong"), ("   ", ""), (f"{sign} {word}", kind)]
        room = (self.query_one("#title").size.width or _ROOMY) - sum(len(part) for part, _ in row) - 2
        if step.note and room > 2:  # the list of steps has the whole of it
            note = step.note if len(step.note) <= room else f"{step.note[: room - 1]}…"
            row.append((f"  {note}", "quiet"))
        return tuple(row)

    def _sheet(self, view: ProjectView) -> Sheet:
        if view.problem:
            return (text("project.yml cannot be used as it is:"), text(), code(view.problem, "error"))
        command = self.command()
        shown = (text(), code(f"$ {command}")) if command else ()
        about = (text(self.about, "quiet"), text()) if self.about else ()
        return (*about, *self.facts(), *shown)

    async def _show_buttons(self, actions: tuple[Action, ...]) -> None:
        if actions == self._actions:
            return
        self._actions = actions
        row = self.query_one("#buttons", Horizontal)
        had_focus = self.screen.focused is None or row in self.screen.focused.ancestors
        await row.remove_children()
        await row.mount(
            *(ActionButton(action.name, action.label, primary=index == 0) for index, action in enumerate(actions))
        )
        if had_focus and self.is_attached:
            self.focus_primary()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Chosen(asked_by(event)))


class ProjectPage(Page):
    """A page about the project: there is nothing to say while project.yml is broken."""

    def facts(self) -> Sheet:
        """What is told of a whole project."""
        project, facts = self.view.project, self.view.facts
        return () if project is None or facts is None else self.told(project, facts)

    def update_fields(self) -> None:
        """Offer what a whole project has to choose from."""
        project, facts = self.view.project, self.view.facts
        if project is not None and facts is not None:
            self.offer(project, facts)

    # Overridden.

    def told(self, project: OpenProject, facts: Facts) -> Sheet:
        """What is set, and what came of it."""
        raise NotImplementedError

    def offer(self, project: OpenProject, facts: Facts) -> None:
        """Bring lists and fields up to date."""


def here(view: ProjectView) -> str:
    """``-p`` and the project, unless one stands in it."""
    return "" if view.folder == Path.cwd() else f" -p {shlex.quote(str(view.folder))}"
