"""PSNR and SSIM: the literature's baselines come out, and plain definitions agree."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from srtui.engine.metrics import HIGHEST_PSNR, Figures, compare, luma, mean, psnr, ssim
from srtui.errors import UsageError

Picture = NDArray[np.uint8]


def noise(height: int, width: int, seed: int = 0) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("benchmark", "decibel", "likeness"), [("set5", 28.43, 0.8113), ("set14", 26.09, 0.7050)])
def test_bicubic_scores_as_in_the_literature(
    shared_data: Path, benchmark: str, decibel: float, likeness: float
) -> None:
    rows = []
    for path in sorted((shared_data / "benchmarks" / benchmark / "gt").glob("*.png")):
        with Image.open(path) as file:
            gt_hwc = np.asarray(file.convert("RGB"))
        height, width = gt_hwc.shape[:2]
        lq_hwc = imresize(gt_hwc, math.ceil(height / 4), math.ceil(width / 4))
        rows.append(compare(imresize(lq_hwc, height, width), gt_hwc, border=4))
    assert round(mean(rows).psnr_y, 2) == decibel
    assert round(mean(rows).ssim_y, 4) == likeness


def test_equal_pictures_get_the_highest_figures() -> None:
    picture = noise(20, 30)
    figures = compare(picture, picture, border=2)
    assert figures.psnr_y == figures.psnr_rgb == HIGHEST_PSNR
    assert figures.ssim_y == pytest.approx(1)
    assert figures.ssim_rgb == pytest.approx(1)


def test_one_level_everywhere_is_48_decibel() -> None:
    a = np.full((16, 16), 100.0)
    assert psnr(a, a + 1) == pytest.approx(48.1308, abs=1e-4)


def test_luma_has_studio_swing() -> None:
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert luma(colours)[0] == pytest.approx([16, 235, 81.481, 144.553, 40.966])


def test_the_border_does_not_count() -> None:
    gt, restored = noise(40, 40), noise(40, 40)
    restored[:4] ^= 255
    restored[:, -4:] ^= 255
    assert compare(restored, gt, border=4).psnr_rgb == HIGHEST_PSNR
    assert compare(restored, gt, border=3).psnr_rgb < 30


def test_ssim_is_its_plain_definition() -> None:
    rng = np.random.default_rng(3)
    a = rng.uniform(0, 255, (17, 23))
    b = np.clip(a + rng.normal(0, 20, a.shape), 0, 255)
    assert ssim(a, b) == pytest.approx(plain_ssim(a, b), abs=1e-12)


def test_channels_count_alike_in_rgb() -> None:
    gt = noise(24, 24)
    for channel in range(3):
        restored = gt.copy()
        restored[..., channel] //= 2
        a, b = restored[..., channel].astype(float), gt[..., channel].astype(float)
        figures = compare(restored, gt, border=0)
        assert figures.ssim_rgb == pytest.approx((2 + ssim(a, b)) / 3)
        assert figures.psnr_rgb == pytest.approx(psnr(a, b) + 10 * math.log10(3))


def test_pictures_of_two_sizes_are_refused_with_the_sizes() -> None:
    with pytest.raises(UsageError, match=r"20×30×3 and 20×32×3"):
        compare(noise(20, 30), noise(20, 32), border=0)


def test_a_picture_without_a_window_is_refused_with_its_size() -> None:
    compare(noise(19, 19), noise(19, 19), border=4)
    with pytest.raises(UsageError, match="30×18"):
        compare(noise(18, 30), noise(18, 30), border=4)


def test_a_mean_is_of_each_number() -> None:
    a = Figures(psnr_y=30, ssim_y=0.8, psnr_rgb=28, ssim_rgb=0.7)
    b = Figures(psnr_y=20, ssim_y=0.6, psnr_rgb=18, ssim_rgb=0.5)
    m = mean([a, b])
    assert (m.psnr_y, m.psnr_rgb) == (25, 23)
    assert (m.ssim_y, m.ssim_rgb) == pytest.approx((0.7, 0.6))


def plain_ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Wang et al. (2004), window by window."""
    offsets = np.arange(-5, 6)
    taps = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for y in range(a.shape[0] - 10):
        for x in range(a.shape[1] - 10):
            p, q = a[y : y + 11, x : x + 11], b[y : y + 11, x : x + 11]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
            cov = (window * (p - mp) * (q - mq)).sum()
            values.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
    return float(np.mean(values))


def imresize(picture_hwc: Picture, height: int, width: int) -> Picture:
    """MATLAB's imresize (bicubic, antialiased), rounded once, at the end, as BasicSR's twin of it does."""
    rows = resize_rows(picture_hwc.astype(np.float64), height)
    both = resize_rows(rows.transpose(1, 0, 2), width).transpose(1, 0, 2)
    return np.clip(np.floor(both + 0.5), 0, 255).astype(np.uint8)


def resize_rows(picture_hwc: NDArray[np.float64], height: int) -> NDArray[np.float64]:
    length = picture_hwc.shape[0]
    scale = height / length
    stretch = max(1.0, 1.0 / scale)
    centre = (np.arange(height) + 0.5) / scale - 0.5
    index = np.floor(centre - 2 * stretch).astype(int)[:, None] + np.arange(math.ceil(4 * stretch) + 2)
    weight = cubic((centre[:, None] - index) / stretch)
    weight /= weight.sum(1, keepdims=True)
    mirrored = index % (2 * length)
    mirrored = np.where(mirrored < length, mirrored, 2 * length - 1 - mirrored)
    return np.einsum("ot,otwc->owc", weight, picture_hwc[mirrored])


def cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic with a = -0.5."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
