"""
One side of the benchmark of training, in a process of its own, so that memory and settings are its own too.

``python -m benchmarks.training_side JSON`` trains on noise and answers lines of standard input: a number N makes N
updates and prints the seconds that they took; an empty line prints ``{"gib", "flops", "peak_flops"}`` and ends it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.plain_loop import PlainLoop, as_published
from benchmarks.training_cases import CASES, SCALE
from srtui.engine import networks
from srtui.engine.rehearsal import Rehearsal

Precision = Literal["fp32", "bf16"]
Way = Literal["plain", "tuned", "ours", "graphs"]
"""The plain loop; the same with autocast and channels-last; srtui's engine; and that with CUDA graphs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Who trains what."""

    way: Way
    case: str
    device: str
    precision: Precision
    threads: int
    flops: bool = False
    """Whether arithmetic is counted, and compared with the quickest matrix product."""
    crops: tuple[int, int] | None = None
    """Batch and side of the crops; None: those of the case."""


def main(side: Side) -> None:
    """Train as standard input says."""
    torch.set_num_threads(side.threads)
    device = torch.device(side.device)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak begins here: importing is not counted
    before = _resident("VmRSS")
    update = _updater(side, device)
    flops = _flops(update) if side.flops else 0  # now: what a GPU has recorded cannot be counted any more
    print("ready", flush=True)
    for line in sys.stdin:
        if not line.strip():
            break
        if device.type == "cuda":
            update()  # takes the memory again
            torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(int(line)):
            update()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - began
        if device.type == "cuda":
            torch.cuda.empty_cache()  # for the other sides: all of them at once would not fit on many a GPU
        print(seconds, flush=True)
    about = {"gib": _peak_gib(device, before), "flops": flops}
    if side.flops:
        about["peak_flops"] = _peak_flops(device, side.precision)
    print(json.dumps(about), flush=True)


def _updater(side: Side, device: torch.device) -> Callable[[], None]:
    case = CASES[side.case]
    stage = case.stage(side.device)
    if side.crops is not None:
        stage = replace(stage, batch=side.crops[0], gt_size=side.crops[1])
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True  # as BasicSR's train.py sets it too
    if side.way in {"ours", "graphs"}:
        graphs = side.way == "graphs"
        return Rehearsal(case.network, stage, SCALE, device, precision=side.precision, cuda_graphs=graphs).update
    net = networks.build(case.network, SCALE)
    tuned = side.way == "tuned"
    cast = torch.bfloat16 if tuned and side.precision == "bf16" else None
    loop = PlainLoop(as_published(net) if case.published else net, stage, device, autocast=cast, channels_last=tuned)
    lq_bchw = torch.rand(stage.batch, 3, stage.gt_size // SCALE, stage.gt_size // SCALE)
    gt_bchw = torch.rand(stage.batch, 3, stage.gt_size, stage.gt_size)
    if device.type == "cuda":
        lq_bchw, gt_bchw = lq_bchw.pin_memory(), gt_bchw.pin_memory()
    return lambda: loop.update(lq_bchw, gt_bchw)


def _peak_gib(device: torch.device, before: int) -> float:
    """Memory at the peak: what torch took of a GPU, else what this process took since ``before``."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 2**30
    return (_resident("VmHWM") - before) / 2**30


def _resident(kind: Literal["VmRSS", "VmHWM"]) -> int:
    """Bytes of memory of this process, now or at the peak."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) * 1024


def _flops(update: Callable[[], None]) -> int:
    with FlopCounterMode(display=False) as counter:
        update()
    return int(counter.get_total_flops())


def _peak_flops(device: torch.device, precision: str) -> float:
    """Arithmetic of a matrix product per second: the most that this device is seen to do."""
    side = 8192 if device.type == "cuda" else 2048
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.rand(side, side, device=device, dtype=dtype) for _ in range(2))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32  # as convolutions take float32
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - began)
    return 2 * side**3 / best


if __name__ == "__main__":
    main(Side(**json.loads(sys.argv[1])))
