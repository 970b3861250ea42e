"""Compiling all kernels at once, so that no later command has to wait for one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from srtui_kernels.chroma import field_chroma, full_planes, to_planes
from srtui_kernels.crop import crop_many, crop_to_chw
from srtui_kernels.dead_leaves import dead_leaves
from srtui_kernels.gaussian import gaussian
from srtui_kernels.gaussian_in_light import gaussian_in_light
from srtui_kernels.jpeg import jpeg_round_trip
from srtui_kernels.jpeg_tables import preset
from srtui_kernels.median import median
from srtui_kernels.motion import motion
from srtui_kernels.motion_paths import curve, motion_in_light
from srtui_kernels.noise import noise
from srtui_kernels.png import unfilter, without_alpha
from srtui_kernels.poisson import shot_noise
from srtui_kernels.resize import resize
from srtui_kernels.sharpen import sharpen

Progress = Callable[[int, int, str], None]
"""Called with how many kernels are ready, how many there are, and the name of the next."""


def warm_up(progress: Progress | None = None) -> None:
    """
    Run every kernel once on a small picture: compiled (about half a minute in all) or loaded from the cache.

    Parameters
    ----------
    progress
        Called before each kernel, and once after the last with an empty name.
    """
    rgb, grey = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8)
    tables, crops = preset("photoshop-4"), np.empty((1, 3, 16, 16), np.float32)
    kernels: list[tuple[str, Callable[[], object]]] = [
        ("resize", lambda: resize(rgb, 8, 8)),
        ("median", lambda: (median(rgb, 1), median(rgb, 2))),
        ("gaussian", lambda: gaussian(rgb, 1.0)),
        ("motion", lambda: motion(rgb, 30.0, 5.0)),
        ("JPEG", lambda: (jpeg_round_trip(rgb, *tables), jpeg_round_trip(grey, *tables))),
        ("motion in linear light", lambda: motion_in_light(rgb, curve(30.0, 5.0, 20.0))),
        ("defocus in linear light", lambda: gaussian_in_light(rgb, 1.0)),
        ("noise", lambda: (noise(rgb, 1, 2.0), noise(rgb, 1, 2.0, gain=1.0))),
        ("photons", lambda: (shot_noise(rgb, 1, 1.0), shot_noise(rgb, 1, 1.0, grey=True))),
        ("sharpening", lambda: (sharpen(rgb, 1.0, 1.0), sharpen(rgb, 1.0, 1.0, by_field=True))),
        ("chroma", lambda: (field_chroma(rgb, "4:2:0"), full_planes(to_planes(rgb, "4:2:0"), "4:2:0"))),
        ("crop", lambda: [crop_to_chw(rgb, 0, 0, size, code) for size, code in ((16, 0), (16, 4), (8, 0))]),
        ("many crops", partial(crop_many, [rgb], [(0, 0)], [0], crops)),
        ("PNG", lambda: (unfilter(np.zeros((2, 13), np.uint8), 3), without_alpha(np.empty(64, np.uint8)))),
        ("dead leaves", lambda: dead_leaves(16, 16, 0)),
    ]
    for done, (name, run) in enumerate(kernels):
        if progress:
            progress(done, len(kernels), name)
        run()
    if progress:
        progress(len(kernels), len(kernels), "")
