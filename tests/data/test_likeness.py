"""Copies of a picture are found among many, others are not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from srtui.data import likeness
from srtui.data.entries import checksum, encode
from srtui.data.likeness import MOST_WAVES, LikenessIndex, Record, Signature
from tests.data.pictures_cases import smooth
from tests.data.test_material import saved, scenery

Picture = NDArray[np.uint8]

COPIES: dict[str, Callable[[Picture], Picture]] = {
    "equal": lambda picture: picture.copy(),
    "saved as JPEG": lambda picture: saved(picture, 30),
    "half the size": lambda picture: np.asarray(
        cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    ),
    "lighter": lambda picture: np.clip(picture * 1.1, 0, 255).astype(np.uint8),
    "noisy": lambda picture: np.clip(picture + np.random.default_rng(9).normal(0, 5, picture.shape), 0, 255).astype(
        np.uint8
    ),
    "grey": lambda picture: np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
}


def signature_of(*parts: Picture) -> Signature:
    return likeness.signature_of(parts[0], *(checksum(encode(part)) for part in parts))


def record(signature: Signature, place: int) -> Record:
    return signature.waves, signature.edges, signature.sum, place


def index_of(*pictures: Picture) -> LikenessIndex:
    index = LikenessIndex(len(pictures) + 1)
    for place, picture in enumerate(pictures):
        index.add(record(signature_of(picture), place))
    return index


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_alike_and_only_an_equal_one_has_the_same_sum(name: str) -> None:
    pictures = [smooth(160, 224, seed=seed) for seed in range(12)]
    copy = signature_of(COPIES[name](pictures[7]))
    (found,) = index_of(*pictures).alike(copy)
    assert found["place"] == 7
    assert (found["sum"] == copy.sum) == (name == "equal")


def test_different_pictures_are_not_alike() -> None:
    index = index_of(*(smooth(160, 224, seed=seed) for seed in range(200)))
    for seed in range(200, 260):
        assert not len(index.alike(signature_of(smooth(160, 224, seed=seed))))
    assert not len(index_of().alike(signature_of(scenery())))


def test_alike_ones_come_in_the_order_in_which_they_were_added() -> None:
    picture = smooth(160, 224)
    index = index_of(picture, smooth(160, 224, seed=5), saved(picture, 40), picture)
    assert index.alike(signature_of(picture))["place"].tolist() == [0, 2, 3]


def test_the_index_finds_what_comparing_with_everything_finds() -> None:
    draw = np.random.default_rng(4)
    base = draw.integers(0, 2**63, 3000, dtype=np.uint64).tolist()
    index = LikenessIndex(len(base))
    for place, waves in enumerate(base):
        index.add((waves, 0, 0, place))
    for _ in range(300):
        place = int(draw.integers(len(base)))
        flips = draw.choice(63, int(draw.integers(0, MOST_WAVES)), replace=False)  # up to 5: all are surely found
        waves = base[place] ^ sum(1 << int(bit) for bit in flips)
        expected = [other for other, known in enumerate(base) if (known ^ waves).bit_count() <= MOST_WAVES]
        assert index.alike(Signature(waves=waves, edges=0, sum=0))["place"].tolist() == expected


def test_both_parts_of_a_pair_count_for_its_sum() -> None:
    gt, lq = smooth(64, 96), smooth(32, 48)
    assert signature_of(gt, lq).sum != signature_of(gt).sum
    assert signature_of(gt, lq) == signature_of(gt.copy(), lq.copy())


def test_the_smallest_pictures_that_are_taken_are_told_apart() -> None:
    tiny = [scenery()[:16, 16 * number : 16 * number + 24] for number in range(4)]
    assert [signature_of(each) == signature_of(tiny[2]) for each in tiny] == [False, False, True, False]


def test_a_view_has_the_signature_of_its_copy() -> None:
    whole = scenery()
    assert signature_of(whole[8:264, 16:272]) == signature_of(whole[8:264, 16:272].copy())
