"""A Dask cluster makes the dataset of one machine, although one of its two workers is killed midway."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from srtui.data.datasets import open_dataset
from srtui.errors import MachineError
from srtui.jobs import control
from srtui.jobs.folder import JobFolder, read_json
from tests.data.many_machines import Machines, assert_same, fill
from tests.data.preparing import Preparation

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'srtui[cluster]'")

WORKER = [sys.executable, str(Path(__file__).parents[1] / "dying_worker.py")]
DYING = Path(__file__).with_name("dying_cluster.py")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("cluster") / "снимки")


@contextmanager
def process(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as started:
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(timeout=20)
            except subprocess.TimeoutExpired:
                started.kill()


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, on this machine only; gives the address and the workers."""
    file = folder / "scheduler.json"
    here = ["--host", "127.0.0.1", "--scheduler-file", str(file)]
    with ExitStack() as stack:
        scheduler = ["distributed.cli.dask_scheduler", *here, "--port", "0", "--dashboard-address", "127.0.0.1:0"]
        stack.enter_context(process(*scheduler))
        worker = [
            "distributed.cli.dask_worker",
            *here,
            "--no-nanny",
            "--nthreads",
            "1",
            "--dashboard-address",
            "127.0.0.1:0",
            "--local-directory",
            str(folder),
            "--preload",
            str(DYING),
        ]
        workers = [stack.enter_context(process(*worker, SRTUI_TEST_DYING=str(folder / "died"))) for _ in range(2)]
        yield str(file), workers


def test_a_worker_that_is_killed_changes_nothing(photos: Path, tmp_path: Path) -> None:
    alone = Preparation(tmp_path / "alone", photos).run()
    made = Machines(tmp_path / "together", photos, shards=4, threads=1)
    with cluster(tmp_path) as (address, workers):
        job = made.create(0, scheduler=address)
        done = subprocess.run(
            [sys.executable, "-m", "srtui.worker", str(job.path)], check=False, capture_output=True, timeout=90
        )
        assert done.returncode == 0, done.stderr.decode()
        codes = sorted(worker.poll() or 0 for worker in workers)
    assert codes == [-signal.SIGKILL, 0]
    dataset = open_dataset(made.one.dataset)
    assert dataset.about.shards == 4
    assert_same(dataset, alone)


def test_a_cluster_that_is_not_there_is_the_machines_fault(photos: Path, tmp_path: Path) -> None:
    made = Machines(tmp_path, photos, shards=2)
    job = made.create(0, scheduler="tcp://127.0.0.1:9")
    done = subprocess.run(
        [*WORKER, str(job.path), "srtui.worker", "main", "0", "srtui.data.cluster.CONNECTING=1"],
        check=False,
        capture_output=True,
        timeout=90,
    )
    ending = read_json(job.exit)
    assert ending is not None
    assert (done.returncode, ending["code"]) == (4, 4)
    assert "does not answer" in ending["error"]


def test_a_shard_that_fails_stops_the_others(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards: list[Shard] = []

    class Shard:
        """The first has failed, the others work until they are asked to stop."""

        status = "finished"

        def __init__(self, folder: str, asked: dict[str, Any]) -> None:
            self.folder, self.number = JobFolder(Path(folder)), asked["shard"]
            shards.append(self)

        def done(self) -> bool:
            return self.number == 1 or control.asked(self.folder, "stop")

        def result(self) -> dict[str, Any]:
            return {"state": "failed", "code": 4, "told": ["disk", "is full", None, "free some room"]}

    class Cluster(nullcontext[None]):
        def __init__(self, *_address: object, **_options: object) -> None:
            super().__init__()

        def submit(self, _function: object, folder: str, asked: dict[str, Any], **_options: object) -> Shard:
            return Shard(folder, asked)

    monkeypatch.setattr("distributed.Client", Cluster)
    with pytest.raises(MachineError, match=r"disk: is full \(shard 1\)"):
        Machines(tmp_path, photos, shards=3).run(0, scheduler="tcp://127.0.0.1:9")
    assert [shard.done() for shard in shards] == [True] * 3
