"""Whether a video may serve as clean material: interlaced, blocky or soft ones are refused, with the reason."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srtui.footage.interlacing import MOVING, Detector, Interlacing, verdict
from srtui.footage.measures import moved_share
from srtui.footage.reader import Frame, Luma, Reader
from srtui.footage.sharpness import EMPTY

_PLACES = 12
_PICTURES = 12  # at each place, one after another: fields are seen in motion only
_SOFT = -7.0
"""`fine_detail` of the better pictures below which a video is soft. Measured on 34 photographs: nine of ten as they are
have above -4.9, enlarged by 1.5 above -7, enlarged by 2 below -7.6, blurred by one pixel (sigma) below -8.2."""
_BLOCKY = 1.0
"""`grid` above which blocks show. Measured on the same: as they are 0.0 (nine of ten below 0.15), JPEG 90 0.3, JPEG 80
0.7, JPEG 60 1.4, JPEG 40 2.1; H.264, which smooths its blocks, at CRF 28 below 0.5."""
_MIDDLE = 1024


def judge(path: Path) -> str:
    """
    Say why a video should not be used as clean material; nothing if it may.

    Looks at a dozen places, in seconds. Raises UsageError if it cannot be read as video.
    """
    detail: list[float] = []
    blocks: list[float] = []
    evidence, flags = Counter[str](), Counter[str]()
    with Reader(path) as reader:
        if reader.facts.hdr:
            return f"HDR ({reader.facts.hdr}): read as ordinary pictures its colours are wrong; convert it to SDR first"
        for place in range(_PLACES):
            if place:
                reader.jump(reader.facts.seconds * place / _PLACES)
            pictures = list(islice(reader, _PICTURES))
            _look_at_fields(pictures, evidence, flags)
            for frame in pictures[:: _PICTURES // 3]:
                if frame.luma_hw.std() >= EMPTY:
                    detail.append(fine_detail(frame.luma_hw))
                    blocks.append(grid(frame.luma_hw))
    return _reason(verdict(evidence, flags), detail, blocks)


def _reason(fields: Interlacing, detail: list[float], blocks: list[float]) -> str:
    if not detail:
        return "shows nothing: no picture of it can be decoded, or all are empty"
    if fields.scan != "progressive":
        moving = sum(fields.evidence.values())
        seen = f"in {moving - fields.evidence.get('progressive', 0)} of {moving} moving pictures"
        how = f"seen {seen}" if fields.proven else "its flags say so, and too little moves to see otherwise"
        return f"interlaced ({how}): fields have half the lines; deinterlaced pictures are no clean material"
    if (best := float(np.percentile(detail, 90))) < _SOFT:
        return f"soft ({best:.1f}, sharp pictures have above {_SOFT}): out of focus, or enlarged from a smaller size"
    if (worst := float(np.median(blocks))) > _BLOCKY:
        return f"blocky ({worst:.1f} levels, clean pictures have below {_BLOCKY}): the grid of its compression shows"
    return ""


def _look_at_fields(pictures: list[Frame], evidence: Counter[str], flags: Counter[str]) -> None:
    detector = Detector()
    for frame in pictures:
        detector.add(frame)
    detector.finish()
    flags.update(detector.flags)
    for before, frame, kind in zip(pictures, pictures[1:], detector.kinds[1:], strict=False):
        if moved_share(before.luma_hw, frame.luma_hw) >= MOVING:
            evidence[kind] += 1


def fine_detail(luma_hw: Luma) -> float:
    """
    How much of a progressive picture lies at 0.35 to 0.45 cycles a pixel, compared with 0.05 to 0.12.

    Returns
    -------
    ln of the ratio of powers, about -3 for sharp photographs, -8 for enlarged ones: what was never there stays absent.
    """
    height, width = luma_hw.shape
    top, left = max((height - _MIDDLE) // 2, 0), max((width - _MIDDLE) // 2, 0)
    middle_hw = luma_hw[top : top + _MIDDLE, left : left + _MIDDLE].astype(np.float32)
    rows, columns = middle_hw.shape
    window = np.outer(np.hanning(rows), np.hanning(columns)).astype(np.float32)
    power = np.abs(np.fft.rfft2((middle_hw - middle_hw.mean()) * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None])
    fine, coarse = (float(power[(radius > low) & (radius < high)].mean()) for low, high in ((0.35, 0.45), (0.05, 0.12)))
    return float(np.log(fine + 1) - np.log(coarse + 1))


def grid(luma_hw: Luma) -> float:
    """Levels by which steps on an 8×8 grid, at whatever offset, stand out from those beside it: what blocks are."""
    return max(_grid_across(luma_hw.astype(np.float32)), _grid_across(luma_hw.T.astype(np.float32)))


def _grid_across(plane_hw: NDArray[np.float32]) -> float:
    steps = np.abs(np.diff(plane_hw, axis=1))
    beyond = np.clip(steps[:, 1:-1] - (steps[:, :-2] + steps[:, 2:]) / 2, -20, 20).mean(0)
    phases = np.sort(beyond[: len(beyond) // 8 * 8].reshape(-1, 8).mean(0))
    # The second, not the median: a picture enlarged by 2 or 4 has several high phases, blocks have one.
    return float(phases[-1] - max(phases[-2], 0.0))
