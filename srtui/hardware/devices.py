"""Names of the devices that a training holds: the locks that keep two trainings off one GPU use them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from srtui.hardware import gpus, probe
from srtui.hardware.report import Gpu


def training_device_id(environment: Mapping[str, str] | None = None) -> str | None:
    """The device a training started here would use, ``GPU-…`` or ``MIG-…``; None when it would use the CPU.

    ``SRTUI_DEVICE_ID`` names it instead (tests do that). ``CUDA_VISIBLE_DEVICES`` is respected.
    """
    return next(iter(visible_device_ids(environment)), None)


def visible_device_ids(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Devices that CUDA would show to a training, in its order; empty on a CPU.

    Numbers in ``CUDA_VISIBLE_DEVICES`` are taken in the PCI bus order that the driver lists. CUDA's own default order
    is "fastest first", which is the same wherever all cards are alike.
    """
    env = os.environ if environment is None else environment
    injected = env.get("SRTUI_DEVICE_ID")
    if injected is not None:
        return (injected,) if injected else ()
    installed = probe.installed_torch()
    if installed.cuda is None and installed.rocm is None:
        return ()
    found, _ = gpus.read(container=False)
    return _visible(found, env.get("CUDA_VISIBLE_DEVICES"))


def _visible(found: tuple[Gpu, ...], asked: str | None) -> tuple[str, ...]:
    """What ``CUDA_VISIBLE_DEVICES`` leaves; the first entry that does not exist hides all after it (CUDA's rule)."""
    devices = tuple(_identity(gpu) for gpu in found)
    if asked is None:
        return devices
    names = [*devices, *(instance.uuid for gpu in found for instance in gpu.instances)]
    chosen: list[str] = []
    for entry in (part.strip() for part in asked.split(",")):
        if entry.isdigit() and int(entry) < len(devices):
            match: str | None = devices[int(entry)]
        else:
            match = next((name for name in names if entry and name.startswith(entry)), None)
        if match is None:
            break
        chosen.append(match)
    return tuple(chosen)


def _identity(gpu: Gpu) -> str:
    """CUDA shows a card in MIG mode as its first slice."""
    if gpu.mig and gpu.instances:
        return gpu.instances[0].uuid
    return gpu.uuid or f"GPU-index-{gpu.index}"
