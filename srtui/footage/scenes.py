"""Cuts, repeats, and which pictures of a scene are sharp: from what was measured of every picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srtui.footage.table import Table

SPAN = 250
"""Pictures that are ranked together at most, 10 s of PAL: what is looked at changes within a long scene too."""
SMEARED = 1.8
"""Difference in `sharpness` from the best of the span beyond which a picture counts as smeared. Measured on 20
photographs through real DV: motion over 5 pixels costs 0.7 (nine of ten below 1.45), over 15 pixels 2.6 (nine of ten
above 2.05); of 36 scenes it names 92 % of what was blurred over 15 pixels or more, and 6 % of what was over 5 or less.
It compares pictures of the same thing; as an absolute level it would mean nothing."""

_STILL = 1.5  # mean change that no block exceeds if nothing happened; sensor noise of 1.5 levels gives 1.7 and more
_CUT = 6.0  # levels of the reduced picture; a quick pan gives up to 10, but for many pictures on end
_PEAK = 3.0  # how much larger a change must be than those around it
_AROUND = 6  # pictures before and after that a cut stands out from
_FLASH = 0.5  # across a flash the neighbours are alike: a real cut keeps at least this share of the change
_OUTSTANDING = 4.0  # how many times more torn blocks than in the pictures around it make a dropout
_LEAST = 6  # torn blocks that are guessed and forgiven
_SHORTEST = 4  # pictures of a scene; between two cuts that are closer, only the stronger counts

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What follows for each picture; arrays of one entry a picture."""

    scene: NDArray[np.int64]
    """From 1."""
    span: NDArray[np.int64]
    """From 1, over the whole tape; a scene is one span or several."""
    rank: NDArray[np.int64]
    """1 is the sharpest of its span; 0 if it is not ranked (empty, a repeat, damaged)."""
    ranked: NDArray[np.int64]
    """Pictures of its span that are ranked."""
    repeat: Flags
    """Shows the same as the one before."""
    damaged: Flags
    """Torn by a dropout, or incomplete."""
    empty: Flags
    """Shows nothing that could be sharp."""
    smeared: Flags
    """Has nothing to hold on to, compared with the best of its span."""

    @property
    def usable(self) -> Flags:
        """Ranked and not smeared."""
        return (self.rank > 0) & ~self.smeared


def judge_pictures(table: Table, *, guessed: bool) -> Judged:
    """
    Find cuts, number scenes and spans, and rank.

    Parameters
    ----------
    guessed
        Whether torn blocks were seen in the pictures, not told by the player. Then they count only in pictures that
        stand out: a cross-hair over moving ground looks torn in one picture after another.
    """
    repeat = table.strongest < _STILL
    least = _OUTSTANDING * _level_around(table.torn.astype(np.float64)) + _LEAST if guessed else 0
    damaged = (table.torn > least) | (table.corrupt > 0)
    empty = np.isnan(table.sharpness)
    scene = np.cumsum(cuts(table.change, table.across)) + 1
    span = _spans(scene)
    rank, ranked, smeared = _ranks(table.sharpness, span, ~(repeat | damaged | empty))
    return Judged(
        scene=scene,
        span=span,
        rank=rank,
        ranked=ranked,
        repeat=repeat,
        damaged=damaged,
        empty=empty,
        smeared=smeared,
    )


def cuts(change: NDArray[np.float64], across: NDArray[np.float64]) -> Flags:
    """Whether a new scene begins with each picture."""
    count = len(change)
    found = np.zeros(count, np.bool_)
    if count < 2:
        return found
    level = _level_around(change)
    beside = np.minimum(across, np.roll(across, 1))
    beside[0] = 0
    beside[-1] = np.roll(across, 1)[-1]  # the last picture has no neighbours on both sides
    suspects = np.flatnonzero((change > _CUT) & (change > _PEAK * level) & (beside > _FLASH * change))
    for index in suspects:
        near = slice(max(index - _SHORTEST + 1, 0), index + _SHORTEST)
        found[index] = change[index] == change[near].max() and not found[near].any()
    return found


def _level_around(change: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of the values before and after each picture, without its own."""
    if len(change) < 2:
        return np.zeros(len(change))
    padded = np.pad(change, _AROUND, mode="reflect" if len(change) > _AROUND else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1)
    return np.asarray(np.median(np.delete(windows, _AROUND, axis=1), axis=1))


def _spans(scene: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cut each scene into spans of about equal length, none longer than `SPAN`."""
    span = np.empty(len(scene), np.int64)
    number = 0
    for start, end in runs(scene):
        parts = -(-(end - start) // SPAN)
        span[start:end] = number + 1 + np.arange(end - start) * parts // (end - start)
        number += parts
    return span


def runs(values: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Begin and end (behind the last) of each run of equal values."""
    if not len(values):
        return []
    edges = np.flatnonzero(np.diff(values)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(values)], strict=True))


def _ranks(
    sharpness: NDArray[np.float64], span: NDArray[np.int64], fit: Flags
) -> tuple[NDArray[np.int64], NDArray[np.int64], Flags]:
    rank, ranked = np.zeros(len(span), np.int64), np.zeros(len(span), np.int64)
    smeared = np.zeros(len(span), np.bool_)
    for start, end in runs(span):
        indices = start + np.flatnonzero(fit[start:end])
        order = indices[np.lexsort((indices, -sharpness[indices]))]
        rank[order] = np.arange(1, len(order) + 1)
        ranked[start:end] = len(order)
        if len(order):
            # The twentieth part from the top: a single glitch that looks sharp condemns nobody.
            best = sharpness[order[len(order) // 20]]
            smeared[indices] = sharpness[indices] < best - SMEARED
    return rank, ranked, smeared
