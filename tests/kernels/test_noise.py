"""Noise: its twins' bytes, its moments and spectrum, and the same draws whoever asks for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from srtui_kernels import noise, shot_noise
from srtui_kernels._normals import BLOCK, fill_normals

from tests.cases import CASES, NO_PHOTOGRAPHS, photograph_cases
from tests.cases import noise as white_noise
from tests.kernels.reference import noise as twin
from tests.kernels.verbs import assert_matches, assert_same_bytes

KEY = 0x0123456789ABCDEF
KEYS = st.integers(0, 2**64 - 1)
COLOURED = [case for case in CASES if case.make().shape[2:] == (3,)]


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize(("sigma", "gain"), [(10.0, 0.0), (0.3, 0.0), (2.0, 0.7), (0.0, 20.0), (100.0, 0.0)])
def test_gives_its_twins_bytes(sigma: float, gain: float, grey: bool) -> None:
    options = {"key": KEY, "sigma": sigma, "gain": gain, "grey": grey}
    assert_matches(partial(noise, **options), partial(twin.noise, **options), CASES)


@pytest.mark.parametrize(("strength", "photons"), [(1.0, 256), (3.0, 16), (0.05, 1)])
def test_shot_noise_gives_its_twins_bytes(strength: float, photons: int) -> None:
    options = {"key": KEY, "strength": strength, "photons": photons}
    assert_matches(partial(shot_noise, **options), partial(twin.shot_noise, **options), CASES)
    options["grey"] = True
    assert_matches(partial(shot_noise, **options), partial(twin.shot_noise, **options), COLOURED)


@given(
    shape=st.tuples(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 3, 4])),
    key=KEYS,
    sigma=st.floats(0.0, 100.0),
    gain=st.floats(0.0, 20.0),
    grey=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_any_noise_gives_its_twins_bytes(
    shape: tuple[int, int, int], key: int, sigma: float, gain: float, grey: bool
) -> None:
    picture, options = white_noise(*shape), {"key": key, "sigma": sigma, "gain": gain, "grey": grey}
    assert_same_bytes(noise(picture, **options), twin.noise(picture, **options), options)


@given(key=KEYS, strength=st.floats(0.0, 20.0), photons=st.integers(1, 256))
@settings(max_examples=50, deadline=None)
def test_any_shot_noise_gives_its_twins_bytes(key: int, strength: float, photons: int) -> None:
    picture, options = white_noise(50, 31, 3), {"key": key, "strength": strength, "photons": photons}
    assert_same_bytes(shot_noise(picture, **options), twin.shot_noise(picture, **options), options)


def test_a_key_gives_the_same_bytes_on_every_machine() -> None:
    picture = white_noise(64, 96, 3)
    digests = [
        blake2b(made.tobytes(), digest_size=8).hexdigest()
        for made in (noise(picture, 7, 12.5), noise(picture, 7, 3.0, gain=0.5), shot_noise(picture, 7, 1.5))
    ]
    assert digests == ["4890199b68bb21f6", "24a132ee0bb388a6", "29ce7a06400e5d19"]


def test_threads_change_nothing() -> None:
    picture = white_noise(120, 100, 3)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda key: noise(picture, key, 8.0, gain=0.2), range(8)))
    for key, result in enumerate(together):
        assert_same_bytes(result, noise(picture, key, 8.0, gain=0.2), key)


def normals(blocks: int, key: int = KEY) -> NDArray[np.float64]:
    out = np.empty((blocks, BLOCK), np.float32)
    for block in range(blocks):
        fill_normals(out[block], np.uint64(key), block, np.float32(1))
    return out.astype(np.float64).ravel()


def test_numbers_are_normal() -> None:
    drawn = normals(400)
    assert drawn.mean() == pytest.approx(0.0, abs=4 / np.sqrt(drawn.size))
    assert drawn.std() == pytest.approx(1.0, abs=1.5e-3)
    assert (drawn**3).mean() == pytest.approx(0.0, abs=0.01)
    assert (drawn**4).mean() == pytest.approx(3.0, abs=0.03)
    inside = [(np.abs(drawn) < limit).mean() for limit in (0.5, 1.0, 2.0, 3.0)]
    assert inside == pytest.approx([0.38292, 0.68269, 0.95450, 0.99730], abs=1.2e-3)
    assert 4.5 < np.abs(drawn).max() < 4.9


def test_no_radius_is_the_root_of_a_negative_number() -> None:
    for sigma in (0.0, 1e-3, 0.7, 1.0, 33.3, 100.0):
        radii = twin.radii(np.arange(65536, dtype=np.uint32), np.float32(sigma))
        assert np.isfinite(radii).all()
        assert np.abs(radii[::-1][:65000] - sigma * np.sqrt(-2 * np.log((np.arange(65000) + 0.5) / 65536))).max() <= (
            0.01 * sigma
        )


def test_the_spectrum_is_white_and_channels_are_independent() -> None:
    flat = np.full((256, 256, 3), 128, np.uint8)
    drawn = noise(flat, KEY, 10.0).astype(float) - 128
    power = np.abs(np.fft.fft2(drawn[..., 0])) ** 2 / 256**2
    rows, columns = power.mean(axis=1), power.mean(axis=0)
    for line in (rows, columns):
        assert (np.abs(line / 100.0 - 1) < 5.5 / 16).all()  # 256 exponential values have a mean within ±1/16
    correlations = np.corrcoef(drawn.reshape(-1, 3).T)
    assert np.abs(correlations - np.eye(3)).max() < 0.02
    for step in (1, 3, 256 * 3, BLOCK // 2, BLOCK):
        values = drawn.ravel()
        assert abs(np.corrcoef(values[:-step], values[step:])[0, 1]) < 0.01


def test_keys_and_blocks_are_independent() -> None:
    first, second, neighbour = normals(50, 1), normals(50, 2), normals(51, 1)[BLOCK:]
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.01
    assert abs(np.corrcoef(first, neighbour)[0, 1]) < 0.01


def test_grey_noise_is_the_same_in_all_channels() -> None:
    drawn = noise(np.full((64, 64, 3), 100, np.uint8), KEY, 9.0, grey=True)
    assert (drawn == drawn[..., :1]).all()
    assert drawn.std() == pytest.approx(9.0, rel=0.05)
    photons = shot_noise(np.full((64, 64, 3), 100, np.uint8), KEY, 1.0, grey=True)
    assert (photons == photons[..., :1]).all()


@pytest.mark.parametrize("value", [30, 120, 220])
def test_the_variance_grows_with_the_light(value: int) -> None:
    drawn = noise(np.full((300, 300, 3), value, np.uint8), KEY, 3.0, gain=0.4)
    assert drawn.var() == pytest.approx(9.0 + 0.4 * value, rel=0.02)


@pytest.mark.parametrize(("value", "photons"), [(128, 200), (51, 100), (90, 40)])
def test_counts_have_poissons_moments(value: int, photons: int) -> None:
    """Not with 256 photons: steps of 255/256 rounded to whole ones are up to half a level off."""
    drawn = shot_noise(np.full((400, 400, 3), value, np.uint8), KEY, 1.0, photons=photons).astype(float)
    mean = value * photons / 255
    counts = drawn * photons / 255
    assert counts.mean() == pytest.approx(mean, rel=0.01)
    assert counts.var() == pytest.approx(mean, rel=0.04)


def test_black_has_no_photons() -> None:
    assert not shot_noise(np.zeros((20, 20, 3), np.uint8), KEY, 3.0).any()


def test_no_noise_changes_nothing() -> None:
    picture = white_noise(40, 50, 3)
    assert_same_bytes(noise(picture, KEY, 0.0), picture, "sigma 0")
    assert_same_bytes(shot_noise(picture, KEY, 0.0), picture, "strength 0")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"key": -1, "sigma": 1.0}, "key is -1"),
        ({"key": 1 << 64, "sigma": 1.0}, "key is"),
        ({"key": 1, "sigma": 100.5}, "sigma is 100.5"),
        ({"key": 1, "sigma": float("nan")}, "sigma is nan"),
        ({"key": 1, "sigma": 1.0, "gain": -0.1}, "gain is -0.1"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        noise(white_noise(4, 4, 3), **options)


def test_grey_shot_noise_needs_colours() -> None:
    with pytest.raises(ValueError, match="pass 3"):
        shot_noise(white_noise(4, 4), 1, 1.0, grey=True)
    with pytest.raises(ValueError, match="photons is 257"):
        shot_noise(white_noise(4, 4), 1, 1.0, photons=257)


@pytest.mark.exhaustive
def test_photographs_give_the_twins_bytes() -> None:
    cases = list(photograph_cases()) or pytest.skip(NO_PHOTOGRAPHS)
    for options in ({"sigma": 6.0}, {"sigma": 2.0, "gain": 0.3, "grey": True}):
        assert_matches(partial(noise, key=KEY, **options), partial(twin.noise, key=KEY, **options), cases)
