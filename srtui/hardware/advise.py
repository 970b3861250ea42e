"""What a machine's report means for a run: a pure function, the same on the machine and in a test."""

from __future__ import annotations

from dataclasses import dataclass

from srtui.hardware import findings_gpu, findings_machine, torch_builds
from srtui.hardware.finding import Finding
from srtui.hardware.report import Gpu, MachineReport

_ORDER = ("problem", "warning", "note")
_MOST_THREADS = 16  # beyond it the loader outruns every network of the profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Settings that fit the machine, and everything worth knowing about it, worst first.

    ``device`` is ``cuda`` or ``cpu``; ``precision`` ``bf16``, ``fp16`` or ``fp32``; ``threads`` the loader's; ``speed``
    one of none, very slow, slow, modest, good, fast, very fast.
    """

    device: str
    device_name: str
    precision: str
    channels_last: bool
    compile: bool
    threads: int
    speed: str
    why: str
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that keep srtui from using what the machine has."""
        return tuple(finding for finding in self.findings if finding.severity == "problem")


def advise(report: MachineReport) -> Advice:
    """Judge a report.

    Precision: bf16 from capability 8.0, fp16 with scaling from 7.0, fp32 below; on a CPU bf16 where it multiplies in
    hardware. Triton, which torch.compile needs, starts at 7.0.
    """
    cards = findings_gpu.usable(report)
    rules = (*findings_gpu.RULES, *findings_machine.RULES)
    found = dict.fromkeys(finding for rule in rules for finding in rule(report))  # eight equal cards, one finding
    findings = tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))
    if cards:
        return _with_gpu(
            report, max(cards, key=lambda gpu: (gpu.capability or (0, 0), gpu.memory_total or 0)), findings
        )
    return _with_cpu(report, findings)


def _with_gpu(report: MachineReport, gpu: Gpu, findings: tuple[Finding, ...]) -> Advice:
    capability = gpu.capability or (0, 0)
    family = torch_builds.generation(gpu.capability)
    precision = "bf16" if capability >= (8, 0) else "fp16" if capability >= (7, 0) else "fp32"
    return Advice(
        device="cuda",
        device_name=gpu.name,
        precision=precision,
        channels_last=capability >= (7, 0),  # tensor cores take NHWC; older cards gain nothing
        compile=capability >= (7, 0),
        threads=max(1, min(_MOST_THREADS, report.cpu.usable - 1)),
        speed=family.speed if family else "very fast",
        why=f"{family.name if family else 'newer than Blackwell'}, capability {capability[0]}.{capability[1]}",
        findings=findings,
    )


def _with_cpu(report: MachineReport, findings: tuple[Finding, ...]) -> Advice:
    hardware = {"avx512_bf16", "amx_bf16", "bf16"} & set(report.cpu.extensions)
    return Advice(
        device="cpu",
        device_name=report.cpu.model,
        precision="bf16" if hardware else "fp32",
        channels_last=True,
        compile=False,
        threads=max(1, report.cpu.usable // 4),
        speed="slow" if report.cpu.usable >= 16 else "very slow",
        why=f"{report.cpu.usable} cores, {f'bf16 through {min(hardware)}' if hardware else 'no bf16 arithmetic'}",
        findings=findings,
    )
