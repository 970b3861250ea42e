"""One training per GPU: two on one would each run at less than half the speed, or run out of memory hours later."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from srtui.errors import DeviceBusyError
from srtui.files import state_folder
from srtui.hardware.devices import visible_device_ids
from srtui.jobs.context import JobContext
from srtui.jobs.lock import Lock, take

_TICK = 0.5  # s between two looks at a busy GPU: nobody notices, and it costs nothing


def device_names(*devices: torch.device) -> list[str]:
    """What devices are called on this machine, whatever their numbers in this process; nothing for a CPU.

    ``SRTUI_DEVICE_ID`` names one instead, on a CPU too: tests do that.
    """
    return [_name(device) for device in devices if device.type != "cpu" or "SRTUI_DEVICE_ID" in os.environ]


def _name(device: torch.device) -> str:
    names, number = visible_device_ids(), device.index or 0
    return names[number] if number < len(names) else f"{device.type}-{number}"


@contextmanager
def reserved(job: JobContext, names: Iterable[str], *, wait: bool) -> Iterator[None]:
    """Hold GPUs while the block runs: all of them, or none.

    Parameters
    ----------
    job
        Who holds them: named to whoever finds them busy.
    names
        Of the GPUs (see `device_names`); none for a training on the CPU.
    wait
        Queue for busy GPUs. None is held meanwhile: another training may want fewer.

    Raises
    ------
    DeviceBusyError
        If other trainings hold some of them, and ``wait`` is off; it says which.
    Stopped
        If asked to stop while waiting.
    """
    # In one order for all: of two trainings that want the same GPUs, one gets them all.
    locks = _take(job, sorted(set(names)), wait=wait)
    try:
        yield
    finally:
        for lock in locks:
            lock.release()


def _take(job: JobContext, names: list[str], *, wait: bool) -> list[Lock]:
    locks, busy = _try(job, names)
    if not busy:
        return locks
    if not wait:
        raise _busy_error(busy)
    job.phase("waiting for GPU", quiet=60)
    while busy:
        job.check()
        time.sleep(_TICK)
        locks, busy = _try(job, names)
    return locks


def _try(job: JobContext, names: list[str]) -> tuple[list[Lock], list[str]]:
    """Take all; where some are busy, none, and those by name."""
    taken = {name: take(_path(name), text=f"{job.folder.path}\n") for name in names}
    locks = [lock for lock in taken.values() if lock is not None]
    busy = [name for name, lock in taken.items() if lock is None]
    if busy:
        for lock in locks:
            lock.release()
    return ([] if busy else locks), busy


def _busy_error(busy: list[str]) -> DeviceBusyError:
    hint = "wait for it with --wait, choose another GPU with --device or --gpus, or stop that job"
    subject = f"GPU{'s' * (len(busy) > 1)} {', '.join(busy)}"
    holders = [_holder(_path(name)) for name in busy]
    if len(set(holders)) == 1:
        return DeviceBusyError(
            subject, f"another training uses {'it' if len(busy) == 1 else 'them'}: {holders[0]}", hint=hint
        )
    each = "; ".join(f"{name}: {holder}" for name, holder in zip(busy, holders, strict=True))
    return DeviceBusyError(subject, f"other trainings use them: {each}", hint=hint)


def _path(name: str) -> Path:
    return state_folder() / f"gpu-{name}.lock"


def _holder(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() or "(it has just begun)"
