"""Whatever ends a preparation, and whenever: the next run goes on, and the dataset is as if nothing had been."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from srtui.config.checks import Checks
from srtui.config.project import Lmdb, Prepare, Synthetic, SyntheticPictures, Video
from srtui.data.datasets import Content, open_dataset
from srtui.data.store import StoreReader
from srtui.jobs.folder import JobFolder, read_json
from tests.data.preparing import Preparation, fill
from tests.data.test_shelves import png, write_lmdb
from tests.footage.tapes import Scene, Tape, make_tape

WORKER = [sys.executable, str(Path(__file__).parents[1] / "dying_worker.py")]

NEVER = ("srtui.worker", "main", 0)

# In which function of which module, at which call, the worker is killed.
MOMENTS = [
    ("srtui.data.making", "StoreWriter.commit", 4),  # before a commit
    ("srtui.data.decisions", "EventWriter.write", 2),  # as the second damaged picture is found
    ("srtui.data.reports", "zip_longest", 1),  # in the middle of writing names.csv
    ("srtui.data.prepare", "report", 1),  # after the last file
]
MORE_MOMENTS = [
    ("srtui.data.planning", "_remember", 4),  # while it looks at the sources
    ("srtui.data.planning", "_lines", 1),  # in the middle of writing the plan
    ("srtui.data.prepare", "make_pictures", 1),  # before the first picture
    ("srtui.data.making", "StoreWriter.add_values", 5),  # between two pictures
    ("srtui.data.making", "Decisions.decide", 7),  # before a copy is found
    ("srtui.data.decisions", "os.write", 4),  # as a signature is recorded
    ("srtui.data.prepare", "write_names", 1),  # as everything is in the stores
    ("srtui.data.prepare", "write_dataset", 1),  # before the last file
    ("srtui.data.prepare", "forget", 1),  # after it
]


def run_worker(folder: JobFolder, *arguments: object, **options: object) -> int:
    """Work on a job in a process of its own; gives its exit code, negative for a signal."""
    command = [*WORKER, str(folder.path), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, timeout=120, **options).returncode


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures, two of them damaged in a way that shows late; an equal copy, and one saved as JPEG."""
    folder = fill(tmp_path_factory.mktemp("sources") / "мои снимки")
    with Image.open(folder / "снимок 03.png") as picture:
        picture.save(folder / "снимок 06 copy.bmp")
        picture.save(folder / "снимок 06 copy.jpg", quality=60)
    for name in ("снимок 02.png", "снимок 05.png"):
        (folder / name).write_bytes((folder / name).read_bytes()[:-50])
    (folder / "text.png").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Preparation:
    """What an uninterrupted preparation makes."""
    preparation = Preparation(tmp_path_factory.mktemp("whole"), photos)
    preparation.run()
    return preparation


def assert_same(preparation: Preparation, content: Content, whole: Preparation) -> None:
    assert content == open_dataset(whole.dataset).about.content
    for name in ("names.csv", "rejected.csv"):
        assert (preparation.dataset / name).read_bytes() == (whole.dataset / name).read_bytes()
    files = {path.name for path in preparation.dataset.iterdir()}
    assert files == {path.name for path in whole.dataset.iterdir()}


@pytest.mark.parametrize(("module", "function", "count"), MOMENTS)
def test_a_kill_changes_nothing(
    tmp_path: Path, photos: Path, whole: Preparation, module: str, function: str, count: int
) -> None:
    preparation = Preparation(tmp_path, photos)
    folder = preparation.create()
    assert run_worker(folder, module, function, count) == -signal.SIGKILL
    assert_same(preparation, preparation.resume().about.content, whole)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("module", "function", "count"), MORE_MOMENTS)
def test_a_kill_at_any_step_changes_nothing(
    tmp_path: Path, photos: Path, whole: Preparation, module: str, function: str, count: int
) -> None:
    test_a_kill_changes_nothing(tmp_path, photos, whole, module, function, count)


