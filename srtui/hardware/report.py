"""What a look at a machine finds, as plain values that travel as JSON in both directions."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from srtui.hardware.torch_builds import Capability

VERSION = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuProcess:
    """Somebody's program on a GPU; memory in bytes, None where the driver keeps it to itself."""

    pid: int
    name: str | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigInstance:
    """A slice of a GPU, which CUDA sees as a device of its own; memory in bytes."""

    uuid: str
    name: str
    memory_total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One NVIDIA GPU; memory in bytes, temperature in °C, power in watts. None: the driver would not say."""

    index: int
    name: str
    uuid: str | None = None
    capability: Capability | None = None
    memory_total: int | None = None
    memory_free: int | None = None
    temperature: int | None = None
    power_limit: float | None = None
    power_default: float | None = None
    mig: bool = False
    instances: tuple[MigInstance, ...] = ()
    processes: tuple[GpuProcess, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """NVIDIA's driver, and what hides it.

    ``problem``: ``""`` none, ``mismatch`` (library newer than the loaded module), ``no driver`` (a card, no driver),
    ``hidden`` (a container without access), ``failed``.
    """

    version: str | None = None
    cuda: str | None = None  # newest CUDA version the driver supports
    source: str = "none"  # nvml, nvidia-smi or none
    problem: str = ""
    said: str = ""  # the driver's own words
    module: str | None = None  # version of the loaded kernel module
    cards_on_bus: int = 0  # NVIDIA display controllers on the PCI bus
    amd_cards_on_bus: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Torch:
    """PyTorch in this environment, by its files; nothing is imported."""

    version: str | None = None
    cuda: str | None = None  # CUDA it was built with, None for a CPU build
    rocm: str | None = None
    torchvision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCheck:
    """Whether one GPU computed what it should."""

    index: int
    name: str
    ok: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchCheck:
    """What the child process found that really imported torch and computed with it."""

    ok: bool
    error: str | None = None
    devices: tuple[DeviceCheck, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """The processor; ``usable`` are the cores this process may use (affinity and container limits)."""

    model: str
    machine: str
    physical: int | None = None
    logical: int = 1
    usable: int = 1
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Main memory in bytes; ``limit`` is a container's, None without one."""

    total: int
    available: int
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The file system where the project lies; bytes, and bytes a second of a short write with fsync."""

    path: str
    kind: str
    network: bool
    total: int
    free: int
    writable: bool
    write_speed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Everything else that decides whether long jobs live: limits, sessions, terminal."""

    name: str
    distribution: str  # ID of /etc/os-release: ubuntu, debian, rocky
    release: str
    kernel: str
    python: str
    wsl: bool = False
    container: str = ""  # docker, podman, lxc, kubernetes; empty outside
    open_files: int | None = None  # soft limit
    open_files_most: int | None = None  # hard limit
    shared_memory: int | None = None  # bytes free in /dev/shm
    kills_user_processes: bool | None = None
    lingers: bool = False
    tmux: bool = False  # inside tmux or screen now
    tmux_installed: bool = False
    ssh: bool = False
    encoding: str = ""
    term: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineReport:
    """All of it."""

    version: int = VERSION
    gpus: tuple[Gpu, ...]
    driver: Driver
    torch: Torch
    check: TorchCheck | None = None  # None: not asked for
    cpu: Cpu
    memory: Memory
    disk: Disk
    system: System


def to_plain(value: object) -> Any:
    """Dataclasses as dicts and tuples as lists, ready for JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass that :func:`to_plain` took apart.

    Raises
    ------
    ValueError
        When the report is of a newer version than this srtui knows.
    TypeError
        When keys are missing or unknown.
    """
    newer = plain.get("version", VERSION)
    if kind is MachineReport and newer != VERSION:
        raise ValueError(f"machine report of version {newer}; this srtui reads version {VERSION}")
    hints = typing.get_type_hints(kind)
    return kind(**{name: _restore(hints.get(name, object), value) for name, value in plain.items()})


def _restore(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, types.UnionType):
        hint = next(choice for choice in typing.get_args(hint) if choice is not type(None))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, value)
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_restore(each, item) for each, item in zip(kinds, value, strict=True))
    return value
