"""BasicSR's own dataset class reads the exports, where the package is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srtui.config.project import Prepare
from srtui.data.datasets import Dataset
from srtui.data.names import read_rows
from tests.data.exporting import Export, fill
from tests.data.preparing import Preparation

paired = pytest.importorskip("basicsr.data.paired_image_dataset", reason="BasicSR is not here", exc_type=ImportError)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("basicsr")
    return Preparation(folder, fill(folder / "снимки"), prepare=Prepare(validation=1)).run()


def read(output: Path, split: str, backend: str, suffix: str = "", **options: Any) -> Any:
    """BasicSR's view of an export."""
    return paired.PairedImageDataset(
        {
            "dataroot_gt": str(output / split / f"gt{suffix}"),
            "dataroot_lq": str(output / split / f"lq{suffix}"),
            "io_backend": {"type": backend},
            "scale": 2,
            "phase": "val",
            **options,
        }
    )


def pairs(found: Any) -> list[tuple[bytes, bytes]]:
    """uint8 RGB of every pair, sorted."""
    images = [
        [np.round(each[part].numpy().transpose(1, 2, 0) * 255).astype(np.uint8) for part in ("gt", "lq")]
        for each in found
    ]
    return sorted((gt.tobytes(), lq.tobytes()) for gt, lq in images)


def test_it_reads_folders_of_whole_pictures(tmp_path: Path, dataset: Dataset) -> None:
    output = Export(tmp_path, dataset.folder, form="folders", size=0).run()
    for split in ("train", "val"):
        reader = dataset.reader(split)
        expected = [
            (reader.gt(row.name).tobytes(), reader.lq(row.name).tobytes())
            for row in read_rows(dataset.folder)
            if row.split == split
        ]
        assert pairs(read(output, split, "disk")) == sorted(expected)


def test_it_reads_the_same_tiles_from_folders_and_lmdb(tmp_path: Path, dataset: Dataset) -> None:
    tiles = Export(tmp_path / "tiles", dataset.folder).run()
    database = Export(tmp_path / "lmdb", dataset.folder, form="lmdb").run()
    found = read(database, "train", "lmdb", ".lmdb")
    assert len(found) == len(list((tiles / "train" / "gt").iterdir()))
    assert pairs(found) == pairs(read(tiles, "train", "disk"))


def test_its_training_crops_correspond(tmp_path: Path, dataset: Dataset) -> None:
    output = Export(tmp_path, dataset.folder, form="lmdb").run()
    crops = read(output, "train", "lmdb", ".lmdb", phase="train", gt_size=32, use_hflip=True, use_rot=True)
    for each in crops:
        assert tuple(each["gt"].shape) == (3, 32, 32)
        assert tuple(each["lq"].shape) == (3, 16, 16)
        means = [each[part].mean(dim=(1, 2)).numpy() for part in ("gt", "lq")]
        assert np.allclose(*means, atol=0.1)  # the same place: spoiled, but as bright
