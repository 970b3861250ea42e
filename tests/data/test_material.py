"""Clean photographs pass, and the same photographs are refused once they are worn, combed, blurred or blank."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from srtui.config.checks import Checks
from srtui.data.material import BLOCKY, COMBED, SOFT, TEXTURED, blockiness, check_material, combed, fineness, textured
from srtui.data.pictures import read_picture
from srtui.data.rejection import PictureRejected

Picture = NDArray[np.uint8]


def saved(picture: Picture, quality: int) -> Picture:
    """As JPEG of a quality on IJG's scale, by Pillow (4:2:0)."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def woven(picture: Picture, moved: int = 4) -> Picture:
    """Every second line from a moment later, when everything is further to the right."""
    both = picture.copy()
    both[1::2] = np.roll(picture, moved, axis=1)[1::2]
    return both


def blurred(picture: Picture, sigma: float = 1.0) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))


def enlarged(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LANCZOS4))


def scenery(height: int = 320, width: int = 384, seed: int = 3) -> Picture:
    """Patches with edges and fine grain: what the checks take for a photograph."""
    draw = np.random.default_rng(seed)
    patches = np.kron(draw.integers(40, 215, (height // 32, width // 32, 3)), np.ones((32, 32, 1)))
    patches = np.roll(patches, (5, 3), (0, 1))
    slopes = np.linspace(-20, 20, width)[None, :, None] + np.linspace(-15, 15, height)[:, None, None]
    return np.clip(patches + slopes + draw.normal(0, 3, (height, width, 1)), 0, 255).astype(np.uint8)


def smooth_scenery() -> Picture:
    """Slow gradients and little grain, as a sky: where the blocks of JPEG are seen best."""
    rows, columns = np.mgrid[:384, :384]
    waves = 128 + 50 * np.sin(rows / 37) * np.cos(columns / 53) + 30 * np.sin(columns / 11 + rows / 90)
    grain = np.random.default_rng(1).normal(0, 0.7, waves.shape)
    return np.repeat(np.clip(waves + grain, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def reason(picture: Picture, **switches: bool) -> str:
    try:
        check_material(picture, dataclasses.replace(Checks(), **switches))
    except PictureRejected as error:
        return str(error)
    return ""


SPOILED: dict[str, tuple[Callable[[], Picture], str]] = {
    "flat": (lambda: np.full((200, 300, 3), 240, np.uint8), "flat: 0.0% of it has texture"),
    "jpeg_worn": (lambda: saved(smooth_scenery(), 25), "worn by JPEG"),
    "interlaced": (lambda: woven(scenery()), "interlaced: "),
    "soft": (lambda: blurred(scenery(), 2.0), "soft: fine detail has"),
}


def test_clean_pictures_pass() -> None:
    assert reason(scenery()) == ""
    assert reason(saved(scenery(), 95)) == ""
    assert reason(saved(smooth_scenery(), 98), soft=False) == ""


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_pictures_are_refused_unless_the_check_is_off(name: str) -> None:
    make, expected = SPOILED[name]
    others = {other: False for other in SPOILED if other != name}
    told = reason(make(), **others)
    assert told.startswith(expected)
    assert told.endswith("insist: true on its source takes it")
    assert reason(make(), **others, **{name: False}) == ""


def test_blank_paper_with_a_line_of_text_is_not_flat() -> None:
    paper = np.full((640, 640, 3), 250, np.uint8)
    paper[300:340, 20:620] = scenery(320, 640)[:40, :600]
    assert reason(paper, soft=False) == ""


@pytest.mark.parametrize("corner", [(0, 0), (3, 5), (7, 1)])
def test_the_grid_is_found_wherever_it_begins(corner: tuple[int, int]) -> None:
    worn = saved(smooth_scenery(), 30)[corner[0] :, corner[1] :]
    assert "worn by JPEG" in reason(worn, soft=False)


def test_small_pictures_are_judged_without_complaint() -> None:
    for side in (16, 17, 64, 127):
        assert reason(scenery()[:side, :side], flat=False) == ""


def test_combs_are_told_from_texture_that_goes_both_ways() -> None:
    board = (np.indices((256, 256)).sum(0) % 2 * 200).astype(np.uint8)
    assert combed(board) <= COMBED
    assert combed(np.repeat((np.arange(256) % 2 * 200).astype(np.uint8)[:, None], 256, axis=1)) > 0.9


# The thresholds, on real photographs


@pytest.fixture(scope="module")
def photographs() -> list[Path]:
    """The 20 and the 24 on which the thresholds were found."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "photos"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return sorted(folder.glob("*/*.png"))


def test_every_real_photograph_passes_and_is_far_from_the_thresholds(photographs: list[Path]) -> None:
    for path in photographs:
        picture = read_picture(path)
        assert reason(picture) == "", path.name
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        assert textured(grey) > 10 * TEXTURED
        assert fineness(grey) > 8 * SOFT
        assert combed(grey) < COMBED / 2
        assert blockiness(grey) < 0.75 * BLOCKY


def assert_worn(paths: list[Path], quality: int) -> None:
    for path in paths:
        assert "worn by JPEG" in reason(saved(read_picture(path), quality)), path.name


def test_photographs_saved_at_low_quality_are_named(photographs: list[Path]) -> None:
    assert_worn(photographs[5::8], 30)


@pytest.mark.exhaustive
@pytest.mark.parametrize("quality", [20, 30, 40])
def test_every_photograph_saved_at_low_quality_is_named(photographs: list[Path], quality: int) -> None:
    assert_worn(photographs, quality)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("quality", "most"), [(95, 0), (90, 3)])
def test_photographs_saved_well_are_not(photographs: list[Path], quality: int, most: int) -> None:
    assert sum("worn" in reason(saved(read_picture(path), quality)) for path in photographs) <= most


@pytest.mark.exhaustive
@pytest.mark.parametrize(("change", "word"), [(woven, "interlaced"), (blurred, "soft")])
def test_spoiled_photographs_are_named(
    photographs: list[Path], change: Callable[[Picture], Picture], word: str
) -> None:
    for path in photographs:
        assert word in reason(change(read_picture(path))), path.name


@pytest.mark.exhaustive
def test_enlarged_photographs_are_named(photographs: list[Path]) -> None:
    """All but one, which is a screenshot."""
    assert sum("soft" in reason(enlarged(read_picture(path))) for path in photographs) >= 43
