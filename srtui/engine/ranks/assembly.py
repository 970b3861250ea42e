"""Getting the ranks of a training together: one alone, processes started here, or those that a launcher started."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.distributed as dist
from torch.distributed import FileStore, PrefixStore  # type: ignore[attr-defined] # public, but not in __all__

from srtui.config.requests import TrainRequest
from srtui.engine.device import pick_device, use_threads
from srtui.engine.ranks import children, launcher
from srtui.engine.ranks.follower import Follower, Place, order
from srtui.engine.ranks.introductions import introduce
from srtui.engine.ranks.lines import Line, Lines, Owner, RankLostError
from srtui.engine.ranks.many import Many
from srtui.engine.ranks.protocol import Alone, Ranks
from srtui.engine.reservation import device_names, reserved
from srtui.errors import SrtuiError
from srtui.hardware.gpu_list import devices_of
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.room import log

PATIENCE = timedelta(hours=1)
"""Time limit of one exchange of tensors. The lines notice a lost rank much sooner; this ends what nobody foresaw."""
_LOOPBACK = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
"""Ranks of one machine meet on it alone: nothing of them is open to the network."""


def together(job: JobContext, request: TrainRequest) -> AbstractContextManager[Ranks]:
    """Reserve this process's GPU and meet the other ranks, if there are any; leave them when the block ends.

    Without a launcher, ``request.gpus`` says who trains: rank 0 is this process and starts the others, which run the
    same trainer with a `Follower` for a job. Under a launcher (see `launcher`), every rank is there already.

    Raises
    ------
    UsageError
        If the request and the launcher contradict each other.
    MachineError
        If a device does not work, or the ranks' devices do not go together.
    DeviceBusyError
        If another training holds one of the GPUs.
    Stopped
        If asked to stop meanwhile.
    RankLostError
        From the block too: if another rank ended, with its reason and its exit code.
    """
    launch = launcher.launch_of(os.environ)
    if isinstance(job, Follower):
        return _following(job, request, launch)
    if launch is not None:
        return _leading_launched(job, request, launch)
    devices = devices_of(request.gpus, torch.cuda.device_count) or (request.device,)
    return _leading_children(job, request, devices) if len(devices) > 1 else _alone(job, request, devices[0])


@contextmanager
def _alone(job: JobContext, request: TrainRequest, name: str) -> Iterator[Ranks]:
    device = pick_device(name)
    with reserved(job, device_names(device), wait=request.wait):
        yield Alone(device, use_threads(request.threads))


@contextmanager
def _leading_children(job: JobContext, request: TrainRequest, devices: tuple[str, ...]) -> Iterator[Ranks]:
    """As rank 0: start the others on this machine. Their GPUs are held here: they do not outlive this process."""
    for name, value in _LOOPBACK.items():
        os.environ.setdefault(name, value)
    with (
        reserved(job, device_names(*map(torch.device, devices)), wait=request.wait),
        TemporaryDirectory(prefix="srtui-ranks-") as scratch,
        children.started(devices[1:]) as started,
    ):
        place = Place(rank=0, count=len(devices), device=devices[0], store=str(Path(scratch) / "store"))
        for child, device in zip(started, devices[1:], strict=True):
            child.line.say(**order(job, request, replace(place, rank=child.line.rank, device=device)))
        by_rank = {child.line.rank: child for child in started}
        with (
            _led(job, [child.line for child in started], lambda line, seen: by_rank[line.rank].blame(seen)) as lines,
            _ready(job, request, place, lines) as ranks,
        ):
            yield ranks


@contextmanager
def _leading_launched(job: JobContext, request: TrainRequest, launch: launcher.Launch) -> Iterator[Ranks]:
    """As rank 0: wait for the others, which a launcher starts."""
    place = Place(rank=0, count=launch.count, device=launcher.device_under(launch, request.device, request.gpus))
    job.phase("waiting for ranks", quiet=launcher.PATIENCE)
    to_all = launcher.welcome(launch, launcher.store_of())
    for line in to_all:
        line.say(**order(job, request, replace(place, rank=line.rank, device="")))
    with _led(job, to_all, _blame) as lines, _ready(job, request, place, lines) as ranks:
        yield ranks


@contextmanager
def _following(job: Follower, request: TrainRequest, launch: launcher.Launch | None) -> Iterator[Ranks]:
    """As any other rank."""
    assert job.lines is not None  # it has joined
    place = job.place
    if launch is not None:
        place = replace(place, device=launcher.device_under(launch, request.device, request.gpus))
    with _ready(job, request, place, job.lines) as ranks:
        yield ranks


def _blame(line: Line, seen: str) -> SrtuiError:
    hint = "see the launcher's output of that rank; resume continues from the last checkpoint"
    return RankLostError(line.name, f"gone ({seen})", hint=hint)


@contextmanager
def _led(job: JobContext, to_all: list[Line], blame: Callable[[Line, str], SrtuiError]) -> Iterator[Lines]:
    """Hold the lines as rank 0, and tell everybody how it ended."""
    lines = Lines(to_all, Owner(job=job, blame=blame, give_up=lambda error: _give_up(job, error)))
    try:
        yield lines
    except Stopped:
        lines.end()
        raise
    except BaseException as error:
        why = lines.explain(error)
        lines.end(why.exit_code if isinstance(why, SrtuiError) else 1)
        if why is error:
            raise
        raise why from error
    lines.end()


def _give_up(job: JobContext, error: SrtuiError) -> None:
    """Thread of rank 0: say why, and end; the main thread waits for a rank that will not come."""
    log(str(error))
    try:
        job.end("failed", error.exit_code, str(error))
    finally:
        os._exit(error.exit_code)


@contextmanager
def _ready(job: JobContext, request: TrainRequest, place: Place, lines: Lines) -> Iterator[Many]:
    """From here on, rank 0 and the others do the same."""
    device = pick_device(place.device)
    ranks = Many(place.rank, place.count, lines, device)
    ranks.threads = use_threads(introduce(job, ranks, request.threads))
    mine = [] if place.store else device_names(device)  # children's GPUs are held by rank 0
    with reserved(job, mine, wait=request.wait):
        ranks.any(False)  # all GPUs are there, or nobody begins
        with _process_group(ranks, place.store):
            yield ranks


@contextmanager
def _process_group(ranks: Many, store: str) -> Iterator[None]:
    where = FileStore(store, ranks.count) if store else launcher.store_of()
    dist.init_process_group(
        backend="nccl" if ranks.device.type == "cuda" else "gloo",
        store=PrefixStore("srtui/group", where),
        rank=ranks.rank,
        world_size=ranks.count,
        timeout=PATIENCE,
        device_id=ranks.device if ranks.device.type == "cuda" else None,
    )
    try:
        yield
        ranks.any(False)  # nobody hangs up while another still listens
    except Stopped:
        dist.destroy_process_group()
        raise
    dist.destroy_process_group()  # not after an error: NCCL would wait for a rank that is gone
