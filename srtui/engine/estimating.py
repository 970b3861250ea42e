"""``srtui estimate``: how long an update of each stage takes on this machine, and how much memory, by a few of them."""

from __future__ import annotations

import gc
import time

import torch

from srtui.config.profile import Stage
from srtui.config.requests import EstimateRequest
from srtui.engine import losses
from srtui.engine.auto_batch import largest_micro_batch, reset_peak, resident
from srtui.engine.device import Arithmetic, choose_precision, memory_explained, pick_device, same_order, use_threads
from srtui.engine.rehearsal import Rehearsal
from srtui.engine.reservation import device_names, reserved
from srtui.errors import MachineError
from srtui.jobs.context import JobContext
from srtui.project import estimates
from srtui.project.estimates import StageEstimate

LEAST, LONGEST = 5, 3.0
"""Updates that are counted at least, and seconds after which no more are begun once there are so many."""


def run(job: JobContext, request: EstimateRequest) -> None:
    """Measure every stage, remember what was found, and report it.

    Raises
    ------
    MachineError
        If not even one crop of a stage fits in the memory, or a GPU is not there.
    DeviceBusyError
        If a training holds the GPU: both would be slow.
    """
    profile, first, ranks = estimates.part_of(request.profile, request.device, request.gpus)
    device = pick_device(first)
    threads = use_threads(request.threads)
    precision = choose_precision(profile.precision, device)
    found = []
    with (
        reserved(job, device_names(device), wait=False),
        same_order(profile.deterministic, device, job.alarm),
    ):
        keys = estimates.keys(profile, request.scale, first, request.threads)
        for number, (stage, key) in enumerate(zip(profile.stages, keys, strict=True), 1):
            job.phase(f"stage {number} of {len(profile.stages)}", quiet=600)
            losses.fetch(stage.losses, lambda done, total: job.progress(done >> 20, total >> 20, "MiB"))
            found.append(_stage(job, request, stage, device, precision))
            estimates.remember(key, found[-1])
    job.result(
        profile=profile.name,
        device=str(device),
        precision=precision,
        threads=threads,
        estimate=estimates.sentence(profile, found, ranks),
        hours=round(estimates.whole_seconds(profile, found) / 3600, 3),
        updates_per_second=[round(1 / each.seconds, 3) for each in found],
        memory_gib=[round(each.gib, 2) for each in found],
        micro_batch=[each.micro_batch for each in found],
    )


def _stage(
    job: JobContext, request: EstimateRequest, stage: Stage, device: torch.device, precision: Arithmetic
) -> StageEstimate:
    try:
        return measure(job, request, stage, device, precision, micro_batch=0)
    except MachineError as error:
        job.alarm(f"{stage.batch} crops at once do not fit ({error.fact}): looking for the most that do")
    # Out of the handler: the error's traceback holds the network that was tried, and Adam's memory of it.
    _forget(device)
    network = request.profile.network
    most = largest_micro_batch(network, stage, request.scale, device, precision=precision, check=job.check)
    return measure(job, request, stage, device, precision, micro_batch=most)


def measure(
    job: JobContext,
    request: EstimateRequest,
    stage: Stage,
    device: torch.device,
    precision: Arithmetic,
    *,
    micro_batch: int,
) -> StageEstimate:
    """Make a few updates of a stage.

    Raises
    ------
    MachineError
        If so many crops do not fit in the memory.
    """
    _forget(device)
    with torch.random.fork_rng(devices=[]), memory_explained(device):
        profile = request.profile
        rehearsal = Rehearsal(
            profile.network,
            stage,
            request.scale,
            device,
            precision=precision,
            micro_batch=micro_batch,
            compiling=profile.compile,
            cuda_graphs=profile.cuda_graphs,
            alarm=job.alarm,
        )
        for _ in range(rehearsal.warm_up):
            job.check()
            rehearsal.update()
        rehearsal.wait()
        began, updates = time.perf_counter(), 0
        while updates < LEAST or time.perf_counter() - began < LONGEST:
            job.check()
            rehearsal.update()
            updates += 1
            job.progress(min(updates, LEAST), LEAST, "updates")
            if updates % LEAST == 0:
                rehearsal.wait()
        rehearsal.wait()
        seconds = (time.perf_counter() - began) / updates
    return StageEstimate(seconds=seconds, gib=_gib(device), micro_batch=micro_batch, precision=precision)


def _forget(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    else:
        reset_peak()


def _gib(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 2**30
    return resident("VmHWM") / 2**30
