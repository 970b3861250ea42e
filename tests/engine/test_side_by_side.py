"""The sheet that shows a network: four pictures at the same place, where bicubic loses most."""

from __future__ import annotations

import numpy as np
import pytest

from srtui.engine import side_by_side as sheets
from srtui.engine.metrics import Figures
from srtui.engine.paper import BETTER, WORSE
from srtui.engine.scores import Score, Seen, enlarge_bicubic
from srtui.engine.side_by_side import side_by_side

FLAT = Figures(psnr_y=30.0, ssim_y=0.9, psnr_rgb=29.0, ssim_rgb=0.8)
GAP, MARGIN = sheets._GAP, sheets._MARGIN
TOP = sheets._HEAD + sheets._CAPTION


def seen(gt_hwc: np.ndarray, scale: int, gain: float = 1.0, scenario: str = "размытие") -> Seen:
    lq_hwc = np.ascontiguousarray(gt_hwc[::scale, ::scale])
    network = Figures(psnr_y=30.0 + gain, ssim_y=0.9, psnr_rgb=29.0, ssim_rgb=0.8)
    return Seen(
        name="0001",
        scenario=scenario,
        score=Score(name="0001", pictures=1, bicubic=FLAT, network=network),
        lq_hwc=lq_hwc,
        bicubic_hwc=enlarge_bicubic(lq_hwc, scale),
        network_hwc=255 - gt_hwc,
        gt_hwc=gt_hwc,
    )


def panel(sheet: np.ndarray, column: int, row: int, width: int, height: int) -> np.ndarray:
    left = MARGIN + column * (max(width, sheets._NARROWEST) + GAP)
    top = TOP + row * (height + GAP)
    return sheet[top : top + height, left : left + width]


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_picture_that_fits_is_shown_whole(scale: int) -> None:
    gt_hwc = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    each = seen(gt_hwc, scale)
    sheet = side_by_side(each)
    lq_hwc = each.lq_hwc.repeat(scale, 0).repeat(scale, 1)
    for column, expected in enumerate((lq_hwc, each.bicubic_hwc, each.network_hwc, gt_hwc)):
        assert np.array_equal(panel(sheet, column, 0, 320, 240), expected)


def test_a_tiny_picture_is_enlarged() -> None:
    gt_hwc = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    sheet = side_by_side(seen(gt_hwc, 2))
    assert np.array_equal(panel(sheet, 3, 0, 352, 352), gt_hwc.repeat(11, 0).repeat(11, 1))


def test_of_a_large_picture_the_places_where_bicubic_loses_most_are_shown() -> None:
    gt_hwc = np.full((640, 800, 3), 128, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (144, 192, 3), dtype=np.uint8)
    gt_hwc[100:244, 500:692] = noise
    gt_hwc[400:544, 40:232] = noise // 2
    sheet = side_by_side(seen(gt_hwc, 4))
    assert np.array_equal(panel(sheet, 3, 0, 384, 288), noise.repeat(2, 0).repeat(2, 1))
    assert np.array_equal(panel(sheet, 3, 1, 384, 288), (noise // 2).repeat(2, 0).repeat(2, 1))
    assert np.array_equal(panel(sheet, 2, 0, 384, 288), 255 - noise.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("size", [(16, 2000), (2000, 16), (600, 200), (361, 481)])
@pytest.mark.parametrize("scale", [1, 3, 4])
def test_odd_shapes_are_drawn(size: tuple[int, int], scale: int) -> None:
    height, width = (side // 12 * 12 for side in size)
    sheet = side_by_side(seen(np.zeros((max(height, 12), max(width, 12), 3), np.uint8), scale))
    assert sheet.dtype == np.uint8
    assert max(sheet.shape) < 4000


def test_a_loss_looks_other_than_a_gain() -> None:
    gt_hwc = np.zeros((120, 160, 3), np.uint8)
    captions = [side_by_side(seen(gt_hwc, 2, gain))[:TOP].reshape(-1, 3) for gain in (0.5, -0.5)]
    colours = [{tuple(pixel) for pixel in caption.tolist()} for caption in captions]
    assert BETTER in colours[0] - colours[1]
    assert WORSE in colours[1] - colours[0]
