"""Ranks that torchrun, srun or another launcher starts: what it says in the environment, and how ranks find each other.

The launcher's words are those of torchrun: ``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``, ``MASTER_ADDR``, ``MASTER_PORT``.
Slurm's own (``SLURM_PROCID``) are not looked at: in the script that sbatch runs they speak of several tasks where there
is one process, which would wait for the others for ever.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import torch
from torch.distributed import Store  # type: ignore[attr-defined] # public, but not in __all__
from torch.distributed.rendezvous import rendezvous

from srtui.engine.ranks.lines import Line
from srtui.errors import MachineError, UsageError

PATIENCE = 600.0
"""Seconds in which all ranks must have come: imports from a cold network disk take minutes."""
_KEY = "srtui/lines"
_GREETING = 10.0  # s for whoever connects to say who it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a launcher says."""

    rank: int
    count: int
    local_rank: int | None = None
    """Number of this rank on its machine."""
    address: str
    """Where rank 0 is."""


def launch_of(environment: Mapping[str, str]) -> Launch | None:
    """Read what a launcher says; None if there is none, or a single rank.

    Raises
    ------
    UsageError
        If it says something that makes no sense.
    """
    if "WORLD_SIZE" not in environment or "RANK" not in environment:
        return None
    count, rank = _number(environment, "WORLD_SIZE"), _number(environment, "RANK")
    if count < 2:
        return None
    if rank >= count:
        raise UsageError("RANK", f"{rank}, but WORLD_SIZE is {count}: ranks count from 0", hint=_HINT)
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT") if not environment.get(name)]
    if missing:
        raise UsageError(" and ".join(missing), f"not set, but RANK is {rank} and WORLD_SIZE {count}", hint=_HINT)
    local = _number(environment, "LOCAL_RANK") if "LOCAL_RANK" in environment else None
    return Launch(rank=rank, count=count, local_rank=local, address=environment["MASTER_ADDR"])


_HINT = "docs/many-gpus.md shows what a launcher sets; unset RANK and WORLD_SIZE to train without one"


def _number(environment: Mapping[str, str], name: str) -> int:
    if not environment[name].isdecimal():
        raise UsageError(name, f"{environment[name]!r} is not a number", hint=_HINT)
    return int(environment[name])


def device_under(launch: Launch, asked: str, gpus: str) -> str:
    """Device of a rank that a launcher started.

    Parameters
    ----------
    asked, gpus
        What the request says: the same for all ranks.

    Raises
    ------
    UsageError
        If the request names one GPU for all, or it cannot be told which is meant.
    """
    if gpus or asked not in {"auto", "cpu", "cuda"}:
        what = f"gpus {gpus}" if gpus else f"device {asked}"
        fact = f"asked for, but RANK and WORLD_SIZE say that a launcher starts {launch.count} ranks"
        raise UsageError(what, fact, hint="leave --gpus and --device out: LOCAL_RANK names each rank's GPU")
    if asked == "cpu" or (asked == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if torch.cuda.device_count() == 1:  # its own, if the launcher shows each rank only that
        return "cuda:0"
    if launch.local_rank is None:
        fact = f"not set, and torch sees {torch.cuda.device_count()} GPUs"
        raise UsageError("LOCAL_RANK", fact, hint="set it to the rank's number on its machine")
    return f"cuda:{launch.local_rank}"


@lru_cache(maxsize=1)
def store_of() -> Store:
    """Where the launcher's ranks find each other; one per process, as rank 0 may serve it.

    Raises
    ------
    MachineError
        If rank 0 cannot be reached.
    """
    try:
        store: Store = next(rendezvous("env://", timeout=timedelta(seconds=PATIENCE)))[0]
    except (RuntimeError, ValueError) as error:  # what torch raises for time-outs, taken ports and unknown names
        raise MachineError("MASTER_ADDR", _first_line(error), hint=_HINT) from error
    return store


def welcome(launch: Launch, store: Store) -> list[Line]:
    """Wait for all other ranks, as rank 0; lines to them in the order of ranks.

    Anybody can connect to a port; who does not know the token, which is in the store, is turned away.

    Raises
    ------
    MachineError
        If some do not come.
    """
    token = secrets.token_hex(16)
    lines: dict[int, Line] = {}
    deadline = time.monotonic() + PATIENCE
    with _server() as server:
        store.set(_KEY, json.dumps({"port": server.getsockname()[1], "token": token}))
        while len(lines) < launch.count - 1:
            server.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                connection, _ = server.accept()
            except TimeoutError:
                missing = [str(rank) for rank in range(1, launch.count) if rank not in lines]
                fact = f"rank {', '.join(missing)} of {launch.count} did not come within {PATIENCE:.0f} s"
                raise MachineError("ranks", fact, hint="see the launcher's output for theirs") from None
            line = _admitted(connection, token, launch.count)
            if line is not None:
                lines[line.rank] = line
    return [line for _, line in sorted(lines.items())]


def _server() -> socket.socket:
    """Listen on a free port of every address: which one the others use is the launcher's choice."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", 0))


def _admitted(connection: socket.socket, token: str, count: int) -> Line | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        greeting = Line(connection, 0, "somebody", patience=_GREETING).hear(largest=4096)
        rank = greeting["rank"]
        if hmac.compare_digest(str(greeting["token"]), token) and isinstance(rank, int) and 0 < rank < count:
            return Line(_at_once(connection), rank, f"rank {rank} ({greeting['host']!s:.60})")
    connection.close()
    return None


def line_to_rank_0(environment: Mapping[str, str]) -> Line:
    """Connect to rank 0, as one of the others.

    Raises
    ------
    UsageError
        If the environment does not say how.
    MachineError
        If it cannot be reached.
    """
    launch = launch_of(environment)
    if launch is None:
        raise UsageError("RANK", f"{environment['RANK']}, but WORLD_SIZE says that there are no others", hint=_HINT)
    store = store_of()
    try:
        place = json.loads(store.get(_KEY))
        connection = socket.create_connection((launch.address, place["port"]), timeout=PATIENCE)
        line = Line(_at_once(connection), 0, "rank 0")
        line.say(token=place["token"], rank=launch.rank, host=socket.gethostname())
    except (OSError, RuntimeError) as error:
        raise MachineError(f"rank 0 at {launch.address}", _first_line(error), hint=_FIREWALL) from error
    return line


_FIREWALL = "the machines of a training must reach one another on all ports: see docs/many-gpus.md"


def _at_once(connection: socket.socket) -> socket.socket:
    """Send small messages when they are written, not 40 ms later (Nagle's algorithm and delayed acknowledgement)."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
