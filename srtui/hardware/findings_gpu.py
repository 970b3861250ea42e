"""What can be wrong with the graphics cards, their driver and the PyTorch built for them: one rule, one function."""

from __future__ import annotations

from collections.abc import Iterator

from srtui.hardware import torch_builds
from srtui.hardware.finding import Finding
from srtui.hardware.report import Gpu, MachineReport
from srtui.hardware.torch_builds import Card, Platform, Row

_GIGABYTE = 1e9
_HOT = 85  # °C: data-centre cards begin to slow down a few degrees above
_THROTTLED = 0.8  # of the default power limit
_ON_CPU = "training runs on the CPU, tens to hundreds of times slower"


def installed_row(report: MachineReport) -> Row | None:
    """The matrix row of the PyTorch that is installed, None for a CPU build or none."""
    return torch_builds.row_of(report.torch.cuda, f"linux-{report.cpu.machine}")


def usable(report: MachineReport) -> tuple[Gpu, ...]:
    """GPUs that the installed PyTorch can use: by its check where there is one, else by the matrix."""
    if report.torch.cuda is None:
        return ()
    if report.check is not None:
        # CUDA counts MIG slices and visible devices; names tell which card is meant.
        good = {device.name for device in report.check.devices if device.ok}
        return tuple(gpu for gpu in report.gpus if any(name.startswith(gpu.name) for name in good))
    row = installed_row(report)
    if row is None or not row.accepts_driver(report.driver.version):
        return ()
    return tuple(gpu for gpu in report.gpus if row.has_kernels_for(gpu.capability))


def fitting_build(report: MachineReport) -> torch_builds.Build:
    """What ``./start`` would install here today."""
    cards = [Card(name=gpu.name, capability=gpu.capability) for gpu in report.gpus]
    here = Platform(system="linux", machine=report.cpu.machine, wsl=report.system.wsl)
    major, minor = torch_builds.version(report.system.python)[:2]
    return torch_builds.choose(cards, report.driver.version, here, (major, minor))


def driver(report: MachineReport) -> Iterator[Finding]:
    """A driver that is missing, hidden, half updated or too old."""
    found = report.driver
    if found.problem == "mismatch":
        module = f" (module {found.module})" if found.module else ""
        fact = f"the NVIDIA driver was updated, but the kernel still runs the old one{module}"
        yield Finding(severity="problem", fact=fact, meaning=f"no GPU can be used: {_ON_CPU}", command="sudo reboot")
    elif found.problem == "no driver":
        fact = f"{found.cards_on_bus} NVIDIA card(s) on the bus, but no driver"
        yield Finding(severity="problem", fact=fact, meaning=_ON_CPU, command=_install_driver(report))
    elif found.problem == "hidden":
        container = report.system.container
        fact = f"{found.cards_on_bus} NVIDIA card(s) in this machine, not handed into this {container} container"
        yield Finding(severity="problem", fact=fact, meaning=_ON_CPU, command="docker run --gpus all ...")
    elif found.problem:
        fact = f"NVIDIA's driver does not answer: {found.said or found.problem}"
        yield Finding(severity="problem", fact=fact, meaning=_ON_CPU, command="nvidia-smi; sudo dmesg | grep -i nvrm")
    if found.amd_cards_on_bus and not report.gpus and report.torch.rocm is None:
        fact = f"{found.amd_cards_on_bus} AMD card(s) on the bus, and PyTorch without ROCm"
        meaning = "srtui chooses PyTorch's ROCm build when AMD's kernel driver (/dev/kfd) is there"
        yield Finding(severity="note", fact=fact, meaning=meaning, command="ls /dev/kfd && ./start --repair")


def torch_build(report: MachineReport) -> Iterator[Finding]:
    """A PyTorch that is missing, broken or built for other cards than these."""
    if report.torch.version is None:
        meaning = "nothing can be trained or restored"
        yield Finding(severity="problem", fact="PyTorch is not installed", meaning=meaning, command="./start --repair")
        return
    if report.check is not None and not report.check.ok:
        fact = f"torch {report.torch.version} and torchvision {report.torch.torchvision} do not work together"
        meaning = report.check.error or "the check gave no reason"
        yield Finding(severity="problem", fact=fact, meaning=meaning, command="./start --repair")
    if not report.gpus:
        return
    build = fitting_build(report)
    row = installed_row(report)
    if report.torch.cuda is None and report.torch.rocm is None and build.accelerator == "cuda":
        fact = f"torch {report.torch.version} is a CPU build beside {report.gpus[0].name}"
        yield Finding(severity="problem", fact=fact, meaning=_ON_CPU, command="./start --repair")
    elif row is not None and not row.accepts_driver(report.driver.version):
        yield from _driver_too_old(report, row, build)
    elif row is not None and _unseen(report, row):
        fact = f"torch {report.torch.version} sees none of the {len(report.gpus)} GPU(s) that the driver lists"
        command = 'echo "$CUDA_VISIBLE_DEVICES"; ls -l /dev/nvidia*; sudo modprobe nvidia_uvm'
        meaning = f"they are hidden from CUDA, or the nvidia_uvm module is not loaded: {_ON_CPU}"
        yield Finding(severity="problem", fact=fact, meaning=meaning, command=command)


def _unseen(report: MachineReport, row: Row) -> bool:
    """Whether a working torch lists no device although it has kernels for one that CUDA should show."""
    if report.check is None or not report.check.ok or report.check.devices:
        return False
    return any(row.has_kernels_for(gpu.capability) and (gpu.instances or not gpu.mig) for gpu in report.gpus)


