"""The shipped degradations make datasets, fixed and live, that do not depend on the number of threads."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from srtui.config import shipped
from srtui.config.project import Prepare
from srtui.data.stream import SampleStream
from tests.data.preparing import Preparation, fill

NAMES = ["minidv", "real-esrgan"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_is_the_same_for_any_number_of_threads(tmp_path: Path, name: str) -> None:
    found = shipped.degradation(name, Path())
    photos = fill(tmp_path / "photos", 5)
    made = [
        Preparation(tmp_path / str(threads), photos, degradation=found, threads=threads).run() for threads in (1, 4)
    ]
    assert made[0].about.content == made[1].about.content


@pytest.mark.parametrize("name", NAMES)
def test_live_samples_are_the_same_for_any_number_of_threads(tmp_path: Path, name: str) -> None:
    settings = Prepare(validation=1, degradation_mode="live")
    photos = fill(tmp_path / "photos", 4)
    dataset = Preparation(tmp_path, photos, degradation=shipped.degradation(name, Path()), prepare=settings).run()

    def take(threads: int) -> list[bytes]:
        with closing(SampleStream(dataset, seed=1, gt_size=48, batch=2, threads=threads)) as samples:
            return [batch.lq_bchw.tobytes() + batch.gt_bchw.tobytes() for batch in islice(samples, 4)]

    one = take(1)
    assert take(3) == one
    assert len(set(one)) == 4
