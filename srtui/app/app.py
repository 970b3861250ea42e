"""The wizard's application: what is shared by its screens, and how it begins and ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from srtui.app import keys, terminal
from srtui.app.look import PLAIN, THEME, UNICODE, Glyphs
from srtui.app.machine import Look, look
from srtui.app.screens.help import HelpScreen
from srtui.app.screens.welcome import WelcomeScreen
from srtui.app.screens.wizard import WizardScreen
from srtui.hardware.gauges import Gauges, Meter
from srtui.jobs.folder import JobFolder


class SrtuiApp(App[None]):
    """The wizard. Only a view: closing it, however it happens, stops no job.

    Parameters
    ----------
    folder
        The project's folder, or one that could become it.
    glyphs
        Signs that the terminal can show.
    how_to_look
        How the machine is looked at; tests and pictures put a recorded one in.
    """

    CSS_PATH = "app.tcss"
    TITLE = "srtui"
    ENABLE_COMMAND_PALETTE = False  # its key is Ctrl+P, which terminals and shells use
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (64, "-normal"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-medium"), (32, "-high")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Quit", id="app.quit", priority=True, key_display="^q"),
        Binding("question_mark", "explain", "Help", id="app.help", key_display="?"),
    ]

    def __init__(self, folder: Path, *, glyphs: Glyphs = UNICODE, how_to_look: Look = look) -> None:
        # Without colours: the terminal's own, and only bold, dim and reverse (Textual's default is shades of grey).
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") is not None else None)
        self.animation_level = "none"
        self.folder = folder.resolve()
        self.glyphs = glyphs
        self.how_to_look = how_to_look
        self.meter = Meter()
        self.register_theme(THEME)
        self.theme = "srtui"

    def on_mount(self) -> None:
        """Open the project here, or ask for one."""
        self.set_keymap(keys.read_keymap())
        self.open_folder(self.folder)

    def open_folder(self, folder: Path, watch: JobFolder | None = None) -> None:
        """Show the project of a folder (and watch a job of it), or what can be done without one."""
        self.folder = folder
        while len(self.screen_stack) > 1:
            self.pop_screen()
        has_project = (folder / "project.yml").is_file()
        self.push_screen(WizardScreen(folder, watch) if has_project else WelcomeScreen(folder))

    def gauges(self) -> Gauges:
        """How busy the machine is; called by the one thread that follows a job."""
        return self.meter.read()

    def action_explain(self) -> None:
        """Explain the screen and its keys."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    async def action_leave(self) -> None:
        """End; a screen that shows something alive asks first."""
        ask = getattr(self.screen, "ask_to_leave", None)
        if ask is None or not ask():
            self.exit()

    def panic(self, *renderables: object) -> None:
        """End on an error; when the terminal is gone, that is no error and there is nothing to show."""
        if not self.is_headless and not terminal.terminal_is_there():
            os._exit(0)
        super().panic(*renderables)  # type: ignore[arg-type] # rich's renderables, passed on as they came


def run(folder: Path | None = None) -> None:
    """Open the wizard until the user leaves.

    Raises
    ------
    UsageError
        If the terminal's encoding cannot show it.
    """
    terminal.check_encoding(os.environ)
    app = SrtuiApp(folder or Path.cwd(), glyphs=PLAIN if terminal.plain_glyphs(os.environ) else UNICODE)
    guard = terminal.Guard(lambda: app.call_from_thread(app.exit))
    guard.watch()
    try:
        app.run()
    finally:
        guard.dismiss()
        app.meter.close()
