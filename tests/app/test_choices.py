"""Lists to choose from: cut where they must be, never more than their part of the screen."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Button

from srtui.app.widgets.choices import Choices, Option
from srtui.app.widgets.key_line import fitted


def options(*names: str, columns: tuple[str, ...] = ()) -> list[Option]:
    return [Option(name=name, sign="( )", cells=(name, *columns)) for name in names]


class Listing(App[None]):
    """A list between two buttons."""

    def __init__(self, part: int = 0) -> None:
        super().__init__()
        self.list = Choices(id="list", part=part)
        self.heard: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield Button("before")
        yield self.list
        yield Button("after")

    def on_choices_looked(self, event: Choices.Looked) -> None:
        self.heard.append(("looked", event.name))

    def on_choices_taken(self, event: Choices.Taken) -> None:
        self.heard.append(("taken", event.name))


async def test_arrows_move_the_cursor_and_then_the_focus() -> None:
    app = Listing()
    async with app.run_test(size=(40, 12)) as pilot:
        app.list.offer(options("one", "two"), start="two")
        app.list.focus()
        await pilot.press("up", "enter")
        assert app.heard == [("looked", "one"), ("taken", "one")]
        await pilot.press("up")
        assert str(getattr(app.focused, "label", "")) == "before"
        app.list.focus()
        await pilot.press("down", "down")
        assert str(getattr(app.focused, "label", "")) == "after"


async def test_the_cursor_stays_where_it_is_when_the_list_changes() -> None:
    app = Listing()
    async with app.run_test(size=(40, 12)):
        app.list.offer(options("one", "two"), start="two")
        app.list.offer(options("zero", "one", "two"))
        assert app.list.current == "two"
        app.list.offer(options("zero"))
        assert app.list.current == "zero"
        app.list.offer([])
        assert app.list.current == ""


@pytest.mark.parametrize("columns", [("short", "a last column that is too long"), ("short",)])
async def test_a_long_name_gives_way_in_its_middle_and_the_last_column_as_a_whole(columns: tuple[str, ...]) -> None:
    app = Listing()
    async with app.run_test(size=(40, 12)) as pilot:
        app.list.offer(options("a name that is much longer than the screen, side B.avi", columns=columns))
        await pilot.pause()
        (row,) = app.list.text.splitlines()
        assert len(row) <= 40
        assert "…" in row
        assert "B.avi  short" in row
        assert "last" not in row


async def test_a_long_list_shows_what_is_around_the_cursor_and_counts_the_rest() -> None:
    app = Listing(part=3)
    async with app.run_test(size=(40, 15)) as pilot:
        app.list.offer(options(*map(str, range(20))))
        app.list.focus()
        await pilot.pause()
        assert app.list.text.split() == [
            "(",
            ")",
            "0",
            "(",
            ")",
            "1",
            "(",
            ")",
            "2",
            "(",
            ")",
            "3",
            "16",
            "more",
            "below",
        ]
        await pilot.press(*["down"] * 10)
        assert "8 more above, 8 more below" in app.list.text
        assert "( ) 10" in app.list.text
        await pilot.press(*["down"] * 9)
        assert app.list.current == "19"
        assert "16 more above" in app.list.text


def test_the_line_of_keys_keeps_its_end() -> None:
    entries = [
        (key, f" {words}  ", key) for key, words in (("a", "Alpha"), ("b", "Beta"), ("^q", "Quit"), ("?", "Help"))
    ]
    assert fitted(entries, 80) == entries
    assert [key for key, _, _ in fitted(entries, 26)] == ["a", "^q", "?"]
    assert [key for key, _, _ in fitted(entries, 5)] == ["^q", "?"]
