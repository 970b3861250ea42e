"""The rows of ``python -m benchmarks kernels``: what each runs, on what, and the ratios that one thread must reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from srtui_kernels import crop_to_chw, gaussian, jpeg_round_trip, median, motion, noise, read_png, resize, run_scenario
from srtui_kernels.motion import line

from benchmarks import peers
from benchmarks.comparisons import Comparison
from benchmarks.pictures import Picture, Pictures
from srtui.data.stream import on_a_line
from tests.kernels import oracles
from tests.kernels.classic import SCENARIOS, jpeg, steps_of
from tests.kernels.reference import crop as crop_twin
from tests.kernels.reference import windows

Make = Callable[[Pictures], "Comparison[Any]"]
Place = tuple[Picture, int, int, int, int]  # picture, y, x, size, code

CROP, CROPS = 192, 64
BATCH = 16  # crops are written into a batch in turn, as the sample stream does


def _pictures(
    inputs: Sequence[Picture],
    references: Mapping[str, Callable[[Picture], object]],
    ours: Callable[[Picture], NDArray[np.generic]],
    oracle: Callable[[Picture], NDArray[np.generic]] | None,
    **rest: Any,
) -> Comparison[Picture]:
    """Compare on whole pictures; speed is in megapixels of the input."""
    written = ours(inputs[0]).nbytes / inputs[0].nbytes
    return Comparison(
        references=references,
        ours=ours,
        inputs=inputs,
        oracle=oracle,
        amount=lambda picture: picture.shape[0] * picture.shape[1] / 1e6,
        traffic=lambda picture: picture.nbytes * (1 + written),
        **rest,
    )


def _resize(
    source: tuple[int, int], share: float, *, target: float | None, stretch: float | None = None, area: bool = False
) -> Make:
    """Compare resizing by ``share``, from ``source[0] / source[1]`` of the full size."""

    def make(pictures: Pictures) -> Comparison[Picture]:
        width, height = (side * source[0] // source[1] for side in (pictures.width, pictures.height))
        whole = source[0] == source[1]
        inputs = (
            pictures.full
            if whole
            else [oracles.pillow_resize(each, width, height, "bicubic") for each in pictures.full]
        )
        width, height = round(width * share), round(height * share)
        against, peer = ("cv2 AREA", peers.cv2_area) if area else ("Pillow", peers.pillow_bicubic)
        oracle = partial(oracles.pillow_resize, width=width, height=height, filter="bicubic")
        ours = partial(resize, width=width, height=height)
        return _pictures(
            inputs, {against: partial(peer, width=width, height=height)}, ours, oracle, target=target, stretch=stretch
        )

    return make


def _median(radius: int, target: float, stretch: float) -> Make:
    oracle = partial(oracles.cv2_median, radius=radius)
    peer = partial(cv2.medianBlur, ksize=2 * radius + 1)
    ours = partial(median, radius=radius)
    return lambda pictures: _pictures(pictures.full, {"cv2": peer}, ours, oracle, target=target, stretch=stretch)


def _gaussian(sigma: float, target: float, stretch: float) -> Make:
    oracle = partial(oracles.cv2_gaussian, sigma_x=sigma, sigma_y=sigma)
    peer = partial(cv2.GaussianBlur, ksize=(0, 0), sigmaX=sigma)
    ours = partial(gaussian, sigma_x=sigma)
    return lambda pictures: _pictures(pictures.full, {"cv2": peer}, ours, oracle, target=target, stretch=stretch)


def _motion(angle: float, length: float, target: float, stretch: float) -> Make:
    taps = line(angle, length)
    peer = partial(cv2.filter2D, ddepth=-1, kernel=peers.kernel_of(angle, length))
    ours = partial(motion, angle=angle, length=length)
    # filter2D is no oracle for the long one: from 12×12 weights on it computes with a Fourier transform.
    oracle = partial(windows.sum_of_taps, taps=list(zip(*taps, strict=True)))
    return lambda pictures: _pictures(pictures.lq, {"cv2": peer}, ours, oracle, target=target, stretch=stretch)


def _jpeg(preset: str, target: float, stretch: float) -> Make:
    step = jpeg(preset)
    tables = step.luma, step.chroma, step.subsampling

    def make(pictures: Pictures) -> Comparison[Picture]:
        quality = peers.quality_of_equal_size(pictures.lq, step)
        notes = (f"{preset}: the peers' quality is {quality}, whose files are nearest in size",)
        return _pictures(
            pictures.lq,
            peers.jpeg_round_trips(quality),
            lambda picture: jpeg_round_trip(picture, *tables),
            lambda picture: oracles.pillow_jpeg(picture, *tables),
            target=target,
            stretch=stretch,
            notes=(*notes, *peers.missing()),
        )

    return make


def _noise(sigma: float, target: float, stretch: float) -> Make:
    """Compare noise; no library's draws are ours, so there is nothing to be equal to."""
    peer = partial(peers.cv2_noise, sigma=sigma)
    ours = partial(noise, key=1, sigma=sigma)
    return lambda pictures: _pictures(pictures.full, {"cv2": peer}, ours, None, target=target, stretch=stretch)


