"""The largest micro-batch that fits on a device: found by real updates, for every formula about memory is wrong."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import torch

from srtui.config.network import Network
from srtui.config.profile import Stage
from srtui.engine.device import Arithmetic, memory_explained
from srtui.engine.rehearsal import Rehearsal
from srtui.errors import MachineError

MARGIN = 0.92
"""Share of a GPU's memory that may be used: cuDNN takes other workspaces later, and memory is fragmented."""
CPU_MARGIN = 0.7
"""Share of the memory that is available now; others live on the machine too, and the kernel kills without a warning."""


def largest_micro_batch(
    network: Network,
    stage: Stage,
    scale: int,
    device: torch.device,
    *,
    precision: Arithmetic,
    check: Callable[[], None] = lambda: None,
) -> int:
    """
    Find the most crops, of a stage's batch, that go through at once.

    Parameters
    ----------
    check
        Called between two tries; what it raises ends the search.

    Returns
    -------
    1 to ``stage.batch``.

    Raises
    ------
    MachineError
        If not even one crop fits.
    """

    def rehearse(crops: int) -> None:
        check()
        tried = replace(stage, batch=crops)
        with memory_explained(device):  # of what a rehearsal makes before its updates
            rehearsal = Rehearsal(network, tried, scale, device, precision=precision)
            for _ in range(2):  # Adam's memory and the gradients are all there in the second
                rehearsal.update()
            rehearsal.wait()

    with torch.random.fork_rng(devices=[]):
        if device.type == "cuda":
            return _on_gpu(stage.batch, device, rehearse)
        return _on_cpu(stage.batch, rehearse)


def _on_gpu(batch: int, device: torch.device, rehearse: Callable[[int], None]) -> int:
    def fits(crops: int) -> bool:
        try:
            rehearse(crops)
        except MachineError:
            return False
        finally:
            gc.collect()
            torch.cuda.empty_cache()
        return True

    torch.cuda.set_per_process_memory_fraction(MARGIN, device)
    try:
        return largest(batch, fits, str(device))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)


def largest(batch: int, fits: Callable[[int], bool], where: str) -> int:
    """
    Largest number from 1 to ``batch`` that ``fits``, by bisection; the whole batch, the usual case, is tried first.

    Raises
    ------
    MachineError
        If 1 does not fit.
    """
    if fits(batch):
        return batch
    low, high = 0, batch
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    if not low:
        hint = "choose a smaller gt_size or network"
        raise MachineError(where, "not even one crop fits in the memory", hint=hint)
    return low


def _on_cpu(batch: int, rehearse: Callable[[int], None]) -> int:
    """Of one crop and of two: a CPU's memory cannot be tried out, for the kernel would kill."""
    available = psutil.virtual_memory().available
    one, two = (_peak(rehearse, crops) for crops in (1, min(2, batch)))
    return affordable(batch, one, max(two - one, 1), int(CPU_MARGIN * available))


def affordable(batch: int, first: int, each: int, room: int) -> int:
    """
    Crops, of a batch, whose memory is in ``room``: all numbers in bytes, ``first`` being what one crop takes.

    Raises
    ------
    MachineError
        If one crop takes more.
    """
    if first > room:
        fact = f"one crop needs {first / 2**30:.1f} GiB, and {room / 2**30:.1f} may be used"
        raise MachineError("memory", fact, hint="choose a smaller gt_size or network, or end other programs")
    return min(1 + (room - first) // each, batch)


def _peak(rehearse: Callable[[int], None], crops: int) -> int:
    """Bytes that a rehearsal adds to this process at its peak."""
    gc.collect()
    before = resident("VmRSS")
    reset_peak()
    rehearse(crops)
    return max(resident("VmHWM") - before, 1)


def reset_peak() -> None:
    """Let VmHWM begin anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def resident(kind: str) -> int:
    """Bytes of memory that this process holds (VmRSS), or held at the peak (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) * 1024