def test_a_resumed_job_does_not_start_over_although_it_was_asked_to(
    tmp_path: Path, photos: Path, whole: Preparation
) -> None:
    preparation = Preparation(tmp_path, photos)
    preparation.run()
    folder = preparation.create(fresh=True)
    made = []
    for _ in range(2):
        assert run_worker(folder, "srtui.data.making", "StoreWriter.add_values", 2) == -signal.SIGKILL
        made.append(sum(len(StoreReader(preparation.dataset / name).names) for name in ("train.lmdb", "val.lmdb")))
    assert made == [1, 2]
    assert_same(preparation, preparation.resume().about.content, whole)


def test_a_full_disk_ends_with_its_code_and_the_next_run_goes_on(
    tmp_path: Path, photos: Path, whole: Preparation
) -> None:
    preparation = Preparation(tmp_path, photos)
    folder = preparation.create()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    assert run_worker(folder, *NEVER, preexec_fn=limit) == 4
    ending = read_json(folder.exit)
    assert ending is not None
    assert (ending["outcome"], ending["code"]) == ("failed", 4)
    assert "no room left on the disk" in ending["error"]
    assert StoreReader(preparation.dataset / "train.lmdb").names
    assert_same(preparation, preparation.resume().about.content, whole)


LIVE = Prepare(validation=3, degradation_mode="live", checks=Checks(duplicates="keep"))


@pytest.mark.parametrize(
    ("module", "function", "count"),
    [
        ("srtui.data.making", "StoreWriter.commit", 6),
        pytest.param("srtui.data.decisions", "EventWriter.write", 3, marks=pytest.mark.exhaustive),  # a copy moves
        pytest.param("srtui.data.making", "StoreWriter.add_values", 8, marks=pytest.mark.exhaustive),
    ],
)
def test_a_kill_changes_nothing_where_copies_are_kept_and_lq_is_live(
    tmp_path: Path, photos: Path, module: str, function: str, count: int
) -> None:
    whole = Preparation(tmp_path / "whole", photos, prepare=LIVE)
    whole.run()
    preparation = Preparation(tmp_path, photos, prepare=LIVE)
    assert run_worker(preparation.create(), module, function, count) == -signal.SIGKILL
    assert_same(preparation, preparation.resume().about.content, whole)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(10))
def test_a_kill_at_a_random_moment_changes_nothing(tmp_path: Path, photos: Path, whole: Preparation, seed: int) -> None:
    preparation = Preparation(tmp_path, photos)
    folder = preparation.create()
    command = [*WORKER, str(folder.path), *map(str, NEVER)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (preparation.dataset / "lock").exists():
            time.sleep(0.001)
        time.sleep(random.Random(seed).uniform(0, 0.5))
        process.kill()
    assert_same(preparation, preparation.resume().about.content, whole)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_a_random_moment_changes_nothing_with_every_kind_of_source(
    tmp_path: Path, photos: Path, seed: int
) -> None:
    database = write_lmdb(tmp_path / "db.lmdb", {f"{name}_s001": png(60 + name) for name in range(5)})
    film = make_tape(tmp_path / "film.mkv", Tape(scenes=[Scene(frames=20, seed=each) for each in range(3)]))
    made = SyntheticPictures(synthetic=Synthetic(pictures=4, width=96, height=64))
    sources = (photos, Lmdb(lmdb=str(database)), Video(video=str(film), frames=6), made)
    whole = Preparation(tmp_path / "whole", *sources, prepare=LIVE)
    whole.run()
    preparation = Preparation(tmp_path, *sources, prepare=LIVE)
    command = [*WORKER, str(preparation.create().path), *map(str, NEVER)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (preparation.dataset / "lock").exists():
            time.sleep(0.001)
        time.sleep(random.Random(seed).uniform(0, 2))
        process.kill()
    assert_same(preparation, preparation.resume().about.content, whole)