def _driver_too_old(report: MachineReport, row: Row, build: torch_builds.Build) -> Iterator[Finding]:
    fact = f"driver {report.driver.version} is too old for CUDA {report.torch.cuda}: {row.driver} or newer is needed"
    if build.accelerator == "cuda":
        meaning = f"no GPU can be used with this PyTorch; {build.label} runs with this driver"
        yield Finding(severity="problem", fact=fact, meaning=meaning, command="./start --repair")
    else:
        yield Finding(severity="problem", fact=fact, meaning=_ON_CPU, command=_install_driver(report))


def each_gpu(report: MachineReport) -> Iterator[Finding]:
    """Cards that this PyTorch cannot use, and cards that will be slower than they could."""
    row, build = installed_row(report), fitting_build(report)
    for gpu in report.gpus:
        yield from _kernels(report, gpu, row, build)
        yield from _slices(gpu)
        yield from _others(gpu)
        yield from _slowed(gpu)


def _kernels(report: MachineReport, gpu: Gpu, row: Row | None, build: torch_builds.Build) -> Iterator[Finding]:
    family = torch_builds.generation(gpu.capability)
    card = Card(name=gpu.name, capability=gpu.capability)
    if family is not None and family.speed == "none":
        meaning = f"{family.name}: {family.verdict}; without another card {_ON_CPU}"
        yield Finding(severity="warning", fact=f"{card} cannot be used", meaning=meaning)
    elif row is not None and gpu.capability is not None and not row.has_kernels_for(gpu.capability):
        mends = build.accelerator == "cuda" and build.name != row.name
        fact = f"torch {report.torch.version} has no kernels for {card}"
        meaning = f"it stays unused; {build.label} has them" if mends else "it stays unused beside the newer card"
        command = "./start --repair" if mends else ""
        yield Finding(severity="problem" if mends else "warning", fact=fact, meaning=meaning, command=command)
    elif family is not None and gpu.capability is not None and gpu.capability < (7, 5):
        yield Finding(severity="note", fact=f"{card} is a {family.name} card", meaning=family.verdict)
    for device in report.check.devices if report.check is not None else ():
        fits = row is None or row.has_kernels_for(gpu.capability)
        if device.name == gpu.name and not device.ok and device.index == gpu.index and fits:
            fact = f"GPU {gpu.index} ({gpu.name}) fails a small computation"
            yield Finding(
                severity="problem", fact=fact, meaning=device.error or "without a reason", command="nvidia-smi"
            )


def _slices(gpu: Gpu) -> Iterator[Finding]:
    if gpu.mig and not gpu.instances:
        fact = f"GPU {gpu.index} ({gpu.name}) is in MIG mode without any instance"
        command = f"sudo nvidia-smi -i {gpu.index} -mig 0"
        yield Finding(severity="problem", fact=fact, meaning="CUDA sees no device on it", command=command)
    elif gpu.mig:
        names = ", ".join(instance.name for instance in gpu.instances)
        fact = f"GPU {gpu.index} ({gpu.name}) is sliced: {names}"
        command = f"export CUDA_VISIBLE_DEVICES={gpu.instances[0].uuid}"
        yield Finding(
            severity="note", fact=fact, meaning="a training uses one slice, the first if none is named", command=command
        )


def _others(gpu: Gpu) -> Iterator[Finding]:
    if not gpu.processes:
        return
    pids = ",".join(str(each.pid) for each in gpu.processes)
    held = sum(each.memory or 0 for each in gpu.processes) / _GIGABYTE
    fact = f"{len(gpu.processes)} process(es) already use GPU {gpu.index} ({gpu.name}), {held:.1f} GB"
    meaning = "a training beside them is slower and may run out of memory"
    yield Finding(severity="warning", fact=fact, meaning=meaning, command=f"ps -o pid,user,etime,args -p {pids}")


def _slowed(gpu: Gpu) -> Iterator[Finding]:
    if gpu.temperature is not None and gpu.temperature >= _HOT:
        fact = f"GPU {gpu.index} ({gpu.name}) is at {gpu.temperature} C"
        command = f"nvidia-smi -i {gpu.index} -q -d TEMPERATURE,PERFORMANCE"
        yield Finding(
            severity="warning", fact=fact, meaning="it slows itself down: check fans and air", command=command
        )
    if gpu.power_limit and gpu.power_default and gpu.power_limit < _THROTTLED * gpu.power_default:
        fact = f"GPU {gpu.index} ({gpu.name}) is limited to {gpu.power_limit:.0f} of {gpu.power_default:.0f} W"
        command = f"sudo nvidia-smi -i {gpu.index} -pl {gpu.power_default:.0f}"
        yield Finding(severity="note", fact=fact, meaning="somebody chose this; it costs speed", command=command)
    if gpu.memory_total is not None and gpu.memory_total < 4 * _GIGABYTE:
        fact = f"GPU {gpu.index} ({gpu.name}) has {gpu.memory_total / _GIGABYTE:.1f} GB"
        meaning = "use the profile 'fast', and a smaller gt_size or batch if memory runs out"
        yield Finding(severity="warning", fact=fact, meaning=meaning)


def _install_driver(report: MachineReport) -> str:
    """The command that installs or updates the driver here, or where to find it."""
    if report.system.wsl:
        return "update the NVIDIA driver on the Windows side, then: wsl --shutdown"
    commands = {
        "ubuntu": "sudo apt install nvidia-driver-580 && sudo reboot",
        "debian": "sudo apt install nvidia-driver && sudo reboot   # from non-free",
        "fedora": "sudo dnf install akmod-nvidia && sudo reboot   # from RPM Fusion",
        "arch": "sudo pacman -S nvidia-open && sudo reboot",
    }
    return commands.get(
        report.system.distribution, "install NVIDIA driver 580 or newer (nvidia.com/drivers), then: sudo reboot"
    )


RULES = (driver, torch_build, each_gpu)
