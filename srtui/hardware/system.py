"""Read the rest of the machine: processor, memory, disk, limits, session, terminal."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from srtui.hardware.report import Cpu, Disk, Memory, System

# The vector extensions that decide the speed of the kernels and of PyTorch on a CPU.
EXTENSIONS = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx_vnni",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_bf16",
    "asimd",
    "sve",
    "bf16",
    "i8mm",
)
_NETWORK = re.compile(r"nfs|cifs|smb|sshfs|lustre|gpfs|beegfs|ceph|gluster|afs|9p|drvfs|davfs|ncpfs|panfs|wekafs")
_BLOCK = 4 * 1024 * 1024  # bytes
_MOST = 256 * 1024 * 1024  # bytes written at most to learn the speed
_LONGEST = 0.5  # seconds


def cpu(file: Path = Path("/proc/cpuinfo")) -> Cpu:
    """The processor, by the kernel's own words."""
    import psutil

    try:
        text = file.read_text()
    except OSError:
        text = ""
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    model = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    present = set(flags[1].split()) if flags else set()
    return Cpu(
        model=model[1] if model else platform.processor() or platform.machine(),
        machine=platform.machine(),
        physical=psutil.cpu_count(logical=False),
        logical=psutil.cpu_count() or 1,
        usable=usable_cores(),
        extensions=tuple(name for name in EXTENSIONS if name in present),
    )


def usable_cores(quota_file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores this process may use: its affinity, less when a container has a smaller quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))


def memory(limit_file: Path = Path("/sys/fs/cgroup/memory.max")) -> Memory:
    """Main memory, and the limit of a container."""
    import psutil

    found = psutil.virtual_memory()
    try:
        text = limit_file.read_text().strip()
    except OSError:
        text = "max"
    limit = int(text) if text.isdigit() and int(text) < found.total else None
    return Memory(total=found.total, available=found.available, limit=limit)


def disk(folder: Path, *, measure: bool) -> Disk:
    """The file system of a folder (or of its nearest existing parent) and, if wanted, how fast it takes data."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    kind = file_system(place, Path("/proc/self/mountinfo"))
    writable = os.access(place, os.W_OK)
    return Disk(
        path=str(place),
        kind=kind,
        network=bool(_NETWORK.search(kind)),
        total=usage.total,
        free=usage.free,
        writable=writable,
        write_speed=_write_speed(place) if measure and writable and usage.free > 2 * _MOST else None,
    )


def file_system(place: Path, mounts: Path) -> str:
    """Type of the mounted file system that holds a path, ``unknown`` where there is no mount table."""
    best, kind = -1, "unknown"
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return kind
    for line in lines:
        left, _, right = line.partition(" - ")
        # Spaces in mount points are written as \040 (proc(5)).
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), left.split()[4]))
        if (place == point or point in place.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split()[0]
    return kind


def _write_speed(place: Path) -> float | None:
    """Bytes a second of writing half a second's worth, with the sync at the end that makes it true."""
    block = os.urandom(_BLOCK)
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            began, written = time.monotonic(), 0
            while written < _MOST and time.monotonic() - began < _LONGEST:
                written += file.write(block)
            file.flush()
            os.fsync(file.fileno())
            return written / (time.monotonic() - began)
    except OSError:
        return None


def system(environment: Mapping[str, str] | None = None) -> System:
    """Limits, sessions and terminal."""
    import resource

    env = os.environ if environment is None else environment
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    release = _os_release()
    return System(
        name=release.get("PRETTY_NAME", platform.system()),
        distribution=release.get("ID", ""),
        release=release.get("VERSION_ID", ""),
        kernel=platform.release(),
        python=platform.python_version(),
        wsl="microsoft" in platform.release().lower(),
        container=container(env),
        open_files=_limit(soft),
        open_files_most=_limit(hard),
        shared_memory=shutil.disk_usage("/dev/shm").free if Path("/dev/shm").is_dir() else None,  # noqa: S108  asked, not used
        kills_user_processes=_kills_user_processes(),
        lingers=Path("/var/lib/systemd/linger", env.get("USER", "") or "?").exists(),
        tmux=bool(env.get("TMUX") or env.get("STY")),
        tmux_installed=shutil.which("tmux") is not None,
        ssh=bool(env.get("SSH_CONNECTION")),
        encoding=encoding(env),
        term=env.get("TERM", ""),
    )


def encoding(env: Mapping[str, str]) -> str:
    """What the locale's variables say, not Python, which coerces LC_CTYPE: ``UTF-8``, ``ascii`` for C and POSIX."""
    named = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or "C"
    _, _, charset = named.partition(".")
    if charset:
        return "UTF-8" if charset.split("@")[0].lower().replace("-", "") == "utf8" else charset
    return "ascii" if named in ("C", "POSIX") else "unknown"


def container(env: Mapping[str, str], root: Path = Path("/")) -> str:
    """The kind of container this runs in, empty outside of one."""
    if (root / ".dockerenv").exists():
        return "docker"
    if (root / "run/.containerenv").exists():
        return "podman"
    if env.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    if env.get("APPTAINER_CONTAINER") or env.get("SINGULARITY_CONTAINER"):
        return "apptainer"
    return env.get("container", "")  # systemd-nspawn and LXC set it


def _limit(value: int) -> int | None:
    return None if value < 0 else value  # RLIM_INFINITY is -1


def _os_release(file: Path = Path("/etc/os-release")) -> dict[str, str]:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines) if value}


def _kills_user_processes() -> bool | None:
    """Ask logind itself whether logging out ends what a user left running; None where there is no logind."""
    where = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
    try:
        answer = subprocess.run(
            ["busctl", "--system", "get-property", *where, "KillUserProcesses"],
            capture_output=True,
            text=True,
            timeout=3,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() == "b true" if answer.returncode == 0 else None
