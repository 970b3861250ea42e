"""The steps of a tape's scenario do what their kernels do, with keys of their own."""

from __future__ import annotations

import numpy as np
import srtui_kernels
from srtui_kernels import run_scenario
from srtui_kernels.scenarios import (
    Blur,
    Chroma,
    Gaussian,
    Interlace,
    Motion,
    Noise,
    Resize,
    Ring,
    Sharpen,
    ShotNoise,
    step_key,
)

from tests.cases import noise
from tests.kernels.verbs import assert_same_bytes

TAPE = (
    Motion(angle=20.0, length=6.0, bend=30.0, linear_light=True),
    Gaussian(sigma_x=1.2, sigma_y=0.8, linear_light=True),
    Resize(width=60, height=44),
    Blur(window=5, sigma_x=0.8, sigma_y=0.4, angle=10.0, shape="plateau", beta=1.5),
    Ring(window=7, cutoff=2.0),
    Interlace(dx=1.5, dy=0.25),
    Noise(sigma=3.0, gain=0.2),
    Noise(sigma=3.0, gain=0.2),
    ShotNoise(strength=1.0, grey=True),
    Sharpen(amount=0.7, sigma_x=1.0, sigma_y=0.6, by_field=True),
    Chroma(sampling="4:2:0"),
)


def test_every_step_does_what_its_kernel_does() -> None:
    picture = noise(88, 120, 3)
    keys = [step_key(7, index) for index in range(len(TAPE))]
    expected = srtui_kernels.motion_in_light(picture, srtui_kernels.curve(20.0, 6.0, 30.0))
    expected = srtui_kernels.resize(srtui_kernels.gaussian_in_light(expected, 1.2, 0.8), 60, 44)
    expected = srtui_kernels.blur(expected, 5, 0.8, 0.4, angle=10.0, shape="plateau", beta=1.5)
    expected = srtui_kernels.interlace(srtui_kernels.ring(expected, 7, 2.0), 1.5, 0.25)
    expected = srtui_kernels.noise(srtui_kernels.noise(expected, keys[6], 3.0, gain=0.2), keys[7], 3.0, gain=0.2)
    expected = srtui_kernels.shot_noise(expected, keys[8], 1.0, grey=True)
    expected = srtui_kernels.field_chroma(srtui_kernels.sharpen(expected, 0.7, 1.0, 0.6, by_field=True), "4:2:0")
    assert_same_bytes(run_scenario(picture, TAPE, 7), expected, "the tape")


def test_keys_decide_the_noise() -> None:
    picture = noise(32, 32, 3)
    once = run_scenario(picture, TAPE[6:7], 7)
    assert_same_bytes(run_scenario(picture, TAPE[6:7], 7), once, "the same key")
    assert not np.array_equal(run_scenario(picture, TAPE[6:7], 8), once)
    assert len({step_key(key, index) for key in range(50) for index in range(50)}) == 2500
    assert step_key(0, 0) == 9370218965779684112
