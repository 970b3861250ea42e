"""Kernels of srtui: NumPy arrays in, NumPy arrays out, compiled by Numba at their first call, free of Python's lock."""

from srtui_kernels.crop import crop_to_chw
from srtui_kernels.dead_leaves import dead_leaves
from srtui_kernels.gaussian import gaussian
from srtui_kernels.jpeg import jpeg_round_trip
from srtui_kernels.median import median
from srtui_kernels.motion import motion
from srtui_kernels.noise import noise
from srtui_kernels.poisson import shot_noise
from srtui_kernels.resize import resize
from srtui_kernels.scenarios import run_scenario
from srtui_kernels.warm import warm_up

__all__ = [
    "crop_to_chw",
    "dead_leaves",
    "gaussian",
    "jpeg_round_trip",
    "median",
    "motion",
    "noise",
    "resize",
    "run_scenario",
    "shot_noise",
    "warm_up",
]
