"""Tiles are cut where BasicSR cuts them: its rule, told once more in another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srtui.data.windows import Tiling, count_windows, starts, windows


def told_again(length: int, size: int, step: int, threshold: int) -> list[int]:
    """Walk along the side as long as a window fits; then see how much of it nobody has covered."""
    found, position = [], 0
    while position + size <= length:
        found.append(position)
        position += step
    if not found:
        return []
    uncovered = length - (found[-1] + size)
    return [*found, length - size] if uncovered > threshold else found


@given(st.integers(1, 3000), st.integers(1, 600), st.integers(1, 400), st.integers(0, 100))
def test_windows_begin_where_the_rule_says(length: int, size: int, step: int, threshold: int) -> None:
    assert starts(length, Tiling(size=size, step=step, threshold=threshold)) == told_again(
        length, size, step, threshold
    )


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (479, []),  # smaller than a tile
        (480, [0]),
        (528, [0]),  # 48 pixels are lost: not more than the threshold
        (529, [0, 49]),  # 49 are not
        (720, [0, 240]),
        (1356, [0, 240, 480, 720, 876]),  # a side of DIV2K's 0001
        (2040, [0, 240, 480, 720, 960, 1200, 1440, 1560]),
    ],
)
def test_sides_at_the_edges_of_the_rule(length: int, expected: list[int]) -> None:
    assert starts(length, Tiling(size=480, step=240, threshold=48)) == expected


@given(st.integers(120, 600), st.integers(120, 600), st.sampled_from([2, 3, 4]))
def test_tiles_of_lq_are_those_of_the_rule_with_all_numbers_divided(height: int, width: int, scale: int) -> None:
    gt = Tiling(size=40 * scale, step=20 * scale, threshold=4 * scale)
    lq = Tiling(size=40, step=20, threshold=4)
    divided = [(top // scale, left // scale) for top, left in windows(width * scale, height * scale, gt)]
    assert divided == list(windows(width, height, lq))


def test_rows_come_first_and_the_count_agrees() -> None:
    tiling = Tiling(size=480, step=240, threshold=48)
    found = list(windows(720, 960, tiling))
    assert found == [(0, 0), (0, 240), (240, 0), (240, 240), (480, 0), (480, 240)]
    assert count_windows(720, 960, tiling) == 6
