"""Before the work begins, ranks tell each other what they compute on: what cannot work is an error at once."""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch

from srtui.engine.ranks.protocol import Ranks
from srtui.engine.reservation import device_names
from srtui.errors import MachineError
from srtui.jobs.context import JobContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """What a rank says of itself."""

    pid: int
    host: str
    cores: tuple[int, ...]
    """CPU cores that it may use."""
    device: str
    """As torch calls it there: ``cuda:0``."""
    name: str = ""
    """Of the GPU."""
    memory: int = 0
    """Of the GPU, in bytes."""
    id: str = ""
    """Of the GPU: the same for whoever uses it."""

    @property
    def words(self) -> str:
        """``cuda:0 NVIDIA GeForce RTX 3090, 24 GiB``."""
        return f"{self.device} {self.name}, {self.memory / 2**30:.0f} GiB" if self.name else self.device


def introduce(job: JobContext, ranks: Ranks, threads: int) -> int:
    """Compare what the ranks compute on, and tell the user; gives the number of CPU threads for this one.

    Parameters
    ----------
    threads
        Asked for per rank; 0: the cores, dealt among the ranks that share them.

    Raises
    ------
    MachineError
        If they cannot train together: GPUs and CPUs, or two on one GPU.
    """
    said = ranks.gather(json.dumps(asdict(_own(ranks.device))).encode())
    answer = b""
    if ranks.rank == 0:
        all_ranks = [Introduction(**{**json.loads(each), "cores": tuple(json.loads(each)["cores"])}) for each in said]
        check(all_ranks)
        _announce(job, all_ranks)
        answer = json.dumps([threads or each for each in shared_threads(all_ranks)]).encode()
    return int(json.loads(ranks.share(answer))[ranks.rank])


def _own(device: torch.device) -> Introduction:
    here = {"pid": os.getpid(), "host": socket.gethostname(), "device": str(device)}
    cores = tuple(sorted(os.sched_getaffinity(0)))
    if device.type == "cpu":
        return Introduction(**here, cores=cores)  # type: ignore[arg-type] # the three are of their fields' types
    about = torch.cuda.get_device_properties(device)
    (name,) = device_names(device)
    return Introduction(**here, cores=cores, name=about.name, memory=about.total_memory, id=name)  # type: ignore[arg-type] # likewise


def check(ranks: Sequence[Introduction]) -> None:
    """Raise MachineError if they cannot train together."""
    first = ranks[0]
    for rank, each in enumerate(ranks):
        if each.device.partition(":")[0] != first.device.partition(":")[0]:
            fact = f"rank 0 computes on {first.device}, rank {rank} on {each.device} ({each.host})"
            raise MachineError("ranks", fact, hint="give --device cpu, or mend the GPU that is not found: srtui doctor")
    places: dict[tuple[str, str], int] = {}
    for rank, each in enumerate(ranks):
        other = places.setdefault((each.host, each.id), rank) if each.id else rank
        if other != rank:
            fact = f"ranks {other} and {rank} both compute on it ({each.host})"
            hint = "start one process for each GPU, and set LOCAL_RANK"
            raise MachineError(f"{each.device} {each.id}", fact, hint=hint)


def unequal(ranks: Sequence[Introduction]) -> str:
    """What to tell of GPUs that are not alike; nothing if they are."""
    if len({(each.name, each.memory >> 30) for each in ranks}) == 1:
        return ""
    found = "; ".join(f"rank {rank}: {each.words}" for rank, each in enumerate(ranks))
    return f"the GPUs are not alike ({found}): every update waits for the slowest, and the smallest memory is the limit"


def shared_threads(ranks: Sequence[Introduction]) -> list[int]:
    """How many CPU threads each rank gets: those on one machine that may use the same cores share them."""
    sharing = Counter((each.host, each.cores) for each in ranks)
    return [max(len(each.cores) // sharing[each.host, each.cores], 1) for each in ranks]


def _announce(job: JobContext, ranks: Sequence[Introduction]) -> None:
    rows = [{"pid": each.pid, "host": each.host, "device": each.words} for each in ranks]
    job.event("ranks", count=len(ranks), ranks=rows)
    warning = unequal(ranks)
    if warning:
        job.alarm(warning)
