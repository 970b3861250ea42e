"""At 80×24 every word of every page can be read, and every button and field is whole, whatever the project holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.widgets import Button, Input

from srtui.app.app import SrtuiApp
from srtui.app.widgets.rows import Rows
from srtui.app.widgets.sheet_view import SheetView
from srtui.config.project import Folder, Footage, Project, Synthetic, SyntheticPictures, Video
from srtui.project.folder import OpenProject, save_project

PAGES = 30
"""More than any text here has."""
LONG = "очень длинное название папки с фотографиями, снятыми летом в горах"
TAPE = "отпуск 1998 у бабушки в деревне под Вологдой, кассета третья, сторона Б.avi"


def prepared(project: OpenProject, _recorded: ModuleType) -> OpenProject:
    return project


def crowded(project: OpenProject, recorded: ModuleType) -> OpenProject:
    """A dozen sources, of which one is gone; five tapes, scanned, stale, new and gone."""
    folder = project.folder
    names = [TAPE, "two.avi", "three.avi", "four.dv"]
    for name in names:
        (folder / "tapes" / name).write_bytes(b"a tape")
    for name in names[:2]:
        recorded.write_scan(project, folder / "tapes" / name)
    (folder / "tapes" / "two.avi").write_bytes(b"another tape")
    sources = [*(Folder(folder=f"photos/{LONG} {number}") for number in range(10)), Video(video="clean.mkv")]
    for source in sources[:10]:
        (folder / source.folder).mkdir()  # type: ignore[union-attr] # those are folders
    return save_project(
        folder,
        dataclasses.replace(
            project.settings,
            sources=(*sources, SyntheticPictures(synthetic=Synthetic())),
            footage=tuple(Footage(video=f"tapes/{name}") for name in (*names, "gone.mkv")),
        ),
    )


def empty(project: OpenProject, _recorded: ModuleType) -> OpenProject:
    return save_project(project.folder.parent / "пустой", Project())


def failed(project: OpenProject, recorded: ModuleType) -> OpenProject:
    """Every picture was refused; the error has a long path."""
    job = recorded.make_job(save_project(project.folder.parent / LONG, project.settings), "prepare")
    refused = [("rejected", {"name": f"снимок {number}.png", "reason": "soft: no fine detail"}) for number in range(12)]
    recorded.write_events(job, recorded.BEGUN, refused)
    error = f"error: {LONG}: nothing usable (12 of 12 refused)\n --> {project.folder / LONG}\n  = see rejected.csv"
    recorded.finish(job, "failed", 3, error)
    return OpenProject(project.folder.parent / LONG, project.settings)


STATES = [prepared, crowded, empty, failed]


def titled(app: SrtuiApp, title: str) -> bool:
    """Whether this page, and no other, is there."""
    return [rows.text.split("  ")[0] for rows in app.screen.query("#title").results(Rows)] == [title]


async def read_all(pilot: Any, text_of: Callable[[SrtuiApp], str]) -> str:
    """What can be read on the screen, by paging through its text."""
    app = pilot.app
    body = app.screen.query_one("#body", VerticalScroll)
    body.scroll_home(animate=False)
    await pilot.pause()
    seen = [text_of(app)]
    for _ in range(PAGES):
        if body.scroll_y >= body.max_scroll_y:
            break
        body.scroll_relative(y=max(body.size.height - 1, 1), animate=False, force=True)
        await pilot.pause()
        seen.append(text_of(app))
    else:
        pytest.fail(f"its end cannot be reached: {body.scroll_y} of {body.max_scroll_y}, {body.size}")
    return "\n".join(seen)


async def assert_nothing_cut(pilot: Any, text_of: Callable[[SrtuiApp], str], until: Any) -> None:
    app = pilot.app
    whole = app.screen.region
    buttons = list(app.screen.query(Button).results(Button))
    await until(pilot, lambda: all(whole.contains_region(each.region) for each in buttons), "a button out of sight")
    for widget in buttons:
        assert widget.size.width >= cell_len(str(widget.label)), f"{widget.label} is cut"
    for field in app.screen.query(Input).results(Input):
        assert whole.contains_region(field.region), f"{field.id} is out of sight"
    for rows in app.screen.query(Rows).results(Rows):
        for row in rows.text.splitlines() if rows.size.width and rows.display else ():
            assert cell_len(row.rstrip()) <= rows.size.width, f"cut in {rows!r}: {row}"
    seen = await read_all(pilot, text_of)
    for row in app.screen.query_one("#text", SheetView).text.splitlines():
        assert row.strip() in seen, f"cannot be read: {row}"


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_every_page_can_be_read_at_80_by_24(
    make_app: Callable[[Path], SrtuiApp],
    project: OpenProject,
    recorded: ModuleType,
    state: Callable[[OpenProject, ModuleType], OpenProject],
    see: Any,
    text_of: Callable[[SrtuiApp], str],
    wait_until: Any,
) -> None:
    app = make_app(state(project, recorded).folder)
    titles = ("Hardware", "Sources and footage", "Degradation", "Prepare", "Profile", "Train", "Restore")
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "RTX 3060" if state is empty else "   ")
        for number, title in enumerate(titles, start=1):
            await pilot.press(str(number))
            await wait_until(pilot, partial(titled, app, title), title)
            await assert_nothing_cut(pilot, text_of, wait_until)
        await pilot.press("t")
        await see(pilot, "Tapes  of ")
        await assert_nothing_cut(pilot, text_of, wait_until)


async def test_the_first_page_can_be_read_at_80_by_24(
    make_app: Callable[[Path], SrtuiApp],
    tmp_path: Path,
    see: Any,
    text_of: Callable[[SrtuiApp], str],
    wait_until: Any,
) -> None:
    folder = tmp_path / LONG / LONG
    folder.mkdir(parents=True)
    async with make_app(folder).run_test(size=(80, 24)) as pilot:
        await see(pilot, "There is no project in this folder yet.")
        await assert_nothing_cut(pilot, text_of, wait_until)


async def test_more_is_offered_only_while_there_is_more(
    make_app: Callable[[Path], SrtuiApp], project: OpenProject, recorded: ModuleType, see: Any, wait_until: Any
) -> None:
    app = make_app(crowded(project, recorded).folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await see(pilot, "PgDn More")
        body = app.screen.query_one("#body", VerticalScroll)
        for _ in range(PAGES):
            if body.scroll_y < body.max_scroll_y:
                await pilot.press("pagedown")
                await pilot.pause()
        assert body.scroll_y >= body.max_scroll_y
        await wait_until(pilot, lambda: "PgDn" not in app.screen.query_one("#keys", Rows).text, "the end of the text")
        await pilot.press("pageup")
        await see(pilot, "PgDn More")
