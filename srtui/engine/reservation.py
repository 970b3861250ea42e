"""One training per GPU: two would each run at less than half the speed, or run out of memory hours later."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from srtui.errors import DeviceBusyError
from srtui.files import state_folder
from srtui.hardware.devices import visible_device_ids
from srtui.jobs.context import JobContext
from srtui.jobs.lock import Lock, take

_TICK = 0.5  # s between two looks at a busy GPU: nobody notices, and it costs nothing


def device_id(device: torch.device) -> str | None:
    """What ``device`` is called on this machine, whatever its number in this process; None for a CPU.

    ``SRTUI_DEVICE_ID`` names it instead, on a CPU too: tests do that.
    """
    if device.type == "cpu" and "SRTUI_DEVICE_ID" not in os.environ:
        return None
    names, number = visible_device_ids(), device.index or 0
    return names[number] if number < len(names) else f"{device.type}-{number}"


@contextmanager
def reserved(job: JobContext, name: str | None, *, wait: bool) -> Iterator[None]:
    """Hold a GPU while the block runs.

    Parameters
    ----------
    job
        Who holds it: named to whoever finds it busy.
    name
        Of the GPU (see `device_id`); None is not held.
    wait
        Queue for a busy GPU.

    Raises
    ------
    DeviceBusyError
        If another training holds it, and ``wait`` is off.
    Stopped
        If asked to stop while waiting.
    """
    if name is None:
        yield
        return
    lock = _take(job, name, wait=wait)
    try:
        yield
    finally:
        lock.release()


def _take(job: JobContext, name: str, *, wait: bool) -> Lock:
    path = state_folder() / f"gpu-{name}.lock"
    lock = take(path, text=f"{job.folder.path}\n")
    if lock is not None:
        return lock
    if not wait:
        hint = "wait for it with --wait, choose another GPU with --device, or stop that job"
        raise DeviceBusyError(f"GPU {name}", f"another training uses it: {_holder(path)}", hint=hint)
    job.phase("waiting for GPU", quiet=60)
    while lock is None:
        job.check()
        time.sleep(_TICK)
        lock = take(path, text=f"{job.folder.path}\n")
    return lock


def _holder(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() or "(it has just begun)"
