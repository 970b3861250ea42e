"""How busy the machine is this second: processor, memory, and GPUs through NVML, for the live page."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuGauge:
    """One GPU; memory in bytes, temperature in °C, power in watts, busy 0 to 1. None: the driver would not say."""

    index: int
    name: str
    busy: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    temperature: int | None = None
    power: float | None = None
    pids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """One moment; busy 0 to 1 over the cores that this process may use, memory in bytes."""

    cpu_busy: float
    cores: int
    memory_used: int
    memory_total: int
    gpus: tuple[GpuGauge, ...] = ()

    def gpus_of(self, pid: int | None) -> tuple[GpuGauge, ...]:
        """GPUs that a process computes on; all of them where that cannot be told (containers hide pids)."""
        used = tuple(gpu for gpu in self.gpus if pid in gpu.pids)
        return used or self.gpus


class Meter:
    """Reads gauges; keeps NVML open between two readings (opening it takes tens of milliseconds)."""

    def __init__(self) -> None:
        self._cores = sorted(os.sched_getaffinity(0))
        self._handles: list[Any] | None = None
        self._nvml: Any = None
        self._last_busy: tuple[float, float] | None = None

    def read(self) -> Gauges:
        """Measure now; the processor's share is since the last reading."""
        used, total = _memory()
        return Gauges(
            cpu_busy=self._cpu(), cores=len(self._cores), memory_used=used, memory_total=total, gpus=self._gpus()
        )

    def close(self) -> None:
        """Let go of NVML."""
        if self._handles:
            with suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()
        self._handles = None

    def _cpu(self) -> float:
        import psutil

        times = psutil.cpu_times(percpu=True)
        mine = [times[core] for core in self._cores if core < len(times)] or times
        total = sum(sum(each[:8]) for each in mine)  # guest time is counted in user time already
        idle = sum(each.idle + getattr(each, "iowait", 0.0) for each in mine)
        before, self._last_busy = self._last_busy, (total - idle, total)
        if before is None or total <= before[1]:
            return 0.0
        return min(max((total - idle - before[0]) / (total - before[1]), 0.0), 1.0)

    def _gpus(self) -> tuple[GpuGauge, ...]:
        if self._handles is None:
            self._open()
        return tuple(self._gpu(index, handle) for index, handle in enumerate(self._handles or ()))

    def _open(self) -> None:
        import pynvml

        self._nvml, self._handles = pynvml, []
        with suppress(pynvml.NVMLError):
            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]

    def _gpu(self, index: int, handle: Any) -> GpuGauge:
        nvml = self._nvml
        memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, handle)
        rates = self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)
        power = self._ask(nvml.nvmlDeviceGetPowerUsage, handle)
        name = self._ask(nvml.nvmlDeviceGetName, handle) or "GPU"
        running = self._ask(nvml.nvmlDeviceGetComputeRunningProcesses, handle) or ()
        return GpuGauge(
            index=index,
            name=name.decode("utf-8", "replace") if isinstance(name, bytes) else name,
            busy=None if rates is None else rates.gpu / 100,
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
            temperature=self._ask(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            power=None if power is None else power / 1000,
            pids=tuple(each.pid for each in running),
        )

    def _ask(self, question: Any, *arguments: Any) -> Any:
        """None where this card or driver does not know."""
        try:
            return question(*arguments)
        except self._nvml.NVMLError:
            return None


def _memory(cgroup: Path = Path("/sys/fs/cgroup")) -> tuple[int, int]:
    """Bytes used and bytes in all: of the container where it has a limit, else of the machine."""
    from srtui.hardware import system

    memory = system.memory(cgroup / "memory.max")
    if memory.limit is None:
        return memory.total - memory.available, memory.total
    with suppress(OSError, ValueError):
        return int((cgroup / "memory.current").read_text()), memory.limit
    return min(memory.total - memory.available, memory.limit), memory.limit
