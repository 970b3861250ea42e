"""Shards on a Dask cluster: each is a task, and when a machine is lost, another goes on with its shard.

Each shard has a folder like a job's below the folder of this one: so its progress is seen, and it can be stopped,
through files alone. Dask is an optional extra: ``pip install 'srtui[cluster]'``.
"""

from __future__ import annotations

import dataclasses
import json
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from srtui.config.reader import from_plain, to_plain
from srtui.config.requests import PrepareRequest
from srtui.data.joining import missing_shards
from srtui.data.machines import make_one, open_plan
from srtui.data.making import PREPARING
from srtui.data.plan import Head
from srtui.data.shard_making import is_made
from srtui.data.shards import shard_lines
from srtui.errors import MachineError, NothingUsableError, SrtuiError, UsageError, from_os_error
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.control import ask, withdraw
from srtui.jobs.folder import JobFolder, read_json

_TICK = 0.5
CONNECTING = 30
"""Seconds that a scheduler has to answer, and to write its file."""


def make_shards(job: JobContext, request: PrepareRequest, folder: Path, head: Head) -> None:
    """Make what is missing on the cluster; returns when every shard is there.

    Raises
    ------
    MachineError
        If Dask is not installed, the scheduler does not answer, or machines are lost again and again.
    """
    missing = missing_shards(folder, request.shards)
    if not missing:
        return
    try:
        from distributed import Client
    except ImportError:
        raise MachineError("--scheduler", "Dask is not installed", hint="pip install 'srtui[cluster]'") from None
    job.phase("asking the cluster", quiet=2 * CONNECTING)
    try:
        client = Client(_address(job, request.scheduler), timeout=CONNECTING, set_as_default=False)
    except (OSError, ValueError) as error:
        fact = f"does not answer ({error})"
        raise MachineError(request.scheduler, fact, hint="dask scheduler starts one, and prints its address") from None
    with client:
        futures = {
            number: client.submit(
                make_remotely, *_task(job, request, number), pure=False, key=f"{job.folder.id}-{number}"
            )
            for number in missing
        }
        try:
            _wait(job, request, folder, head, futures)
        except (Stopped, SrtuiError):  # else the others would go on for hours, and hold what the next run needs
            _stop(job, futures)
            raise


def make_remotely(job_folder: str, request: dict[str, Any]) -> dict[str, Any]:
    """Make one shard, on whatever machine this runs.

    Returns
    -------
    ``state``: made, stopped or failed, and for a failure ``code`` and ``told``: plain values, since exceptions of one
    machine cannot always be read on another.
    """
    job = JobContext(JobFolder(Path(job_folder)), resumed=True)
    try:
        asked = from_plain(PrepareRequest, request, where=job_folder)
        sources, head = open_plan(job, asked)
        make_one(job, asked, Path(asked.dataset), sources, head)
    except Stopped:
        return {"state": "stopped"}
    except SrtuiError as error:
        return _failure(error)
    except OSError as error:
        return _failure(from_os_error(error, job_folder))
    except Exception as error:  # noqa: BLE001 - whatever it is must reach the job that asked for it
        (job.folder.log).write_text(traceback.format_exc(), encoding="utf-8")
        return _failure(SrtuiError(job_folder, f"{type(error).__name__}: {error}", where=job.folder.log))
    return {"state": "made"}


def _failure(error: SrtuiError) -> dict[str, Any]:
    return {"state": "failed", "code": error.exit_code, "told": [error.subject, error.fact, error.where, error.hint]}


def _address(job: JobContext, scheduler: str) -> str:
    """Address, which may stand in a file that the scheduler writes (``dask scheduler --scheduler-file X.json``)."""
    if not scheduler.endswith(".json"):
        return scheduler
    deadline = time.monotonic() + CONNECTING
    while not Path(scheduler).is_file():
        job.check()
        if time.monotonic() > deadline:
            raise OSError(f"there is no such file after {CONNECTING} s")
        time.sleep(_TICK)
    return str(json.loads(Path(scheduler).read_text(encoding="utf-8"))["address"])


def _task(job: JobContext, request: PrepareRequest, number: int) -> tuple[str, dict[str, Any]]:
    """Folder that the shard reports to, and what it is asked."""
    folder = _shard_job(job, number)
    folder.control.mkdir(parents=True, exist_ok=True)
    withdraw(folder, "stop")
    return str(folder.path), to_plain(dataclasses.replace(request, shard=number, scheduler=""))


def _shard_job(job: JobContext, number: int) -> JobFolder:
    return JobFolder(job.folder.path / "shards" / f"{number:04d}")


def _wait(job: JobContext, request: PrepareRequest, folder: Path, head: Head, futures: Mapping[int, Any]) -> None:
    """Show how far all are until they are finished, or one has failed."""
    job.phase("preparing pictures on the cluster", quiet=300)
    total = head.train + head.val + head.refused
    while True:
        job.check()
        left = [number for number, future in futures.items() if not future.done()]
        for number, future in futures.items():
            if future.done():
                _raise_failure(number, future)
        done = sum(_done(job, request, folder, head, number) for number in range(1, request.shards + 1))
        job.progress(done, total, "pictures", shards_left=len(left))
        if not left:
            return
        time.sleep(_TICK)


def _raise_failure(number: int, future: Any) -> None:
    if future.status != "finished":
        hint = "look at the logs of the Dask workers; then srtui resume goes on"
        raise MachineError(f"shard {number}", f"was lost by the cluster again and again ({future.status})", hint=hint)
    result: dict[str, Any] = future.result()
    if result["state"] == "failed":
        subject, fact, where, hint = result["told"]
        kind = {2: UsageError, 3: NothingUsableError, 4: MachineError}.get(result["code"], SrtuiError)
        raise kind(subject, f"{fact} (shard {number})", where=where, hint=hint)


def _done(job: JobContext, request: PrepareRequest, folder: Path, head: Head, number: int) -> int:
    """Lines of a shard that are done, as far as it has said."""
    lines = len(shard_lines(head, number, request.shards))
    if is_made(folder, number, request.shards):
        return lines
    status: dict[str, Any] = {}
    with suppress(SrtuiError):
        status = read_json(_shard_job(job, number).status) or {}
    return min(int(status.get("done", 0)), lines) if status.get("phase") == PREPARING else 0


def _stop(job: JobContext, futures: Mapping[int, Any]) -> None:
    """Let what runs keep what it has made, and drop what has not begun."""
    job.phase("stopping the shards", quiet=300)
    for number, future in futures.items():
        if not future.done():
            ask(_shard_job(job, number), "stop")
    deadline = time.monotonic() + 60
    while not all(future.done() for future in futures.values()) and time.monotonic() < deadline:
        time.sleep(_TICK)
