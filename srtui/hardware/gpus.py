"""Read GPUs and driver: NVML first, ``nvidia-smi`` where NVML is out of reach, the PCI bus where both are."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from srtui.hardware import nvidia, nvidia_smi
from srtui.hardware.report import Driver, Gpu, GpuProcess, MigInstance

T = TypeVar("T")

_FIELDS = (
    "index",
    "name",
    "uuid",
    "compute_cap",
    "memory.total",
    "memory.free",
    "temperature.gpu",
    "power.limit",
    "power.default_limit",
    "mig.mode.current",
    "driver_version",
)
_OLD_FIELDS = tuple(name for name in _FIELDS if name not in ("compute_cap", "mig.mode.current"))
_MEGABYTE = 1024 * 1024  # nvidia-smi's MiB


def read(container: bool) -> tuple[tuple[Gpu, ...], Driver]:
    """GPUs and driver of this machine.

    Parameters
    ----------
    container
        Whether this is a container, where a card on the bus without a driver means that it was not handed in.
    """
    gpus, driver = _from_nvml()
    if driver.problem == "absent":
        gpus, driver = _from_smi()
    return gpus, _with_bus(driver, container)


def _with_bus(driver: Driver, container: bool) -> Driver:
    nvidia_cards, amd_cards = len(nvidia.pci_cards("0x10de")), len(nvidia.pci_cards("0x1002"))
    problem = driver.problem
    if problem == "absent":
        problem = ("hidden" if container else "no driver") if nvidia_cards else ""
    return Driver(
        version=driver.version,
        cuda=driver.cuda,
        source=driver.source,
        problem=problem,
        said=driver.said if problem else "",
        module=_loaded_module(),
        cards_on_bus=nvidia_cards,
        amd_cards_on_bus=amd_cards,
    )


def _loaded_module(file: Path = Path("/proc/driver/nvidia/version")) -> str | None:
    try:
        match = re.search(r"\s(\d+\.\d+(?:\.\d+)?)\s", file.read_text())
    except OSError:
        return None
    return match[1] if match else None


def _from_nvml() -> tuple[tuple[Gpu, ...], Driver]:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return (), Driver(problem=_nvml_problem(error), said=str(error))
    try:
        count = pynvml.nvmlDeviceGetCount()
        gpus = tuple(_gpu(pynvml, index) for index in range(count))
        cuda = _ask(pynvml, pynvml.nvmlSystemGetCudaDriverVersion)
        version = _ask(pynvml, pynvml.nvmlSystemGetDriverVersion)
    except pynvml.NVMLError as error:
        return (), Driver(problem=_nvml_problem(error), said=str(error))
    finally:
        pynvml.nvmlShutdown()
    return gpus, Driver(
        version=version and _text(version),
        cuda=f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None,
        source="nvml",
    )


def _nvml_problem(error: Exception) -> str:
    import pynvml

    known = {
        pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: "absent",
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "absent",
        pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "mismatch",
    }
    return known.get(getattr(error, "value", None), "failed")


def _gpu(nvml: Any, index: int) -> Gpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = _ask(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
    mode = _ask(nvml, nvml.nvmlDeviceGetMigMode, handle)
    limit = _ask(nvml, nvml.nvmlDeviceGetPowerManagementLimit, handle)
    default = _ask(nvml, nvml.nvmlDeviceGetPowerManagementDefaultLimit, handle)
    mig = bool(mode and mode[0] == nvml.NVML_DEVICE_MIG_ENABLE)
    return Gpu(
        index=index,
        name=_text(nvml.nvmlDeviceGetName(handle)),
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
        capability=_ask(nvml, lambda each: tuple(nvml.nvmlDeviceGetCudaComputeCapability(each)), handle),
        memory_total=memory and int(memory.total),
        memory_free=memory and int(memory.free),
        temperature=_ask(nvml, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        power_limit=limit and limit / 1000,
        power_default=default and default / 1000,
        mig=mig,
        instances=_instances(nvml, handle) if mig else (),
        processes=_processes(nvml, handle),
    )


def _instances(nvml: Any, handle: Any) -> tuple[MigInstance, ...]:
    found = []
    for index in range(_ask(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
        instance = _ask(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
        if instance is not None:
            memory = _ask(nvml, nvml.nvmlDeviceGetMemoryInfo, instance)
            uuid, name = _text(nvml.nvmlDeviceGetUUID(instance)), _text(nvml.nvmlDeviceGetName(instance))
            found.append(MigInstance(uuid=uuid, name=name, memory_total=memory and int(memory.total)))
    return tuple(found)


def _processes(nvml: Any, handle: Any) -> tuple[GpuProcess, ...]:
    running = _ask(nvml, nvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
    return tuple(GpuProcess(pid=each.pid, name=_process_name(each.pid), memory=each.usedGpuMemory) for each in running)


def _process_name(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return None  # another user's, another container's, or already gone


def _ask(nvml: Any, question: Callable[..., T], *arguments: Any) -> T | None:
    """None where this card or driver does not know: every query is optional on some card."""
    try:
        return question(*arguments)
    except nvml.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _from_smi() -> tuple[tuple[Gpu, ...], Driver]:
    try:
        rows = _smi_rows()
        processes = nvidia_smi.query(("gpu_uuid", "pid", "process_name", "used_memory"), of="compute-apps")
    except nvidia_smi.SmiError as error:
        problems = {"no driver": "absent", "no devices": "absent", "absent": "absent", "mismatch": "mismatch"}
        return (), Driver(problem=problems.get(error.problem, "failed"), said=error.said)
    gpus = tuple(_gpu_of_row(row, processes) for row in rows)
    return gpus, Driver(version=rows[0]["driver_version"] if rows else None, source="nvidia-smi")


def _smi_rows() -> list[dict[str, str | None]]:
    try:
        return nvidia_smi.query(_FIELDS)
    except nvidia_smi.SmiError as error:
        if error.problem != "unknown field":
            raise
        return nvidia_smi.query(_OLD_FIELDS)


def _gpu_of_row(row: dict[str, str | None], processes: list[dict[str, str | None]]) -> Gpu:
    return Gpu(
        index=int(row["index"] or 0),
        name=row["name"] or "NVIDIA GPU",
        uuid=row["uuid"],
        capability=nvidia.capability(row.get("compute_cap")),
        memory_total=_megabytes(row["memory.total"]),
        memory_free=_megabytes(row["memory.free"]),
        temperature=int(row["temperature.gpu"]) if row["temperature.gpu"] else None,
        power_limit=float(row["power.limit"]) if row["power.limit"] else None,
        power_default=float(row["power.default_limit"]) if row["power.default_limit"] else None,
        mig=row.get("mig.mode.current") == "Enabled",
        processes=tuple(
            GpuProcess(pid=int(each["pid"] or 0), name=each["process_name"], memory=_megabytes(each["used_memory"]))
            for each in processes
            if each["gpu_uuid"] == row["uuid"]
        ),
    )


def _megabytes(text: str | None) -> int | None:
    return int(float(text) * _MEGABYTE) if text else None
