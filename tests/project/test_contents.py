"""`dataset info` tells what the files of a dataset say, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srtui.cli import run
from srtui.data.datasets import VERSION as WRITTEN
from srtui.errors import UsageError
from srtui.project.contents import VERSION, read_contents
from tests.data.pictures_cases import save, smooth
from tests.data.preparing import Preparation


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven pictures, two to validate on; three files that are none."""
    root = tmp_path_factory.mktemp("contents")
    for number in range(7):
        save(root / "снимки" / f"{number}.png", smooth(64 + 16 * number, 96, seed=number))
    for name in ("one.png", "two.png"):
        (root / "снимки" / name).write_text("no picture")
    save(root / "снимки" / "tiny.png", smooth(40, 50))
    return Preparation(root, root / "снимки").run().folder


def test_the_numbers_are_those_of_the_dataset(folder: Path) -> None:
    found = read_contents(folder)
    assert (found.scale, found.degradation, found.shards, found.version) == (2, "test", 1, WRITTEN)
    assert {name: split.pictures for name, split in found.splits.items()} == {"train": 5, "val": 2}
    assert sum(split.scenarios["blocks"] for split in found.splits.values()) in {3, 4}
    assert found.sources == {str(folder.parent / "снимки"): 7}
    assert (found.rejected, found.reasons["too small"]) == (3, 1)
    assert sorted(found.reasons.values()) == [1, 2]
    pixels = sum((64 + 16 * number) * 96 for number in range(7))
    assert sum(split.megapixels for split in found.splits.values()) == pytest.approx(pixels / 1e6, abs=0.002)
    ordered = [split.smallest <= split.median <= split.largest for split in found.splits.values()]
    assert ordered == [True, True]
    assert found.disk >= sum(path.stat().st_blocks * 512 for path in folder.glob("*.lmdb"))


def test_people_and_programs_read_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dataset", "info", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["content"] == read_contents(folder).content
    assert run(["dataset", "info", str(folder)]) == 0
    text = capsys.readouterr().out
    for part in ("train        5 pictures", "blocks (", "too small", told["content"], "rejected.csv"):
        assert part in text


def test_what_is_no_dataset_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no dataset here"):
        read_contents(tmp_path)
    (tmp_path / "plan.jsonl").touch()
    with pytest.raises(UsageError, match="not whole yet"):
        read_contents(tmp_path)
    (tmp_path / "dataset.yml").write_text(f"version: {VERSION + 1}\n")
    with pytest.raises(UsageError, match=f"format {VERSION + 1}, this srtui reads up to {VERSION}"):
        read_contents(tmp_path)


def test_it_reads_every_format_that_is_written() -> None:
    assert VERSION == WRITTEN
