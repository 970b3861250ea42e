"""A report and its advice as plain ASCII lines (names apart), for terminals, logs and files."""

from __future__ import annotations

import json
from collections.abc import Iterator

from srtui.hardware.advise import Advice
from srtui.hardware.report import Gpu, MachineReport, to_plain

_LABEL = 10  # columns


def to_json(report: MachineReport, advice: Advice) -> str:
    """Both as one JSON document."""
    return json.dumps({"report": to_plain(report), "advice": to_plain(advice)}, indent=2, ensure_ascii=False)


def to_text(report: MachineReport, advice: Advice) -> str:
    """All lines as one text."""
    return "\n".join(lines(report, advice))


def lines(report: MachineReport, advice: Advice) -> list[str]:
    """What is here, what it means, and what to do: for reading from top to bottom."""
    machine, settings = ([f"{label:<{_LABEL}}{text}" for label, text in part] for part in facts(report, advice))
    return [*machine, "", *settings, *_findings(advice)]


def facts(report: MachineReport, advice: Advice) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What is here, and how to run on it: pairs of label and text."""
    return list(_machine(report)), list(_advice(advice))


def _machine(report: MachineReport) -> Iterator[tuple[str, str]]:
    cpu, memory, disk, system = report.cpu, report.memory, report.disk, report.system
    if not report.gpus:
        yield ("GPU", "none that can be used")
    for gpu in report.gpus:
        yield (f"GPU {gpu.index}", _gpu(gpu))
    if report.driver.version:
        cuda = f", CUDA up to {report.driver.cuda}" if report.driver.cuda else ""
        yield ("driver", f"{report.driver.version}{cuda}")
    yield ("PyTorch", _torch(report))
    extensions = " ".join(name for name in cpu.extensions if name.startswith(("avx2", "avx512", "amx", "sve")))
    yield ("CPU", f"{cpu.model}, {cpu.usable} of {cpu.logical} cores usable{f' ({extensions})' if extensions else ''}")
    limit = f", limited to {_gigabytes(memory.limit)}" if memory.limit else ""
    yield ("memory", f"{_gigabytes(memory.total)}, {_gigabytes(memory.available)} available{limit}")
    speed = f", writes {disk.write_speed / 1e6:.0f} MB/s" if disk.write_speed else ""
    yield ("disk", f"{_gigabytes(disk.free)} free of {_gigabytes(disk.total)} ({disk.kind}{speed}) in {disk.path}")
    yield ("system", f"{system.name}, kernel {system.kernel}, Python {system.python}")


def _gpu(gpu: Gpu) -> str:
    parts = [gpu.name]
    if gpu.capability is not None:
        parts.append(f"capability {gpu.capability[0]}.{gpu.capability[1]}")
    if gpu.memory_total is not None:
        free = f", {_gigabytes(gpu.memory_free)} free" if gpu.memory_free is not None else ""
        parts.append(f"{_gigabytes(gpu.memory_total)}{free}")
    if gpu.temperature is not None:
        parts.append(f"{gpu.temperature} C")
    if gpu.power_limit is not None:
        parts.append(f"up to {gpu.power_limit:.0f} W")
    if gpu.mig:
        parts.append(f"MIG, {len(gpu.instances)} slice(s)")
    return ", ".join(parts)


def _torch(report: MachineReport) -> str:
    if report.torch.version is None:
        return "not installed"
    text = f"torch {report.torch.version}, torchvision {report.torch.torchvision}"
    if report.check is None:
        return f"{text} (not checked)"
    if not report.check.ok:
        return f"{text}, which fail: {report.check.error}"
    good = sum(device.ok for device in report.check.devices)
    where = f"{good} of {len(report.check.devices)} GPU(s)" if report.check.devices else "the CPU"
    return f"{text}, checked on {where}"


def _advice(advice: Advice) -> Iterator[tuple[str, str]]:
    yield ("run on", f"{advice.device_name} ({advice.why}): {advice.speed}")
    layout = ", channels-last" if advice.channels_last else ""
    yield ("with", f"{advice.precision}{layout}, {advice.threads} loader thread(s)")


def _findings(advice: Advice) -> Iterator[str]:
    for finding in advice.findings:
        yield ""
        yield f"{finding.severity}: {finding.fact}"
        yield f"    {finding.meaning}"
        if finding.command:
            yield f"    $ {finding.command}"


def _gigabytes(count: int | None) -> str:
    return "?" if count is None else f"{count / 1e9:.1f} GB"
