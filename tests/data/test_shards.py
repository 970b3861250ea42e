"""Many machines make the dataset that one would have made: the same names, the same content, the same samples."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srtui.config.checks import Checks
from srtui.config.project import PairFolders, Pairs, Prepare
from srtui.config.reader import to_plain
from srtui.config.requests import VerifyRequest
from srtui.data import machines, verify
from srtui.data.datasets import Dataset, open_dataset
from srtui.data.making import PREPARING
from srtui.data.shards import line_name
from srtui.data.store import StoreReader
from srtui.data.stream import SampleStream
from srtui.errors import CheckFailedError, UsageError
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.folder import create
from tests.data.exporting import Export, files_of
from tests.data.many_machines import Machines, assert_same, fill
from tests.data.pictures_cases import save, smooth
from tests.data.preparing import Preparation

WORKER = [sys.executable, str(Path(__file__).parents[1] / "dying_worker.py")]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("many") / "снимки")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Dataset:
    return Preparation(tmp_path_factory.mktemp("alone"), photos).run()


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Dataset:
    return Machines(tmp_path_factory.mktemp("together"), photos).make()


def check(dataset: Dataset, tmp_path: Path) -> None:
    request = VerifyRequest(dataset=str(dataset.folder), threads=2)
    verify.run(JobContext(create(tmp_path / "jobs", "verify", to_plain(request)), resumed=False), request)


def test_shards_make_the_dataset_of_one_machine(together: Dataset, alone: Dataset, tmp_path: Path) -> None:
    assert alone.about.totals.rejected == 5
    assert together.about.shards == 3
    assert_same(together, alone)
    check(together, tmp_path)


def test_its_samples_are_those_of_one_machine(together: Dataset, alone: Dataset) -> None:
    taken = []
    for dataset in (together, alone):
        with closing(SampleStream(dataset, seed=3, gt_size=32, batch=4, threads=2)) as samples:
            taken.append([(batch.lq_bchw.copy(), batch.gt_bchw.copy()) for batch in islice(samples, 8)])
    for mine, theirs in zip(*taken, strict=True):
        assert np.array_equal(mine[0], theirs[0])
        assert np.array_equal(mine[1], theirs[1])


def test_its_exports_are_those_of_one_machine(together: Dataset, alone: Dataset, tmp_path: Path) -> None:
    mine, theirs = (Export(tmp_path / str(n), each.folder).run() for n, each in enumerate((together, alone)))
    assert files_of(mine) == files_of(theirs)


def test_damage_in_a_shard_is_found_and_named(photos: Path, tmp_path: Path) -> None:
    dataset = Machines(tmp_path, photos).make()
    reader = dataset.reader("train")
    name, old = reader.names[-1], reader.lq(reader.names[-1]).tobytes()
    del reader
    store = dataset.folder / "shards" / "0003-of-0003" / "pictures.lmdb"
    content = store.read_bytes()
    assert content.count(old) == 1
    store.write_bytes(content.replace(old, bytes([old[0] ^ 1]) + old[1:]))
    with pytest.raises(CheckFailedError, match=f"{name}/lq: its CRC32 is"):
        check(dataset, tmp_path)


@pytest.mark.parametrize("shards", [2, 20])
def test_any_number_of_shards_will_do(photos: Path, alone: Dataset, tmp_path: Path, shards: int) -> None:
    assert_same(Machines(tmp_path, photos, shards=shards, threads=1).make(), alone)


def test_live_pictures_that_change_sides_get_their_lq(photos: Path, tmp_path: Path) -> None:
    options = {"prepare": Prepare(validation=3, seed=0, degradation_mode="live", checks=Checks(duplicates="exact"))}
    alone = Preparation(tmp_path / "alone", photos, **options).run()
    together = Machines(tmp_path / "together", photos, shards=4, **options).make()
    assert_same(together, alone)
    check(together, tmp_path)
    assert (together.folder / "shards" / "moved.lmdb").exists()
    for name in together.reader("val").names:
        assert np.array_equal(together.reader("val").lq(name), alone.reader("val").lq(name))
    with pytest.raises(KeyError):
        together.reader("train").lq(together.reader("train").names[0])


def test_pairs_find_their_partners_on_every_machine(tmp_path: Path) -> None:
    for number in range(6):
        lq_hwc = smooth(48, 64, seed=number)
        save(tmp_path / "lq" / f"{number}.png", lq_hwc)
        save(tmp_path / "gt" / f"{number}.png", lq_hwc.repeat(2, axis=0).repeat(2, axis=1))
    pairs = Pairs(pairs=PairFolders(gt=str(tmp_path / "gt"), lq=str(tmp_path / "lq")), insist=True)
    alone = Preparation(tmp_path / "alone", pairs).run()
    assert_same(Machines(tmp_path / "together", pairs).make(), alone)


# In which function of which module, at which call, the second of two machines is killed.
MOMENTS = [
    ("srtui.data.shard_making", "_Journal.sync", 3),  # seen, but not stored
    ("srtui.data.joining", "Decisions.decide", 5),  # while they are joined
]
MORE_MOMENTS = [
    ("srtui.data.shard_making", "StoreWriter.commit", 2),  # between two pictures
    ("srtui.data.shard_making", "_parts", 2),  # while it sums up
    ("srtui.data.joining", "write_rejected", 1),
    ("srtui.data.joining", "seal", 1),
    ("srtui.data.prepare", "report", 1),
]


@pytest.mark.parametrize(("module", "function", "count"), MOMENTS)
def test_a_kill_changes_nothing(
    photos: Path, alone: Dataset, tmp_path: Path, module: str, function: str, count: int
) -> None:
    made = Machines(tmp_path, photos, shards=2)
    made.run(1)
    folder = made.create(2)
    command = [*WORKER, str(folder.path), module, function, str(count)]
    done = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    made.run(2, folder)
    assert_same(open_dataset(made.one.dataset), alone)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("module", "function", "count"), MORE_MOMENTS)
def test_a_kill_at_any_step_changes_nothing(
    photos: Path, alone: Dataset, tmp_path: Path, module: str, function: str, count: int
) -> None:
    test_a_kill_changes_nothing(photos, alone, tmp_path, module, function, count)


def test_the_last_shard_joins_and_the_others_say_what_is_missing(photos: Path, alone: Dataset, tmp_path: Path) -> None:
    made = Machines(tmp_path, photos)
    results = [made.run(shard) for shard in (2, 3)]
    assert [(each["state"], each["shard"], each["missing"]) for each in results if each] == [
        ("shard made", "2/3", 2),
        ("shard made", "3/3", 1),
    ]
    with pytest.raises(UsageError, match="1 of 3 shards are not made: 1/3") as caught:
        made.run(0)
    assert "--shard 1/3" in caught.value.hint
    with pytest.raises(UsageError, match="is being prepared in shards"):
        machines.run(JobContext(made.one.create(), resumed=False), made.one.request)
    last = made.run(1)
    assert last is not None
    assert (last["state"], last["content"]) == ("joined", alone.about.content.all)
    again = made.run(1)
    assert again is not None
    assert again["state"] == "unchanged"


def test_a_shard_that_another_machine_made_meanwhile_is_left(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, held, waited = Machines(tmp_path, photos, shards=2), machines._held, list[str]()

    @contextmanager
    def late(job: JobContext, path: Path, what: str) -> Iterator[None]:
        if not waited:
            waited.append(what)
            made.run(1)
        with held(job, path, what):
            yield

    monkeypatch.setattr(machines, "_held", late)
    result = made.run(1)
    assert waited == ["shard 1/2"]
    assert result is not None
    assert (result["state"], result["missing"]) == ("shard made", 1)


def test_beginning_anew_removes_the_shards(photos: Path, alone: Dataset, tmp_path: Path) -> None:
    made = Machines(tmp_path, photos)
    made.make()
    with pytest.raises(UsageError, match="many machines cannot each begin anew"):
        made.run(1, fresh=True)
    request = dataclasses.replace(made.one.request, fresh=True)
    machines.run(JobContext(made.one.create(fresh=True), resumed=False), request)
    assert not (made.one.dataset / "shards").exists()
    assert_same(open_dataset(made.one.dataset), alone)


def test_shards_of_another_plan_are_not_joined(photos: Path, tmp_path: Path) -> None:
    made = Machines(tmp_path, photos)
    for shard in (1, 2):
        made.run(shard)
    csv = made.one.dataset / "shards" / "0002-of-0003" / "made.csv"
    csv.write_text("".join(csv.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(Exception, match=r"the plan has line \d+ where shards have line \d+"):
        made.run(3)


class Interrupted(JobContext):
    """A job that is asked to stop when its second line is done."""

    name = ""

    def phase(self, name: str, *, quiet: float = 60.0) -> None:
        super().phase(name, quiet=quiet)
        self.name = name

    def progress(self, done: int, total: int, unit: str, **figures: Any) -> None:
        super().progress(done, total, unit, **figures)
        if self.name == PREPARING and done == 2:
            self.interrupt()


def test_a_shard_that_is_stopped_keeps_what_it_has_made(photos: Path, alone: Dataset, tmp_path: Path) -> None:
    made = Machines(tmp_path, photos, shards=2, threads=1)
    folder = made.create(1)
    request = dataclasses.replace(made.one.request, shards=2, shard=1)
    with pytest.raises(Stopped):
        machines.run(Interrupted(folder, resumed=False), request)
    store = made.one.dataset / "shards" / "0001-of-0002" / "pictures.lmdb"
    assert StoreReader(store).names == [line_name(1)]  # line 0 is no picture
    made.run(1, folder)
    made.run(2)
    assert_same(open_dataset(made.one.dataset), alone)
