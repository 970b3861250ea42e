"""
The two passes of resizing: weighted sums of pixels along each row, rounded to bytes, then down each column.

Rows go through in strips of as many rows as a vector has 32-bit lanes, into a ring that stays in the cache and feeds
the pass down. Each pass has two ways: one for any ratio, and one for every second or fourth pixel. Windows at the
borders differ and take the first way.
"""

from __future__ import annotations

import numpy as np

from srtui_kernels._any_ratio import ROWS, Windows, down, sum_columns, turn, turn_back
from srtui_kernels._borders import aligned
from srtui_kernels._by_fours import PIXELS, Steps, down_by_fours, row_by_fours
from srtui_kernels._checks import Bytes
from srtui_kernels._jit import kernel
from srtui_kernels._vectors import BYTES

_SLACK = 2 * BYTES  # room beyond a row for the last vector


def resample_rows(
    src: Bytes, out: Bytes, channels: int, across: tuple[Windows, Steps], down: tuple[Windows, Steps]
) -> None:
    """Resize read-only flat rows ``src`` (H, W * channels) to ``out`` (height, width * channels)."""
    edge = np.empty(ROWS * (src.shape[1] + _SLACK), np.uint8)
    edge_read = edge.view()
    edge_read.flags.writeable = False
    _resample(src, out, channels, *across, *down, edge, edge_read)


@kernel
def _resample(
    src: Bytes,
    out: Bytes,
    channels: int,
    windows_x: Windows,
    steps_x: Steps,
    windows_y: Windows,
    steps_y: Steps,
    edge: Bytes,
    edge_read: Bytes,
) -> None:
    """
    Resize flat rows ``src`` (H, W * channels) to ``out``.

    ``edge`` is room for the last strip, ``edge_read`` the same memory as a read-only array: of ``src``'s type, so that
    what reads it is compiled once.
    """
    height, width, columns = src.shape[0], src.shape[1], out.shape[1]
    pitch = (columns + _SLACK + 63) // 64 * 64
    ring = 4 * ROWS
    while ring < windows_y.weight.shape[1] + 2 * ROWS:
        ring *= 2
    rows = aligned(ring * pitch)  # what the pass across gives, row y at y % ring
    fours = aligned((2 * steps_y.digits.shape[1] + 2) * 4 * pitch if steps_y.end else 64)
    last, places = aligned(pitch), np.empty(steps_y.digits.shape[1], np.int64)
    turned, summed = aligned((width + 32) * ROWS), aligned((columns + 32) * ROWS)
    flat = src.reshape(-1)
    done, interleaved = 0, 0
    for top in range(0, height, ROWS):
        base = (top & (ring - 1)) * pitch
        strip, start, stride = flat, top * width, width
        if top + ROWS >= height or (top + ROWS) * width + 2 * _SLACK > flat.size:
            _copy_rows(src, top, edge)
            strip, start, stride = edge_read, 0, width + _SLACK
        _across(strip, start, stride, width, channels, windows_x, steps_x, turned, summed, rows, base, pitch, columns)
        ready = min(top + ROWS, height)
        while done < out.shape[0]:
            by_fours = steps_y.begin <= done < steps_y.end
            needed = 4 * steps_y.digits.shape[1] if by_fours else windows_y.length[done]
            if windows_y.first[done] + needed > ready and ready < height:
                break
            whole = (done + 1) * columns + BYTES <= out.size  # the last vector may spill into rows that come later
            row = out.reshape(-1)[done * columns : (done + 1) * columns] if whole else last[:columns]
            if by_fours:
                interleaved = down_by_fours(rows, ring, pitch, fours, interleaved, done, steps_y, row, places)
            else:
                weights = windows_y.weight[done, : windows_y.length[done]]
                down(rows, ring, pitch, windows_y.first[done], weights, row)
            if not whole:
                for x in range(columns):
                    out[done, x] = last[x]
            done += 1


@kernel
def _copy_rows(src: Bytes, top: int, edge: Bytes) -> None:
    """Copy the last strip to where reading beyond it does no harm (what is read there is not used)."""
    pitch = src.shape[1] + _SLACK
    for y in range(ROWS):
        row = src[min(top + y, src.shape[0] - 1)]
        copy = edge[y * pitch : y * pitch + row.size]
        for x in range(row.size):
            copy[x] = row[x]


@kernel
def _across(
    flat: Bytes,
    start: int,
    stride: int,
    width: int,
    channels: int,
    windows: Windows,
    steps: Steps,
    turned: Bytes,
    summed: Bytes,
    rows: Bytes,
    base: int,
    pitch: int,
    columns: int,
) -> None:
    """Resize a strip's rows."""
    outputs = windows.first.size
    count = steps.end - steps.begin
    if channels != 3 or count < 4 * PIXELS:
        turn(flat, start, stride, 0, width, turned)
        sum_columns(turned, 0, channels, windows, 0, outputs, summed)
        turn_back(summed, columns, rows, base, pitch)
        return
    for y in range(ROWS):
        at = start + y * stride + 3 * steps.first
        row_by_fours(flat, at, steps, count, rows, base + y * pitch + 3 * steps.begin)
    _few_columns(flat, start, stride, windows, 0, steps.begin, turned, summed, rows, base, pitch)
    _few_columns(flat, start, stride, windows, steps.end, outputs, turned, summed, rows, base, pitch)


@kernel
def _few_columns(
    flat: Bytes,
    start: int,
    stride: int,
    windows: Windows,
    begin: int,
    end: int,
    turned: Bytes,
    summed: Bytes,
    rows: Bytes,
    base: int,
    pitch: int,
) -> None:
    """Make the outputs from ``begin`` to ``end``, near a border, of a strip."""
    if begin == end:
        return
    left = 3 * windows.first[begin]
    right = 3 * (windows.first[end - 1] + windows.length[end - 1])
    turn(flat, start, stride, left, right, turned)
    sum_columns(turned, left, 3, windows, begin, end, summed)
    for column in range(3 * (end - begin)):
        to = base + 3 * begin + column
        for y in range(ROWS):
            rows[to + y * pitch] = summed[column * ROWS + y]
