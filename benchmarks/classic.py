"""
The classic way to a dataset and to its crops: a pool of processes, cv2, PNG tiles, and LMDB, as BasicSR does it.

``python -m benchmarks.classic FOLDER OUTPUT SCALE`` prepares the pictures of a folder and prints the CPU seconds taken.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import lmdb
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

SIZE, STEP, THRESHOLD = 480, 240, 48
LEVEL_OF_FILES, LEVEL_OF_LMDB = 3, 1  # the defaults of its two scripts
MULTIPLE = 16


def prepare(folder: Path, output: Path, scale: int) -> None:
    """
    Decode, crop, degrade, cut into tiles that are PNG files, and put those into two LMDBs.

    The files are read and encoded once more on their way into the LMDB, as ``create_lmdb.py`` does.
    """
    for part in ("gt", "lq"):
        (output / part).mkdir(parents=True)
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        pool.map(partial(_cut, output, scale), sorted(folder.glob("*.png")), chunksize=1)
        pool.close()
        pool.join()
    for part in ("gt", "lq"):
        _to_lmdb(output / part, output / f"{part}.lmdb")


def _cut(output: Path, scale: int, path: Path) -> None:
    cv2.setNumThreads(1)  # a process per core is its parallelism
    bgr = np.asarray(cv2.imread(str(path)), np.uint8)
    gt = bgr[: bgr.shape[0] // MULTIPLE * MULTIPLE, : bgr.shape[1] // MULTIPLE * MULTIPLE]
    lq = _spoil(gt, scale)
    for part, picture, times in (("gt", gt, 1), ("lq", lq, scale)):
        size, step, threshold = SIZE // times, STEP // times, THRESHOLD // times
        number = 0
        for top in _starts(picture.shape[0], size, step, threshold):
            for left in _starts(picture.shape[1], size, step, threshold):
                number += 1
                tile = np.ascontiguousarray(picture[top : top + size, left : left + size])
                name = f"{path.stem}_s{number:03d}.png"
                cv2.imwrite(str(output / part / name), tile, [cv2.IMWRITE_PNG_COMPRESSION, LEVEL_OF_FILES])


def _spoil(gt: Picture, scale: int) -> Picture:
    """Reduce, take the median, and save as JPEG: one of the simpler scenarios."""
    small = cv2.resize(gt, (gt.shape[1] // scale, gt.shape[0] // scale), interpolation=cv2.INTER_AREA)
    file = cv2.imencode(".jpg", cv2.medianBlur(small, 3), [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)


def _starts(length: int, size: int, step: int, threshold: int) -> list[int]:
    regular = list(range(0, length - size + 1, step))
    return [*regular, length - size] if regular and length - size - regular[-1] > threshold else regular


def _to_lmdb(folder: Path, path: Path) -> None:
    names = sorted(folder.iterdir())
    with lmdb.open(str(path), map_size=1 << 40) as env, env.begin(write=True) as txn:
        for name in names:
            tile = np.asarray(cv2.imread(str(name), cv2.IMREAD_UNCHANGED), np.uint8)
            file = cv2.imencode(".png", tile, [cv2.IMWRITE_PNG_COMPRESSION, LEVEL_OF_LMDB])[1]
            txn.put(name.stem.encode(), file.tobytes())


def crops(output: Path, gt_size: int, scale: int, seed: int = 1) -> Iterator[tuple[Floats, Floats]]:
    """
    Endless random crops out of the LMDBs of `prepare`: gt and lq, float32 from 0 to 1, RGB, (3, size, size).

    For each, a tile is decoded and turned to float (``imfrombytes``), cut (``paired_random_crop``), flipped
    (``augment``), and turned from BGR to RGB and to channels first (``img2tensor``), as ``PairedImageDataset`` does.
    """
    random = np.random.default_rng(seed)
    with _reading(output / "gt.lmdb") as gt_env, _reading(output / "lq.lmdb") as lq_env:
        with gt_env.begin() as txn:
            keys = list(txn.cursor().iternext(keys=True, values=False))
        while True:
            key = keys[random.integers(len(keys))]
            gt, lq = _tile(gt_env, key), _tile(lq_env, key)
            size = gt_size // scale
            top, left = (int(random.integers(side - size + 1)) for side in lq.shape[:2])
            flips = random.integers(2, size=3)
            yield (
                _crop(gt, top * scale, left * scale, gt_size, *flips),
                _crop(lq, top, left, size, *flips),
            )


def _reading(path: Path) -> lmdb.Environment:
    return lmdb.open(str(path), readonly=True, lock=False, readahead=False, meminit=False)


def _tile(env: lmdb.Environment, key: bytes) -> Floats:
    with env.begin(write=False) as txn:
        file = txn.get(key) or b""
    tile: Floats = np.asarray(cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR), np.float32)
    tile /= 255
    return tile


def _crop(bgr: Floats, top: int, left: int, size: int, across: int, down: int, turned: int) -> Floats:
    part = bgr[top : top + size, left : left + size]
    part = cv2.flip(part, 1) if across else part
    part = cv2.flip(part, 0) if down else part
    part = part.transpose(1, 0, 2) if turned else part
    rgb = cv2.cvtColor(part, cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(rgb.transpose(2, 0, 1))


def cpu_seconds() -> float:
    """User and system time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Prepare what the arguments name, and print what it took."""
    folder, output, scale = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    began = cpu_seconds()
    prepare(folder, output, scale)
    json.dump({"cpu": cpu_seconds() - began}, sys.stdout)


if __name__ == "__main__":
    main()
