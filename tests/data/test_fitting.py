"""Pictures come out at multiples, cropped where the settings say or squeezed by the restorers' formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from srtui_kernels.resize import resize

from srtui.config.project import Prepare
from srtui.data.fitting import fit, fit_pair, fitted_size
from srtui.data.rejection import PictureRejected

PLACES = np.dstack(np.meshgrid(np.arange(200, dtype=np.uint8), np.arange(150, dtype=np.uint8)) * 2)[..., :3]
"""A picture whose pixels say where they are: x, y, x."""


@given(
    side=st.integers(64, 5000), multiple=st.sampled_from([1, 8, 16, 48, 64]), how=st.sampled_from(["crop", "resize"])
)
def test_fitted_sides_are_the_multiple_below(side: int, multiple: int, how: str) -> None:
    prepare = Prepare(multiple=multiple, fit=how)
    if side // multiple * multiple < 64:
        return
    fitted = fitted_size(side, 640 // multiple * multiple, prepare)[0]
    assert fitted == multiple * int((side + (1 if how == "resize" else 0)) / multiple)
    assert fitted % multiple == 0


@pytest.mark.parametrize(("anchor", "corner"), [("centre", (4, 3)), ("top-left", (0, 0))])
def test_a_crop_keeps_the_part_that_is_asked_for(anchor: str, corner: tuple[int, int]) -> None:
    cut = fit(PLACES, Prepare(anchor=anchor))
    assert cut.shape == (144, 192, 3)
    assert tuple(cut[0, 0, :2]) == corner


def test_resize_squeezes_the_whole_picture() -> None:
    assert np.array_equal(fit(PLACES, Prepare(fit="resize")), resize(np.ascontiguousarray(PLACES), 192, 144))


@pytest.mark.parametrize(("size", "fact"), [((63, 200), "63×200"), ((200, 66), "200×66, 192×48 at a multiple of 48")])
def test_small_pictures_are_refused(size: tuple[int, int], fact: str) -> None:
    with pytest.raises(PictureRejected, match=fact):
        fitted_size(*size, Prepare(multiple=48))


@pytest.mark.parametrize("anchor", ["centre", "top-left"])
def test_pairs_stay_aligned(anchor: str) -> None:
    lq = PLACES[:71, :101]
    gt = lq.repeat(2, axis=0).repeat(2, axis=1)
    gt_cut, lq_cut = fit_pair(gt, lq, 2, Prepare(anchor=anchor, fit="resize"))
    assert gt_cut.shape == (128, 192, 3)
    assert np.array_equal(gt_cut[::2, ::2], lq_cut)