def _png(target: float, stretch: float) -> Make:
    def make(pictures: Pictures) -> Comparison[Path]:
        usual = {path: pixels for path in pictures.files if (pixels := _read(path)) is not None}
        if not usual:
            raise SystemExit(f"{pictures.files[0].parent}: no PNG file there of the kind that read_png reads")
        return Comparison(
            references={"cv2.imread": lambda path: cv2.imread(str(path))},
            ours=lambda path: np.asarray(_read(path)),
            inputs=list(usual),
            oracle=lambda path: np.asarray(cv2.imread(str(path)))[..., ::-1],
            amount=lambda path: usual[path].size / 3e6,
            traffic=lambda path: path.stat().st_size + usual[path].nbytes,
            target=target,
            stretch=stretch,
        )

    return make


def _read(path: Path) -> Picture | None:
    return read_png(np.fromfile(path, np.uint8))


def _crop(target: float) -> Make:
    def make(pictures: Pictures) -> Comparison[Place]:
        random, size = np.random.default_rng(0), min(CROP, pictures.height)
        places = [
            (picture, *random.integers(0, (pictures.height - size + 1, pictures.width - size + 1, 1, 8)).tolist())
            for picture in pictures.full
            for _ in range(CROPS // len(pictures.full))
        ]
        inputs = [(picture, y, x, size, code) for picture, y, x, _, code in places]
        batch = on_a_line((BATCH, 3, size, size))
        return Comparison(
            references={"NumPy": lambda place: peers.numpy_crop(*place)},
            ours=lambda place: crop_to_chw(*place, out=batch[(place[1] + place[2]) % BATCH]),
            inputs=inputs,
            oracle=lambda place: crop_twin.crop_to_chw(*place),
            amount=lambda _: 1.0,
            unit="crops/s",
            traffic=lambda _: 3 * size * size * (1 + 4),
            target=target,
        )

    return make


def _scenario(name: str, target: float) -> Make:
    def make(pictures: Pictures) -> Comparison[Picture]:
        steps = steps_of(name, pictures.width, pictures.height)
        chain = peers.chain(steps, pictures.lq)
        return _pictures(
            pictures.full,
            {"the libraries": chain},
            partial(run_scenario, steps=steps, key=0),
            partial(oracles.chain, steps=steps),
            target=target,
            notes=peers.missing(),
        )

    return make


TABLE: dict[str, Make] = {
    "resize 50 %": _resize((1, 1), 1 / 2, target=25, stretch=50),
    "resize 50 %, against cv2 INTER_AREA": _resize((1, 1), 1 / 2, target=1, area=True),
    "resize 25 %": _resize((1, 1), 1 / 4, target=20, stretch=35),
    "resize 25 %, against cv2 INTER_AREA": _resize((1, 1), 1 / 4, target=None, area=True),
    "resize 75 %": _resize((1, 1), 3 / 4, target=10, stretch=18),
    "resize 40 %": _resize((1, 1), 2 / 5, target=10, stretch=18),
    "resize 133.33 %": _resize((3, 4), 4 / 3, target=8, stretch=18),
    "resize 200 %": _resize((1, 2), 2, target=8, stretch=18),
    "median 3×3": _median(1, 1.2, 2),
    "median 5×5": _median(2, 2.3, 3),
    "gaussian σ 1": _gaussian(1.0, 2.5, 4),
    "gaussian σ 2": _gaussian(2.0, 2.8, 4.5),
    "motion blur 10 px at 45°": _motion(45.0, 10.0, 1.6, 3),
    "motion blur 15 px at 30°": _motion(30.0, 15.0, 12, 40),
    "JPEG round trip": _jpeg("photoshop-4", 3.5, 6),
    "noise σ 10": _noise(10.0, 8, 15),
    "crop 192": _crop(3.5),
    "PNG file": _png(2, 2.8),
    **{
        f"scenario {number}, {name}": _scenario(name, target)
        for number, (name, target) in enumerate(zip(SCENARIOS, (20, 15, 14, 11, 15, 16), strict=True), 1)
    },
}
