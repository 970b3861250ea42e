"""The `preview` job: what each scenario of a degradation makes of one picture, beside the picture itself."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from srtui.config.degradation import Scenario
from srtui.config.requests import PreviewRequest
from srtui.data.pictures import Picture, PictureRejected, read_picture, write_png
from srtui.degradation.draws import key
from srtui.degradation.scenarios import check, degrade
from srtui.errors import UsageError
from srtui.jobs.context import JobContext

SHOWN = (960, 720)
"""Width and height in gt pixels of what is shown of a larger picture: its middle."""
_GAP, _PAPER = 16, 24  # pixels between the two, and the grey there
_MULTIPLE = 16  # as prepare.multiple is, unless the project says otherwise


def run(job: JobContext, request: PreviewRequest) -> None:
    """Write one PNG for each scenario: lq, enlarged pixel by pixel, and gt to the right of it."""
    job.phase("degrading")
    gt_hwc = _cropped(request)
    output = Path(request.output)
    output.mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    for number, scenario in enumerate(request.degradation.scenarios):
        job.check()
        job.progress(number, len(request.degradation.scenarios), "scenarios")
        lq_hwc = degrade(gt_hwc, scenario, request.scale, key(request.seed, "preview", scenario.name))
        file = output / f"{number + 1:02}-{_plain(scenario)}.png"
        write_png(file, _beside(lq_hwc, gt_hwc, request.scale))
        files[scenario.name] = str(file)
    job.progress(len(files), len(files), "scenarios")
    job.result(scale=request.scale, seed=request.seed, pictures=files)


def _cropped(request: PreviewRequest) -> Picture:
    """The picture, its middle as `prepare` would cut it; every scenario must be able to work with it."""
    try:
        picture_hwc = read_picture(Path(request.picture))
    except PictureRejected as error:
        raise UsageError(request.picture, str(error), hint="give another picture") from None
    multiple = math.lcm(_MULTIPLE, request.scale)
    height, width = (side // multiple * multiple for side in picture_hwc.shape[:2])
    if not height or not width:
        fact = f"is {picture_hwc.shape[1]}×{picture_hwc.shape[0]}; at least {multiple}×{multiple} pixels are needed"
        raise UsageError(request.picture, fact, hint="give a larger picture")
    for scenario in request.degradation.scenarios:
        check(scenario, request.scale, width, height)
    return _middle(picture_hwc, height, width)


def _middle(picture_hwc: Picture, height: int, width: int) -> Picture:
    top, left = (picture_hwc.shape[0] - height) // 2, (picture_hwc.shape[1] - width) // 2
    return np.ascontiguousarray(picture_hwc[top : top + height, left : left + width])


def _beside(lq_hwc: Picture, gt_hwc: Picture, scale: int) -> Picture:
    """Both pictures at gt's size, (H, W, 3); of large ones the middle."""
    height, width = (min(side, most) // scale for side, most in zip(gt_hwc.shape, SHOWN[::-1], strict=False))
    left = np.kron(_middle(lq_hwc, height, width), np.ones((scale, scale, 1), np.uint8))
    right_top, right_left = ((lq_hwc.shape[axis] - side) // 2 * scale for axis, side in ((0, height), (1, width)))
    right = gt_hwc[right_top : right_top + height * scale, right_left : right_left + width * scale]
    gap = np.full((height * scale, _GAP, 3), _PAPER, np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def _plain(scenario: Scenario) -> str:
    """Name of a scenario, fit for a file's name."""
    return re.sub(r"[^\w-]+", "-", scenario.name).strip("-")[:60] or "scenario"
