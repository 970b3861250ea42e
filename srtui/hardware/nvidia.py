"""A first look at NVIDIA cards and their driver with nothing installed: standard library only, used by ``./start``."""

from __future__ import annotations

import ctypes
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from srtui.hardware import nvidia_smi
from srtui.hardware.torch_builds import Capability, Card, Platform

# Where drivers put NVML: the loader's path, WSL2, and the usual mount of GPU containers.
_NVML = (
    "libnvidia-ml.so.1",
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",
    "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
)
_DISPLAY_CLASS = "0x03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nvidia:
    """Driver and usable cards, or the problem that hides them."""

    driver: str | None
    cards: tuple[Card, ...]
    problem: str = ""  # one sentence for the user when cards are there but cannot be used


def look() -> Nvidia:
    """Cards and driver through nvidia-smi, else NVML itself, else what the PCI bus shows."""
    try:
        rows = nvidia_smi.query(["name", "compute_cap", "driver_version"])
        cards = tuple(Card(name=row["name"] or "NVIDIA GPU", capability=capability(row["compute_cap"])) for row in rows)
        return Nvidia(driver=rows[0]["driver_version"] if rows else None, cards=cards)
    except nvidia_smi.SmiError as error:
        if error.problem in ("absent", "unknown field"):
            return _nvml() or _without_driver()
        if error.problem == "mismatch":
            return Nvidia(driver=None, cards=(), problem="the NVIDIA driver was updated but not yet loaded: reboot")
        return _without_driver()


def this_platform() -> Platform:
    """The machine that runs this."""
    release = platform.release().lower()
    return Platform(
        system=sys.platform,
        machine=platform.machine(),
        wsl="microsoft" in release,
        amd=Path("/dev/kfd").exists() and bool(pci_cards("0x1002")),
    )


def pci_cards(vendor: str, bus: Path = Path("/sys/bus/pci/devices")) -> list[str]:
    """PCI addresses of the display controllers of a vendor (``0x10de`` NVIDIA, ``0x1002`` AMD)."""
    found = []
    for device in sorted(bus.glob("*")):
        try:
            maker, kind = (device / "vendor").read_text(), (device / "class").read_text()
        except OSError:
            continue
        if maker.strip() == vendor and kind.startswith(_DISPLAY_CLASS):
            found.append(device.name)
    return found


def capability(text: str | None) -> Capability | None:
    """``"8.6"`` as ``(8, 6)``."""
    match = re.fullmatch(r"(\d+)\.(\d+)", text or "")
    return (int(match[1]), int(match[2])) if match else None


def _without_driver() -> Nvidia:
    cards = pci_cards("0x10de")
    if not cards:
        return Nvidia(driver=None, cards=())
    return Nvidia(driver=None, cards=(), problem=f"{len(cards)} NVIDIA card(s) on the bus, but no working driver")


def _nvml() -> Nvidia | None:
    """Ask libnvidia-ml: old nvidia-smi does not know compute capabilities, and some containers have no nvidia-smi."""
    library = next((found for name in _NVML if (found := _load(name)) is not None), None)
    if library is None or library.nvmlInit_v2() != 0:
        return None
    try:
        return _read(library)
    finally:
        library.nvmlShutdown()


def _load(name: str) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


def _read(library: ctypes.CDLL) -> Nvidia:
    text = ctypes.create_string_buffer(96)
    answered = library.nvmlSystemGetDriverVersion(text, len(text)) == 0
    driver = text.value.decode() if answered else None
    count = ctypes.c_uint()
    library.nvmlDeviceGetCount_v2(ctypes.byref(count))
    cards = []
    for index in range(count.value):
        handle, major, minor = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_int()
        if library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
            continue
        library.nvmlDeviceGetName(handle, text, len(text))
        known = library.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor)) == 0
        cards.append(Card(name=text.value.decode(), capability=(major.value, minor.value) if known else None))
    return Nvidia(driver=driver, cards=tuple(cards))
