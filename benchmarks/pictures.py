"""The pictures that kernels are timed on: photographs when there are some, dead leaves otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from srtui_kernels import dead_leaves

Picture = NDArray[np.uint8]

WIDTH, HEIGHT = 2048, 1328  # as in the design's table; sides are multiples of 16, as the scenarios need them
COUNT = 4  # four pictures in turn, 33 MB: none is still in a core's cache when its turn comes again


class Pictures:
    """
    RGB pictures of one size, the same ones a quarter as large, and PNG files.

    Parameters
    ----------
    folder
        Empty folder for PNG files, if any have to be written.
    photos
        Folder of PNG photographs; those that are large enough are cut to the size from their top left corner.
    width, height
        In pixels, multiples of 16.
    """

    def __init__(self, folder: Path, photos: Path | None = None, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.width, self.height = width, height
        self._folder = folder
        self._photos = sorted(photos.glob("*.png")) if photos else []
        if photos and not self._photos:
            raise SystemExit(f"{photos}: no PNG files there")

    def __str__(self) -> str:
        kind = "photographs" if self._photos else "dead leaves (give photographs with --photos)"
        return f"{len(self.full)} of {self.width}×{self.height}, {kind}"

    @cached_property
    def full(self) -> Sequence[Picture]:
        """(height, width, 3), uint8."""
        cut = [picture for path in self._photos if (picture := self._cut(path)) is not None][:COUNT]
        if self._photos and not cut:
            raise SystemExit(f"{self._photos[0].parent}: no photograph of {self.width}×{self.height} or more")
        return cut or self._leaves()

    @cached_property
    def lq(self) -> Sequence[Picture]:
        """(height / 4, width / 4, 3), uint8: what JPEG and motion blur meet in a degradation of 4×."""
        size = self.width // 4, self.height // 4
        return [np.asarray(Image.fromarray(each).resize(size, Image.Resampling.BICUBIC)) for each in self.full]

    @cached_property
    def files(self) -> Sequence[Path]:
        """PNG files: the photographs as they are, or the pictures as Pillow writes them."""
        if self._photos:
            return self._photos[:COUNT]
        paths = [self._folder / f"{number}.png" for number in range(len(self.full))]
        for path, picture in zip(paths, self.full, strict=True):
            Image.fromarray(picture).save(path)
        return paths

    def _cut(self, path: Path) -> Picture | None:
        with Image.open(path) as image:
            if image.width < self.width or image.height < self.height:
                return None
            return np.ascontiguousarray(np.asarray(image.convert("RGB"))[: self.height, : self.width])

    def _leaves(self) -> list[Picture]:
        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(lambda seed: dead_leaves(self.height, self.width, seed), range(COUNT)))
