"""Step 2: clean pictures to learn from, and the tapes to restore."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input

from srtui.app.plot import short
from srtui.app.project_view import ProjectView
from srtui.app.sheet import Block, Sheet, fact, item, text
from srtui.app.widgets.folder_input import FolderInput
from srtui.app.widgets.page import CONTINUE, Action, Page, here


class SourcesPage(Page):
    """What the network learns from."""

    step = "sources"
    title = "Sources and footage"
    about = (
        "Clean pictures are what the network should learn to make. Your tapes are never learned from: the network is "
        "judged on them."
    )

    def facts(self) -> Sheet:
        """Sources, validation sources, footage."""
        if self.view.project is None:
            return ()
        settings, project = self.view.project.settings, self.view.project
        blocks = [*_listed("sources", settings.sources, self.view)]
        if not settings.sources:
            advice = "none yet: name a folder of pictures below, or let srtui make some"
            blocks = [fact("sources", advice, "warning")]
        if settings.validation_sources:
            blocks += _listed("validated on", settings.validation_sources, self.view)
        else:
            kept = settings.prepare.validation
            blocks.append(fact("validated on", f"{kept:.0%} of them" if kept < 1 else f"{kept:.0f} of them"))
        for number, each in enumerate(settings.footage):
            blocks.append(fact("footage" if number == 0 else "", str(project.path(each.video).name)))
        if not settings.footage:
            blocks.append(fact("footage", "none listed in project.yml", "quiet"))
        return (
            *blocks,
            text(),
            item("e", "edits project.yml, where pairs, LMDBs, videos and footage can be listed", "quiet", "accent"),
        )

    def actions(self) -> tuple[Action, ...]:
        """Go on, or have something to go on with."""
        project = self.view.project
        generated = Action(name="generate", label="Use generated pictures")
        return (CONTINUE,) if project and project.settings.sources else (generated,)

    def command(self) -> str:
        """The plain twin."""
        return f"srtui prepare FOLDER{here(self.view)}"

    def fields(self) -> ComposeResult:
        """A folder to add."""
        yield FolderInput(self.view.folder, placeholder="add a folder of clean pictures", id="folder")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Add the folder, or go on if there is nothing to add."""
        event.stop()
        if not event.value.strip():
            self.focus_primary()
            return
        path = (self.view.folder / Path(event.value.strip()).expanduser()).resolve()
        if path.is_dir():
            event.input.clear()
            self.post_message(self.Chosen(f"add:{path}"))
        else:
            self.say(f"{path} is no folder", "error")


def _listed(label: str, sources: tuple[object, ...], view: ProjectView) -> list[Block]:
    blocks = []
    for number, source in enumerate(sources):
        words, kind = _described(source, view)
        blocks.append(fact(label if number == 0 else "", words, kind))
    return blocks


def _described(source: object, view: ProjectView) -> tuple[str, str]:
    """One source in words; an error colour where its folder is missing."""
    assert view.project is not None
    named = {name: getattr(source, name, None) for name in ("folder", "pairs", "synthetic", "lmdb", "video")}
    synthetic, pairs = named.pop("synthetic"), named.pop("pairs")
    if synthetic is not None:
        return f"{short(synthetic.pictures)} generated, {synthetic.width}×{synthetic.height}, seed {synthetic.seed}", ""
    texts = [pairs.gt, pairs.lq] if pairs else [text for text in named.values() if text is not None]
    missing = [each for each in texts if not view.project.path(each).exists()]
    words = " with ".join(texts) + (", taken as it is" if getattr(source, "insist", False) else "")
    return (f"{words}: not there", "error") if missing else (words, "")
