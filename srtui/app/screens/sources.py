"""Step 2: clean pictures to learn from, and the tapes to restore."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult

from srtui.app.plot import short
from srtui.app.project_view import ProjectView, source_folders
from srtui.app.sheet import Block, Sheet, fact, item, text
from srtui.app.widgets.page import CONTINUE, EDIT, Action, ProjectPage, here
from srtui.app.widgets.path_field import PathField
from srtui.project.tapes import SUFFIXES

if TYPE_CHECKING:
    from srtui.app.project_facts import Facts
    from srtui.config.project import Source
    from srtui.project.folder import OpenProject
    from srtui.project.footage import Tape


class SourcesPage(ProjectPage):
    """What the network learns from."""

    step = "sources"
    title = "Sources and footage"
    about = (
        "Clean pictures are what the network should learn to make. Your tapes are never learned from: the network is "
        "judged on them."
    )
    words = (
        ("source", "a folder of clean pictures, a clean progressive video, or an LMDB of BasicSR; e lists pairs too"),
        ("validated on", "pictures that are kept apart: the network never learns from them, and is judged by them"),
        ("tape", "a video that you want to restore (footage); t shows what each is like"),
        ("taken as it is", "insist: true: interlaced, blocky, soft and flat pictures are not refused"),
    )

    def told(self, project: OpenProject, facts: Facts) -> Sheet:
        """Sources, validation sources, footage."""
        settings = project.settings
        missing = [path for path in source_folders(project) if not path.exists()]
        gone = [item(self.glyphs.blocked, f"{path} is not there", "error") for path in missing]
        if gone:
            gone += [text("Mount the disk that it is on, or mend project.yml (e).", "quiet"), text()]
        blocks = [*_listed("sources", settings.sources, self.view)]
        if not settings.sources:
            advice = "none yet: name a folder of pictures below, or let srtui make some"
            blocks = [fact("sources", advice, "warning")]
        if settings.validation_sources:
            blocks += _listed("validated on", settings.validation_sources, self.view)
        else:
            kept = settings.prepare.validation
            blocks.append(fact("validated on", f"{kept:.0%} of them" if kept < 1 else f"{kept:.0f} of them"))
        return (*gone, *blocks, text(), *_tapes(facts.tapes), text(), _HOW)

    def actions(self) -> tuple[Action, ...]:
        """Go on, or have something to go on with."""
        project = self.view.project
        generated = Action(name="generate", label="Use generated pictures")
        first = CONTINUE if project and project.settings.sources else generated
        if self.view.step("sources").mark == "blocked":
            first = EDIT
        return (first, Action(name="tapes", label="Tapes"))

    def command(self) -> str:
        """The plain twin."""
        return f"srtui prepare FOLDER{here(self.view)}"

    def fields(self) -> ComposeResult:
        """Something to add."""
        yield PathField(
            self.view.folder, "add", placeholder="a folder of clean pictures", id="source", suffixes=SUFFIXES
        )

    @on(PathField.Entered)
    def _entered(self, event: PathField.Entered) -> None:
        """Add it, or go on if there is nothing to add."""
        event.stop()
        if event.text:
            self.post_message(self.Chosen(f"add:{event.field.path}", field=event.field))
        else:
            self.focus_primary()


_HOW = item("e", "edits project.yml: pairs, and what to take out again", "quiet", "accent")


def _tapes(tapes: tuple[Tape, ...]) -> Iterator[Block]:
    """How many tapes there are, and what is missing about them."""
    if not tapes:
        yield fact("tapes", "none yet: t adds and scans them", "quiet")
        return
    counts = Counter[str](tape.state for tape in tapes)
    words = {"scanned": "scanned", "new": "not scanned", "stale": "changed since their scan", "missing": "not there"}
    yield fact("tapes", ", ".join(f"{counts[state]} {word}" for state, word in words.items() if counts[state]))
    for tape in tapes:
        if tape.state == "missing":
            yield fact("", f"{tape.written}: not there", "error")


def _listed(label: str, sources: tuple[Source, ...], view: ProjectView) -> list[Block]:
    blocks = []
    for number, source in enumerate(sources):
        words, kind = _described(source, view)
        blocks.append(fact(label if number == 0 else "", words, kind))
    return blocks


def _described(source: Source, view: ProjectView) -> tuple[str, str]:
    """One source in words; an error colour where its folder is missing."""
    from srtui.project.sources import paths_of

    assert view.project is not None
    if (synthetic := getattr(source, "synthetic", None)) is not None:
        return f"{short(synthetic.pictures)} generated, {synthetic.width}×{synthetic.height}, seed {synthetic.seed}", ""
    texts = paths_of(source)
    missing = [each for each in texts if not view.project.path(each).exists()]
    words = " with ".join(texts) + (", taken as it is" if getattr(source, "insist", False) else "")
    return (f"{words}: not there", "error") if missing else (words, "")
