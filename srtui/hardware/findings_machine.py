"""What can be wrong with memory, disk, limits, session and terminal: one rule, one function."""

from __future__ import annotations

from collections.abc import Iterator

from srtui.hardware.finding import Finding
from srtui.hardware.report import MachineReport

_GIGABYTE = 1e9


def memory(report: MachineReport) -> Iterator[Finding]:
    """Too little main memory for pictures, PyTorch and its libraries."""
    have = min(report.memory.limit or report.memory.total, report.memory.total)
    if have < 8 * _GIGABYTE:
        limit = " (the container's limit)" if report.memory.limit else ""
        fact = f"{have / _GIGABYTE:.1f} GB of memory{limit}"
        meaning = "large photographs and many loader threads may not fit; srtui itself needs about 3 GB"
        yield Finding(severity="warning", fact=fact, meaning=meaning)


def disk(report: MachineReport) -> Iterator[Finding]:
    """A disk that is full, read-only, remote or slow."""
    found = report.disk
    if not found.writable:
        fact, meaning = f"{found.path} cannot be written", "a project needs a folder of its own"
        yield Finding(severity="problem", fact=fact, meaning=meaning, command="srtui -p /a/folder/of/yours")
    if found.free < 10 * _GIGABYTE:
        fact = f"{found.free / _GIGABYTE:.1f} GB free in {found.path}"
        meaning = "datasets are kept raw: 100 photographs of 12 megapixels take 4 GB"
        yield Finding(severity="warning", fact=fact, meaning=meaning, command=f"df -h '{found.path}'")
    if found.network:
        fact = f"{found.path} is on a network file system ({found.kind})"
        meaning = "the dataset store maps its file into memory and jobs are found by locks: both want a local disk"
        yield Finding(severity="warning", fact=fact, meaning=meaning, command="srtui -p /a/local/disk/project")
    if found.write_speed is not None and found.write_speed < 60e6:
        fact = f"{found.path} takes {found.write_speed / 1e6:.0f} MB/s"
        yield Finding(severity="warning", fact=fact, meaning="preparing a dataset will wait for the disk")


def limits(report: MachineReport) -> Iterator[Finding]:
    """Limits of the system that are met in the middle of a run."""
    system = report.system
    if system.open_files is not None and system.open_files < 1024:
        most = system.open_files_most or 4096
        fact = f"at most {system.open_files} open files"
        meaning = "many loader threads and a big collection need more"
        yield Finding(severity="warning", fact=fact, meaning=meaning, command=f"ulimit -n {min(most, 4096)}")
    if system.shared_memory is not None and system.shared_memory < _GIGABYTE and len(report.gpus) > 1:
        fact = f"{system.shared_memory / 1e6:.0f} MB free in /dev/shm"
        meaning = "training on several GPUs exchanges gradients there"
        command = "docker run --shm-size=8g ..." if system.container else "sudo mount -o remount,size=8G /dev/shm"
        yield Finding(severity="warning", fact=fact, meaning=meaning, command=command)


def session(report: MachineReport) -> Iterator[Finding]:
    """What happens to jobs when the connection is lost."""
    system = report.system
    if system.kills_user_processes and not system.lingers:
        fact = "logind ends everything a user started when the last session closes (KillUserProcesses=yes)"
        meaning = "a training would die with the SSH connection"
        yield Finding(severity="problem", fact=fact, meaning=meaning, command='loginctl enable-linger "$USER"')
    if system.ssh and not system.tmux:
        meaning = "nothing is lost: jobs keep running when the connection drops, and 'srtui attach' shows them again"
        yield Finding(severity="note", fact="connected over SSH without tmux", meaning=meaning)
    if system.wsl:
        meaning = "the driver is the Windows host's; keep projects off /mnt/c, which is slow"
        yield Finding(severity="note", fact="this is WSL2", meaning=meaning)
    elif system.container:
        meaning = "what is not on a mounted volume is gone with the container"
        yield Finding(severity="note", fact=f"this is a container ({system.container})", meaning=meaning)


def terminal(report: MachineReport) -> Iterator[Finding]:
    """A terminal that cannot show the wizard."""
    system = report.system
    if system.encoding != "UTF-8":
        fact = f"the locale's encoding is {system.encoding}"
        meaning = "file names may be unreadable and the wizard uses plain characters"
        yield Finding(severity="warning", fact=fact, meaning=meaning, command="export LC_ALL=C.UTF-8")
    if system.term in ("", "dumb"):
        meaning = "the wizard needs a terminal; every step also has a command"
        yield Finding(
            severity="note", fact=f"TERM is {system.term!r}", meaning=meaning, command="export TERM=xterm-256color"
        )


def processor(report: MachineReport) -> Iterator[Finding]:
    """A processor without the vectors that the kernels are fast with."""
    if report.cpu.machine == "x86_64" and report.cpu.extensions and "avx2" not in report.cpu.extensions:
        fact = f"{report.cpu.model} has no AVX2"
        yield Finding(severity="warning", fact=fact, meaning="preparing datasets takes several times longer")


RULES = (memory, disk, limits, session, terminal, processor)
