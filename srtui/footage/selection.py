"""Which pictures of a tape are taken: the sharpest of each scene first, then more of each, far from one another."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from srtui.footage.frame_list import Listed


def select(pictures: Sequence[Listed], count: int) -> list[Listed]:
    """
    Choose ``count`` pictures, or all that are usable if these are fewer; in the order of the tape.

    Notes
    -----
    A pure function of what the scan found. In each round every scene gives one picture, long scenes before short ones;
    each scene begins with its sharpest and then gives those that lie far from what it gave before.
    """
    usable = [picture for picture in pictures if picture.usable]
    scenes = [list(scene) for _, scene in groupby(usable, key=lambda picture: picture.scene)]
    scenes.sort(key=lambda scene: (-len(scene), scene[0].frame))
    offers = [_in_order_of_worth(scene) for scene in scenes]
    chosen = list(islice(_in_turn(offers), count))
    return sorted(chosen, key=lambda picture: picture.frame)


def _in_turn(offers: list[Iterator[Listed]]) -> Iterator[Listed]:
    while offers:
        given = [(offer, next(offer, None)) for offer in offers]
        yield from (picture for _, picture in given if picture is not None)
        offers = [offer for offer, picture in given if picture is not None]


def _in_order_of_worth(scene: Sequence[Listed]) -> Iterator[Listed]:
    """The sharpest first; then the sharpest that are half a scene away from all before, then a quarter, and so on."""
    left = sorted(scene, key=lambda picture: (-picture.sharpness, picture.frame))
    taken: list[int] = []
    gap = max((scene[-1].frame - scene[0].frame) // 2, 1)
    while left:
        passed = []
        for picture in left:
            if _is_far(picture.frame, taken, gap):
                insort(taken, picture.frame)
                yield picture
            else:
                passed.append(picture)
        left, gap = passed, gap // 2


def _is_far(frame: int, taken: list[int], gap: int) -> bool:
    at = bisect_left(taken, frame)
    return all(abs(other - frame) >= gap for other in taken[max(at - 1, 0) : at + 1])
