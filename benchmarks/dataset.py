"""
Preparing a dataset and cutting crops out of it, beside the classic way, per CPU second on the same pictures.

Both sides prepare the same files from decoding to the store, and both are asked for crops of 192 pixels.
"""

from __future__ import annotations

import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import Image
from srtui_kernels import warm_up
from srtui_kernels.dead_leaves import dead_leaves

from benchmarks import classic
from benchmarks.rows import Asked, Row
from srtui.config import shipped
from srtui.config.project import Folder, Prepare, Scale
from srtui.config.reader import to_plain
from srtui.config.requests import PrepareRequest
from srtui.data import prepare
from srtui.data.datasets import Dataset, open_dataset
from srtui.data.stream import SampleStream
from srtui.jobs.context import JobContext
from srtui.jobs.folder import create

ROUNDS = 3
SCALE: Scale = 4
GT_SIZE, BATCH = 192, 16
LEAVES = 6
WIDTH, HEIGHT = 2040, 1356  # of DIV2K's first picture
SECONDS = 2.0
"""How long a side gives crops in a round."""


def rows(asked: Asked) -> list[Row]:
    """All rows that are asked for."""
    with tempfile.TemporaryDirectory(prefix="srtui-benchmark-") as folder:
        return list(_measured(Path(folder), asked))


def _measured(folder: Path, asked: Asked) -> Iterator[Row]:
    live = {f"live {name}, crops": name for name in shipped.names("degradation")}
    if not any(map(asked.wants, ("whole job", "fixed, crops", *live))):
        return
    cv2.setNumThreads(1)
    warm_up(lambda *_: None)
    files = _Files(folder / "files", asked.photos)
    rounds = asked.rounds or ROUNDS
    sides = _Sides(folder, files.folder)
    whole = _whole_job(sides, rounds if asked.wants("whole job") else 1)
    if asked.wants("whole job"):
        yield _row("whole job", files.megapixels, whole, "megapixels per CPU second", 20.0, (str(files), _WHOLE))
    crops: dict[str, Callable[[], float]] = {"classic": _classic_crops(folder / "classic")}
    if asked.wants("fixed, crops"):
        crops["fixed, crops"] = _our_crops(open_dataset(folder / "ours"))
    for title, name in live.items():
        if asked.wants(title):
            crops[title] = _our_crops(sides.ours(name, "live"))
    taken = _interleaved(crops, rounds)
    for title in crops:
        if title != "classic":
            against = {"classic": taken["classic"], "ours": taken[title]}
            target = 100.0 if title == "fixed, crops" else None
            notes = (_CROPS, *((_LIVE,) if target is None else ()))
            yield _row(title, 1.0, against, "crops per CPU second", target, notes)


_WHOLE = "whole job: decode, crop, degrade, store; theirs writes tiles as PNG files and reads them into LMDBs"
_CROPS = f"crops: {GT_SIZE} pixels of gt, {GT_SIZE // SCALE} of lq; theirs, as BasicSR, decodes a PNG tile for each"
_LIVE = "live: each crop is degraded anew; the classic loader beside it degrades nothing"


def _row(
    name: str, work: float, seconds: dict[str, float], unit: str, target: float | None, notes: tuple[str, ...]
) -> Row:
    """Make a row out of the CPU seconds that ``work`` took each side."""
    return Row(
        name=name,
        reference=work / seconds["classic"],
        ours=work / seconds["ours"],
        against="classic",
        unit=unit,
        ratio=seconds["classic"] / seconds["ours"],
        threads=0,
        target=target,
        notes=notes,
    )


class _Files:
    """Pictures that both sides prepare, in a folder of their own: the photographs given, or dead leaves as PNG."""

    def __init__(self, folder: Path, photos: Path | None) -> None:
        self.folder, self._photos = folder, photos
        folder.mkdir()
        for path in sorted(photos.glob("*.png")) if photos else ():
            (folder / path.name).symlink_to(path.resolve())
        for seed in range(0 if photos else LEAVES):
            Image.fromarray(dead_leaves(HEIGHT, WIDTH, seed)).save(folder / f"{seed}.png")
        self._count = len(list(folder.iterdir()))
        if not self._count:
            raise SystemExit(f"{photos}: no PNG files there")

    @property
    def megapixels(self) -> float:
        """Of all together."""
        sizes = [Image.open(path).size for path in self.folder.iterdir()]
        return sum(width * height for width, height in sizes) / 1e6

    def __str__(self) -> str:
        kind = "photographs" if self._photos else "dead leaves (give photographs with --photos)"
        return f"pictures: {self._count} PNG files, {self.megapixels:.1f} megapixels, {kind}"


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both ways to a dataset, made below one folder."""

    root: Path
    files: Path

    def ours(self, degradation: str, mode: Literal["fixed", "live"], name: str = "") -> Dataset:
        """Prepare with srtui."""
        request = PrepareRequest(
            sources=(Folder(folder=str(self.files)),),
            scale=SCALE,
            prepare=Prepare(validation=0, degradation_mode=mode),
            degradation=shipped.degradation(degradation, self.root),
            dataset=str(self.root / (name or f"{degradation} {mode}")),
            digest="benchmark",
        )
        job = create(self.root / "jobs", "prepare", to_plain(request))
        prepare.run(JobContext(job, resumed=False), request)
        return open_dataset(Path(request.dataset))

    def theirs(self) -> float:
        """Prepare the classic way, in a process that threads of ours do not share; gives its CPU seconds."""
        command = [sys.executable, "-m", "benchmarks.classic", str(self.files), str(self.root / "classic"), str(SCALE)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(json.loads(done.stdout)["cpu"])


def _whole_job(sides: _Sides, rounds: int) -> dict[str, float]:
    """Median CPU seconds of each side; what the last round made is left."""
    theirs, ours = list[float](), list[float]()
    for turn in range(rounds):
        for name in ("classic", "ours"):
            shutil.rmtree(sides.root / name, ignore_errors=True)
        theirs.append(sides.theirs())
        began = time.process_time()
        sides.ours("photoshop-six", "fixed", "ours")
        ours.append(time.process_time() - began)
        _say(turn + 1, rounds, f"rounds of the whole job: {theirs[-1]:.1f} and {ours[-1]:.2f} CPU seconds")
    return {"classic": statistics.median(theirs), "ours": statistics.median(ours)}


def _classic_crops(output: Path) -> Callable[[], float]:
    crops = classic.crops(output, GT_SIZE, SCALE)

    def run() -> float:
        return _seconds_each(lambda: float(np.sum([next(crops)[1].shape[0] > 0 for _ in range(BATCH)])))

    return run


def _our_crops(dataset: Dataset) -> Callable[[], float]:
    positions = itertools.count(0, 1 << 20)

    def run() -> float:
        with closing(SampleStream(dataset, seed=1, gt_size=GT_SIZE, batch=BATCH, start=next(positions))) as samples:
            for _ in range(4):  # views of the pictures are looked up once
                next(samples)
            return _seconds_each(lambda: float(len(next(samples).gt_bchw)))

    return run


def _seconds_each(some: Callable[[], float]) -> float:
    """CPU seconds of this process per crop, over about two seconds."""
    began, until, crops = time.process_time(), time.monotonic() + SECONDS, 0.0
    while time.monotonic() < until:
        crops += some()
    return (time.process_time() - began) / crops


def _interleaved(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name, side in sides.items():
            taken[name].append(side())
        _say(turn + 1, rounds, "rounds of crops")
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _say(done: int, total: int, what: str) -> None:
    print(f"{done}/{total} {what}", file=sys.stderr, flush=True)
