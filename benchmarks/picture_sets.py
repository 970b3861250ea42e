"""Set5 and Set14: made small as ``imresize`` does, restored, and measured; bicubic must come out as published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srtui.config import shipped
from srtui.data.pictures import read_picture
from srtui.degradation.scenarios import degrade
from srtui.engine import metrics
from srtui.engine.metrics import Figures
from srtui.engine.restorer import Restorer
from srtui.engine.scores import enlarge_bicubic

SCALE = 4
PUBLISHED = {"Set5": (28.43, 0.8113), "Set14": (26.09, 0.7050)}
"""Y-PSNR in dB and SSIM of bicubic enlargement, with a border of 4: what shows that the measuring is right."""
_TOLERANCE = (0.01, 0.001)  # dB and SSIM: Pillow rounds to bytes between its two passes, MATLAB does not

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures and what was made of them; sides are multiples of 4."""

    name: str
    gt: Sequence[Picture]
    lq: Sequence[Picture]

    @classmethod
    def read(cls, name: str, folder: Path) -> PictureSet:
        """Every PNG file of a folder, or of its subfolder ``gt``."""
        paths = sorted(folder.glob("*.png")) or sorted((folder / "gt").glob("*.png"))
        if not paths:
            raise SystemExit(f"{folder}: no PNG files there")
        gt = [_whole_blocks(read_picture(path)) for path in paths]
        scenario = shipped.degradation("bicubic", Path()).scenarios[0]
        return cls(name, gt, [degrade(gt_hwc, scenario, SCALE, 1) for gt_hwc in gt])

    def bicubic(self) -> Figures:
        """Measure Pillow's bicubic enlargement."""
        return self._mean([enlarge_bicubic(lq_hwc, SCALE) for lq_hwc in self.lq])

    def measure(self, restore: Restorer) -> Figures:
        """Measure a network."""
        return self._mean([restore(lq_hwc) for lq_hwc in self.lq])

    def check(self) -> Figures:
        """Measure bicubic, and end the program if it is not what everybody measures on this set."""
        figures = self.bicubic()
        published = PUBLISHED.get(self.name)
        if published is not None:
            found = (figures.psnr_y, figures.ssim_y)
            if any(abs(a - b) > most for a, b, most in zip(found, published, _TOLERANCE, strict=True)):
                fact = f"bicubic gives {found[0]:.3f} dB / {found[1]:.4f} instead of {published[0]} / {published[1]}"
                raise SystemExit(f"{self.name}: {fact}: the measuring is wrong, or these are other pictures")
        return figures

    def _mean(self, restored: Sequence[Picture]) -> Figures:
        return metrics.mean(metrics.compare(a, b, SCALE) for a, b in zip(restored, self.gt, strict=True))


def _whole_blocks(gt_hwc: Picture) -> Picture:
    height, width = (side // SCALE * SCALE for side in gt_hwc.shape[:2])
    return np.ascontiguousarray(gt_hwc[:height, :width])
