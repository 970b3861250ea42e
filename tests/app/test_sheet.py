"""Pages of text, and rows that write only what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.app.plot import Row
from srtui.app.sheet import code, fact, item, lay_out, text
from srtui.app.widgets.folder_input import complete
from srtui.app.widgets.rows import changed


def texts(rows: list[Row]) -> list[str]:
    return ["".join(part for part, _ in row) for row in rows]


def test_facts_stand_in_columns_and_hang_when_they_are_long() -> None:
    rows = texts(lay_out([fact("a", "one two three four"), fact("longer", "x")], 20))
    assert rows == ["a       one two", "        three four", "longer  x"]


def test_no_line_is_wider_than_the_page() -> None:
    long = "/a/path/without/any/space/that/is/longer/than/the/page"
    rows = lay_out([text(long), fact("path", long), item("-", long), code(f"  $ srtui prepare {long}")], 24)
    assert all(len(line) <= 24 for line in texts(rows))
    assert "".join(line.strip() for line in texts(rows)[:3]).startswith("/a/path")


def test_carets_below_code_stay_in_place() -> None:
    problem = "6 |   patchsize: 128\n  |   ^^^^^^^^^"
    assert texts(lay_out([code(problem)], 40)) == problem.splitlines()


@pytest.mark.parametrize(
    ("old", "new", "cells"),
    [
        ("12:00 loss 0.5", "12:00 loss 0.4", (13, 14)),
        ("same", "same", (0, 0)),
        ("", "word", (0, 4)),
        ("word", "", (0, 4)),
    ],
)
def test_only_cells_that_differ_are_written(old: str, new: str, cells: tuple[int, int]) -> None:
    assert changed(((old, ""),) if old else (), ((new, ""),) if new else (), 40) == cells


def test_another_colour_is_a_difference() -> None:
    assert changed((("ab", ""), ("c", "good")), (("ab", ""), ("c", "error")), 10) == (2, 3)


def test_wide_letters_repaint_their_row() -> None:
    assert changed((("日本", ""),), (("日木", ""),), 10) == (0, 10)


def test_a_folder_is_completed(tmp_path: Path) -> None:
    (tmp_path / "мои фото").mkdir()
    (tmp_path / "movies.txt").touch()
    assert complete(tmp_path, "мо") == "мои фото/"
    assert complete(tmp_path, "mov") is None
    assert complete(tmp_path, "nowhere/x") is None
    assert complete(tmp_path, "") is None
    assert complete(tmp_path, f"{tmp_path}/") == f"{tmp_path}/мои фото/"
