"""Running a scenario's steps: most are kernels' steps; the tape's own look at frames before and after, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import srtui_kernels.scenarios as kernels
from numpy.typing import NDArray
from srtui_kernels.chroma import Planes, from_planes, to_planes

from srtui.degradation.deinterlacing import deinterlaced
from srtui.degradation.dv import recorded

Picture = NDArray[np.uint8]
Frame = Picture | Planes
"""RGB, or what a tape gives: planes with chroma for every sample, which deinterlacers get as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dv:
    """See srtui.degradation.dv."""

    standard: str
    dead_zone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deinterlace:
    """See srtui.degradation.deinterlacing."""

    method: str
    first: str


Step = kernels.Step | Dv | Deinterlace


def run(gt_hwc: Picture, steps: Sequence[Step], key: int) -> Picture:
    """Degrade a clean picture, step by step; as `srtui_kernels.run_scenario`, with the steps of a tape.

    Notes
    -----
    A frame that will be deinterlaced has a frame before and one after it from the moment that it has fields: each with
    its own noise, each recorded.
    """
    frames: list[Frame] = [gt_hwc if steps else gt_hwc.copy()]
    for index, step in enumerate(steps):
        later = steps[index + 1 :]
        frames = _done(frames, step, kernels.step_key(key, index), any(isinstance(each, Deinterlace) for each in later))
    return _rgb(frames[len(frames) // 2])


def _done(frames: list[Frame], step: Step, key: int, neighbours: bool) -> list[Frame]:
    match step:
        case Dv():
            return list(recorded([_rgb(frame) for frame in frames], step.standard, step.dead_zone))
        case Deinterlace():
            planes = [frame if isinstance(frame, Planes) else to_planes(frame, "4:4:4") for frame in frames]
            return [deinterlaced(planes, step.method, step.first)]
        case kernels.Interlace() if neighbours:
            picture = _rgb(frames[len(frames) // 2])
            return [kernels.run_step(picture, replace(step, frame=number), key) for number in (-1, 0, 1)]
        case _:
            keys = _keys(key, len(frames))
            return [kernels.run_step(_rgb(frame), step, own) for frame, own in zip(frames, keys, strict=True)]


def _keys(key: int, frames: int) -> list[int]:
    """The step's key for the frame in the middle, others for its neighbours."""
    middle = frames // 2
    return [key if number == middle else kernels.step_key(key, number) for number in range(frames)]


def _rgb(frame: Frame) -> Picture:
    return from_planes(frame, "4:4:4") if isinstance(frame, Planes) else frame
