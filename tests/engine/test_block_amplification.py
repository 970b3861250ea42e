"""Block edges are found where there are blocks, by their height, and nowhere else."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from srtui.engine.block_amplification import (
    AMPLIFIED,
    VISIBLE,
    amplification,
    height_of,
    is_amplified,
    lattice_energy,
)
from srtui.engine.scores import enlarge_bicubic

SIDE = 256


def scene(seed: int = 0, side: int = SIDE) -> np.ndarray:
    """Smooth hills and a few hard-edged objects, (side, side, 3); nothing has a period."""
    rng = np.random.default_rng(seed)
    hills = cv2.resize(rng.normal(0, 30, (9, 9, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
    picture = 128 + hills
    for _ in range(12):
        y, x, tall, wide = rng.integers((0, 0, 9, 9), (side, side, 50, 50))
        picture[y : y + tall, x : x + wide] += rng.uniform(-60, 60, 3)
    return np.clip(picture + rng.normal(0, 1, picture.shape), 0, 255).astype(np.uint8)


def checkered(picture_hwc: np.ndarray, block: int, height: float) -> np.ndarray:
    """Add to every other block, so that all edges of blocks are steps of ``height`` levels in Y alone."""
    y, x = np.indices(picture_hwc.shape[:2]) // block
    return np.clip(picture_hwc + (((x + y) % 2 - 0.5) * height)[..., None], 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_steps_of_known_height_are_found_at_every_scale(scale: int) -> None:
    gt_hwc = scene(side=SIDE * scale)
    energy = lattice_energy(checkered(gt_hwc, 8 * scale, 6), gt_hwc, scale)
    assert energy is not None
    assert height_of(energy.of_8) == pytest.approx(6, rel=0.2)


def halved(gt_hwc: np.ndarray) -> np.ndarray:
    size = (gt_hwc.shape[1] // 2, gt_hwc.shape[0] // 2)
    return np.asarray(Image.fromarray(gt_hwc).resize(size, Image.Resampling.BICUBIC))


def test_without_blocks_there_is_next_to_nothing() -> None:
    """Blurred, sharpened and noisy pictures differ from gt everywhere, but not by a lattice."""
    gt_hwc = scene(side=512)
    bicubic_hwc = enlarge_bicubic(halved(gt_hwc), 2)
    sharp_hwc = cv2.addWeighted(bicubic_hwc, 2, cv2.GaussianBlur(bicubic_hwc, (0, 0), 2), -1, 0)
    noisy_hwc = np.clip(gt_hwc + np.random.default_rng(0).normal(0, 6, gt_hwc.shape), 0, 255).astype(np.uint8)
    for restored_hwc in (bicubic_hwc, sharp_hwc, noisy_hwc):
        energy = lattice_energy(restored_hwc, gt_hwc, 2)
        assert energy is not None
        assert abs(energy.of_8) < VISIBLE**2
        assert abs(energy.of_16) < VISIBLE**2


def test_the_larger_lattice_is_told_from_the_smaller() -> None:
    gt_hwc = scene()
    energy = lattice_energy(checkered(gt_hwc, 32, 8), gt_hwc, 2)
    assert energy is not None
    assert height_of(energy.of_16) == pytest.approx(8, rel=0.15)
    assert energy.of_8 == pytest.approx(energy.of_16 / 2, rel=0.25), "every second line of the lattice of 8"


def test_a_lattice_that_begins_elsewhere_is_found_there() -> None:
    gt_hwc = scene()
    shifted = np.roll(checkered(gt_hwc, 16, 6), (3 * 2, 5 * 2), (0, 1))
    there = lattice_energy(shifted, np.roll(gt_hwc, (6, 10), (0, 1)), 2, corner=(3, 5))
    elsewhere = lattice_energy(shifted, np.roll(gt_hwc, (6, 10), (0, 1)), 2)
    assert there is not None
    assert elsewhere is not None
    assert height_of(there.of_8) == pytest.approx(6, rel=0.15)
    assert elsewhere.of_8 < 1


def test_objects_on_the_lattice_are_not_taken_for_blocks() -> None:
    """Contours of the picture itself that lie on the lattice: a network that restores them amplifies nothing."""
    gt_hwc = checkered(scene(), 16, 40)
    lq_hwc = halved(gt_hwc)
    bicubic = lattice_energy(enlarge_bicubic(lq_hwc, 2), gt_hwc, 2)
    assert bicubic is not None
    assert lattice_energy(gt_hwc, gt_hwc, 2) == (0, 0)
    assert not is_amplified(0.0, bicubic.of_8)


def coded(lq_hwc: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(lq_hwc).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def test_jpeg_shows_and_stronger_jpeg_shows_more() -> None:
    gt_hwc = scene(side=384)
    lq_hwc = halved(gt_hwc)
    heights = []
    for quality in (90, 50, 15):
        energy = lattice_energy(enlarge_bicubic(coded(lq_hwc, quality), 2), gt_hwc, 2)
        assert energy is not None
        heights.append(height_of(energy.of_8) or 0.0)
    assert heights == sorted(heights)
    assert heights[2] > 3 * max(heights[0], 0.5)


@pytest.mark.parametrize(("what", "low", "high"), [("kept", 1.2, 1.45), ("doubled", 1.7, 3.0), ("halved", 0.4, 0.7)])
def test_what_a_network_does_to_blocks_is_told(what: str, low: float, high: float) -> None:
    gt_hwc = scene(side=384)
    lq_hwc = checkered(halved(gt_hwc), 8, 8)
    bicubic = lattice_energy(enlarge_bicubic(lq_hwc, 2), gt_hwc, 2)
    restored_hwc = {
        "kept": lq_hwc.repeat(2, 0).repeat(2, 1),
        "doubled": checkered(gt_hwc, 16, 14),
        "halved": checkered(gt_hwc, 16, 3),
    }[what]
    network = lattice_energy(restored_hwc, gt_hwc, 2)
    assert bicubic is not None
    assert network is not None
    times = amplification(network.of_8, bicubic.of_8)
    assert times is not None
    assert low < times < high
    assert is_amplified(network.of_8, bicubic.of_8) == (what == "doubled")


def test_the_ratio_of_two_nothings_is_one() -> None:
    assert amplification(0.0, 0.0) == 1
    assert amplification(-0.5, -3.0) == 1
    assert amplification(None, 4.0) is None
    assert not is_amplified(1.0, -2.0), "one level is not seen, however little bicubic has"
    assert not is_amplified(None, None)
    assert is_amplified((2 * AMPLIFIED) ** 2 * 10, 10.0)


@pytest.mark.parametrize("value", [0, 255])
def test_flat_pictures_have_no_energy_at_all(value: int) -> None:
    flat_hwc = np.full((128, 128, 3), value, np.uint8)
    assert lattice_energy(flat_hwc, flat_hwc, 2) == (0.0, 0.0)


def test_what_is_too_small_is_not_measured() -> None:
    small_hwc = np.zeros((6, 400, 3), np.uint8)
    assert lattice_energy(small_hwc, small_hwc, 2) is None
    narrow_hwc = np.zeros((24, 24, 3), np.uint8)
    assert lattice_energy(narrow_hwc, narrow_hwc, 2) is None


def test_one_wide_row_of_blocks_is_measured_along_itself() -> None:
    gt_hwc = scene()[:16]
    energy = lattice_energy(checkered(gt_hwc, 16, 6), gt_hwc, 2)
    assert energy is not None
    assert height_of(energy.of_8) == pytest.approx(6, rel=0.3)
