"""Steps run in order, by picture or by frames; a tape's fields are deinterlaced as restoring does it."""

from __future__ import annotations

import numpy as np
import pytest
import srtui_kernels
import srtui_kernels.scenarios as kernels
from srtui_kernels import dead_leaves
from srtui_kernels.chroma import to_planes

from srtui.degradation import clip
from srtui.degradation.deinterlacing import deinterlaced

Picture = np.ndarray


@pytest.fixture(scope="module")
def scene() -> Picture:
    return dead_leaves(128, 160, 5)


def psnr(first: Picture, second: Picture) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((first.astype(float) - second) ** 2), 1e-9)))


def test_kernels_steps_run_as_in_the_kernels(scene: Picture) -> None:
    steps = (kernels.Gaussian(sigma_x=1.0, sigma_y=0.5), kernels.Noise(sigma=4.0), kernels.Interlace(dx=2.0, dy=0.0))
    assert np.array_equal(clip.run(scene, steps, 7), srtui_kernels.run_scenario(scene, steps, 7))
    copy = clip.run(scene, (), 7)
    assert np.array_equal(copy, scene)
    assert not np.shares_memory(copy, scene)


@pytest.mark.parametrize("method", ["bwdif", "yadif"])
def test_what_stands_still_keeps_all_its_lines(scene: Picture, method: str) -> None:
    steps = (kernels.Interlace(dx=0.0, dy=0.0), clip.Deinterlace(method=method, first="bottom"))
    assert psnr(clip.run(scene, steps, 7), scene) > 45


@pytest.mark.parametrize("method", ["bwdif", "yadif"])
@pytest.mark.parametrize("first", ["bottom", "top"])
def test_what_moves_keeps_the_first_field_where_it_was(scene: Picture, method: str, first: str) -> None:
    steps = (kernels.Interlace(dx=6.0, dy=0.0, first=first), clip.Deinterlace(method=method, first=first))
    whole = clip.run(scene, steps, 7)
    kept = 1 if first == "bottom" else 0
    assert psnr(whole[kept::2], scene[kept::2]) > 45
    woven = clip.run(scene, steps[:1], 7)
    assert psnr(whole, scene) > psnr(woven, scene) + 3
    assert psnr(whole, scene) < 45


def test_a_frame_without_neighbours_is_taken_to_stand_still(scene: Picture) -> None:
    planes = to_planes(scene, "4:4:4")
    alone, three = deinterlaced([planes], "bwdif", "bottom"), deinterlaced([planes] * 3, "bwdif", "bottom")
    assert all(np.array_equal(first, second) for first, second in zip(alone, three, strict=True))


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (4, 3), (17, 33)])
def test_any_size_is_deinterlaced(scene: Picture, size: tuple[int, int]) -> None:
    picture = scene[: size[0], : size[1]]
    steps = (
        kernels.Interlace(dx=1.0, dy=0.5),
        clip.Dv(standard="ntsc", dead_zone=7),
        clip.Deinterlace(method="bwdif", first="bottom"),
    )
    assert clip.run(picture, steps, 7).shape == picture.shape


def test_frames_have_noise_of_their_own(scene: Picture) -> None:
    """Noise that were the same in all frames would look still to a deinterlacer, and stay."""
    flat = np.full((96, 96, 3), 120, np.uint8)
    still = kernels.Interlace(dx=0.0, dy=0.0)
    end = clip.Deinterlace(method="bwdif", first="bottom")
    noisy = clip.run(flat, (kernels.Noise(sigma=8.0), still, end), 7)
    apart = clip.run(flat, (still, kernels.Noise(sigma=8.0), end), 7)
    assert apart[2:-2:2].std() < 0.9 * noisy[2:-2:2].std()
    assert apart[1::2].std() == pytest.approx(8.0, rel=0.05)
