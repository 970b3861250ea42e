"""Whether a picture is clean material: not flat, not soft, without the combs of two fields or the blocks of JPEG.

Each threshold stands between what 44 real photographs give (20 of CLIC 2025 at 2048 pixels, the 24 of Kodak) and what
the same photographs give after the damage; tests/data/test_material.py measures it again.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from srtui.config.checks import Checks
from srtui.data.rejection import PictureRejected

Grey = NDArray[np.uint8]

WINDOW = 2048
"""Side of the middle part that is looked at: enough of any picture, and 3 ms at most."""

TEXTURED = 0.01
"""Share of 8×8 blocks that must vary; the photographs have 0.13 and more."""
VARIES = 4.0
"""Standard deviation in levels from which a block has texture rather than noise."""

BLOCKY = 10.0
"""Ratio of steps on a grid: photographs up to 7.3 (an old JPEG; the others 1.1), saved at IJG 20 to 40 from 11."""
STEP = 3
"""Levels of a step that can be seen in a quiet place."""
QUIET = 1
"""Levels by which pixels beside it may differ."""

COMBED = 0.005
"""Share of pixels in combs: photographs up to 0.002 (a baboon's fur 0.0048), fields 2 pixels apart from 0.009."""
TOOTH = 6
"""Levels by which each row of a comb differs from those above and below."""
TEETH = 6
"""Rows in turn that make a comb; woven cloth and blinds seldom have so many."""

SOFT = 0.003
"""Power of the finest detail against that of coarser: photographs from 0.03, blurred with σ = 1 up to 0.0022.

Ten times below photographs that were scaled down: those straight from a camera are softer, pixel by pixel."""
SEGMENT = 128
"""Pixels of a row that are analysed at once."""
_ROWS = 64
_TAPER = np.hanning(SEGMENT + 2)[1:-1].astype(np.float32)
_ROUNDING = float((_TAPER**2).sum() / 12)
"""Power of rounding to whole levels."""


def check_material(gt_hwc: NDArray[np.uint8], checks: Checks) -> None:
    """Look at a clean picture (uint8 RGB, (H, W, 3)).

    Raises
    ------
    PictureRejected
        If it is not clean material; the text says why, with the measured value.
    """
    grey = np.asarray(cv2.cvtColor(middle(gt_hwc), cv2.COLOR_RGB2GRAY), np.uint8)
    asked: tuple[tuple[bool, Callable[[Grey], str]], ...] = (
        (checks.flat, _flat),
        (checks.interlaced, _interlaced),
        (checks.jpeg_worn, _worn),
        (checks.soft, _soft),
    )
    for wanted, look in asked:
        if wanted and (reason := look(grey)):
            raise PictureRejected(f"{reason}; insist: true on its source takes it")


def _flat(grey: Grey) -> str:
    share = textured(grey)
    return f"flat: {share:.1%} of it has texture, at least {TEXTURED:.0%} is needed" if share < TEXTURED else ""


def _interlaced(grey: Grey) -> str:
    share = combed(grey)
    return f"interlaced: {share:.1%} of it is combed; deinterlace it first" if share > COMBED else ""


def _worn(grey: Grey) -> str:
    ratio = blockiness(grey)
    return f"worn by JPEG: steps are {ratio:.0f} times as frequent on its grid of 8×8 blocks" if ratio > BLOCKY else ""


def _soft(grey: Grey) -> str:
    share = fineness(grey)
    fact = f"soft: fine detail has {share:.2%} of the power of coarser, {SOFT:.1%} is needed; scaled down it may do"
    return fact if share < SOFT else ""


def textured(grey: Grey) -> float:
    """Share of 8×8 blocks with a standard deviation above `VARIES` levels, in some 32 rows of blocks."""
    height, width = (side // 8 * 8 for side in grey.shape)
    bands = grey[:height, :width].reshape(-1, 8, width)
    cells = bands[:: max(1, len(bands) // 32)].reshape(-1, width).astype(np.float32)
    size = (width // 8, len(cells) // 8)
    means = cv2.resize(cells, size, interpolation=cv2.INTER_AREA)
    squares = cv2.resize(cells * cells, size, interpolation=cv2.INTER_AREA)
    return float((squares - means * means > VARIES**2).mean())


def blockiness(grey: Grey) -> float:
    """How much more often a lone step lies on one column of eight (or row: the lesser counts) than on the next best.

    A lone step is one of at least `STEP` levels among pixels that differ by at most `QUIET`: what quantised blocks
    leave where a photograph is smooth, and where they are seen. In the mean of all differences (Wang, Bovik and Evans
    2000, "Blind measurement of blocking artifacts in images") texture hides them: IJG 40 gave 1.08, an original 1.19.
    """
    ratio = _lone_steps(grey)
    return ratio if ratio <= BLOCKY else min(ratio, _lone_steps(cv2.transpose(grey)))


def _lone_steps(grey: Grey | cv2.Mat) -> float:
    steps = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    middle = steps[:, 2:-2]
    around = cv2.max(cv2.max(steps[:, :-4], steps[:, 4:]), cv2.max(steps[:, 1:-3], steps[:, 3:-1]))
    lone = cv2.min(cv2.compare(middle, STEP, cv2.CMP_GE), cv2.compare(around, QUIET, cv2.CMP_LE))
    columns = cv2.reduce(lone, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0] // 255
    second, best = np.sort(columns[: len(columns) // 8 * 8].reshape(-1, 8).sum(0))[-2:]
    return float((best + 1) / (second + 10))  # a few steps prove nothing


def combed(grey: Grey) -> float:
    """Share of pixels that begin a comb: `TEETH` rows in turn, each brighter, then darker than both neighbours.

    Where that is much, the share of pixels that would begin one if columns were rows is taken off: texture has both.
    """
    inner = middle(grey, WINDOW // 2)
    share = _combed(inner)
    return share if share <= COMBED else share - _combed(cv2.transpose(inner))


def _combed(grey: Grey | cv2.Mat) -> float:
    above, row, below = grey[:-2], grey[1:-1], grey[2:]
    bright = cv2.compare(cv2.min(cv2.subtract(row, above), cv2.subtract(row, below)), TOOTH, cv2.CMP_GT)
    dark = cv2.compare(cv2.min(cv2.subtract(above, row), cv2.subtract(below, row)), TOOTH, cv2.CMP_GT)
    pixels = 0
    for first, second in ((bright, dark), (dark, bright)):
        rows = len(first) - TEETH + 1
        comb = first[:rows]
        for index in range(1, TEETH):
            comb = cv2.min(comb, (first, second)[index % 2][index : index + rows])
        pixels += cv2.countNonZero(comb)
    return pixels / grey.size


def fineness(grey: Grey) -> float:
    """Power at 0.38 to 0.48 cycles per pixel over that at 0.15 to 0.22, along rows (or columns, if that is more).

    Enlarging and blurring leave nothing there; noise, grain and sharp edges do. Pictures below `SEGMENT` pixels are not
    judged (1).
    """
    power = _fine_power(grey)
    return power if power >= SOFT else max(power, _fine_power(grey.T))


def _fine_power(grey: Grey) -> float:
    across = grey.shape[1] // SEGMENT
    if not across:
        return 1.0
    rows = grey[:: max(1, len(grey) // _ROWS), : across * SEGMENT].reshape(-1, SEGMENT).astype(np.float32)
    spectra = np.fft.rfft((rows - rows.mean(1, keepdims=True)) * _TAPER)
    power = (spectra.real**2 + spectra.imag**2).mean(0) - _ROUNDING
    cycles = np.arange(len(power)) / SEGMENT
    coarse = power[(cycles > 0.15) & (cycles < 0.22)].mean()
    fine = power[(cycles > 0.38) & (cycles < 0.48)].mean()
    return float(max(fine, 0) / coarse) if coarse > 0 else 1.0


def middle(picture: NDArray[np.uint8], side: int = WINDOW) -> NDArray[np.uint8]:
    """The middle ``side`` × ``side`` pixels, or what there is of them."""
    top, left = (max(length - side, 0) // 2 for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]
