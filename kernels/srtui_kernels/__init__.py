"""Kernels of srtui: NumPy arrays in, NumPy arrays out, compiled by Numba at their first call, free of Python's lock."""

from srtui_kernels import _meanings  # noqa: F401 - lets Numba compile the words of _vectors
from srtui_kernels.blur import blur, ring
from srtui_kernels.chroma import field_chroma, from_planes, full_planes, to_planes
from srtui_kernels.crop import crop_many, crop_to_chw
from srtui_kernels.dead_leaves import dead_leaves
from srtui_kernels.fields import interlace, join_fields, split_fields, weave
from srtui_kernels.gaussian import gaussian
from srtui_kernels.gaussian_in_light import gaussian_in_light
from srtui_kernels.jpeg import jpeg_round_trip
from srtui_kernels.median import median
from srtui_kernels.motion import motion
from srtui_kernels.motion_paths import curve, motion_along, motion_in_light
from srtui_kernels.noise import noise
from srtui_kernels.png import read_png
from srtui_kernels.poisson import shot_noise
from srtui_kernels.resize import resize
from srtui_kernels.scenarios import run_scenario
from srtui_kernels.sharpen import sharpen
from srtui_kernels.warm import warm_up

__all__ = [
    "blur",
    "crop_many",
    "crop_to_chw",
    "curve",
    "dead_leaves",
    "field_chroma",
    "from_planes",
    "full_planes",
    "gaussian",
    "gaussian_in_light",
    "interlace",
    "join_fields",
    "jpeg_round_trip",
    "median",
    "motion",
    "motion_along",
    "motion_in_light",
    "noise",
    "read_png",
    "resize",
    "ring",
    "run_scenario",
    "sharpen",
    "shot_noise",
    "split_fields",
    "to_planes",
    "warm_up",
    "weave",
]
