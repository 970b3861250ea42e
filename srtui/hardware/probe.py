"""Look at this machine: everything that decides how srtui will run here, without importing torch."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from srtui.hardware import gpus, system
from srtui.hardware.report import DeviceCheck, MachineReport, Torch, TorchCheck

_PATIENCE = 600.0  # seconds: importing torch from a cold network disk takes minutes


def probe(
    project: Path | None = None,
    *,
    check_torch: bool = True,
    progress: Callable[[str], None] | None = None,
) -> MachineReport:
    """Look at everything.

    Parameters
    ----------
    project
        Where the project lies or will lie; the current folder by default. Its disk is measured.
    check_torch
        Also import torch in a child process and compute with it, which takes 3 to 60 seconds.
    progress
        Gets what is being looked at, a few words at a time.
    """
    say = progress or _quiet
    say("system")
    surroundings = system.system()
    say("graphics cards")
    found, driver = gpus.read(container=bool(surroundings.container))
    say("disk")
    disk = system.disk(project or Path.cwd(), measure=True)
    check = None
    if check_torch:
        say("PyTorch: importing it and computing with it")
        check = run_check()
    return MachineReport(
        gpus=found,
        driver=driver,
        torch=installed_torch(),
        check=check,
        cpu=system.cpu(),
        memory=system.memory(),
        disk=disk,
        system=surroundings,
    )


def installed_torch() -> Torch:
    """PyTorch in this environment by its metadata and its version.py; nothing of it is executed."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return Torch(torchvision=_version("torchvision"))
    try:
        text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        text = ""
    return Torch(
        version=_assigned("__version__", text) or _version("torch"),
        cuda=_assigned("cuda", text),
        rocm=_assigned("hip", text),
        torchvision=_version("torchvision"),
    )


def run_check(command: tuple[str, ...] = (sys.executable, "-m", "srtui.hardware.check")) -> TorchCheck:
    """Import torch and compute in a child process; the verdict, whatever becomes of the child."""
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return TorchCheck(ok=False, error=f"importing torch did not end within {_PATIENCE:.0f} s", seconds=_PATIENCE)
    line = next((line for line in reversed(child.stdout.splitlines()) if line.startswith('{"ok"')), None)
    if line is None:
        last = (child.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return TorchCheck(ok=False, error=f"importing torch ended with code {child.returncode}: {last}")
    plain = json.loads(line)
    return TorchCheck(
        ok=plain["ok"],
        error=plain["error"],
        devices=tuple(DeviceCheck(**device) for device in plain["devices"]),
        seconds=plain["seconds"],
    )


def _quiet(_: str) -> None:
    """Nobody is watching."""


def _assigned(name: str, text: str) -> str | None:
    """The string that a line of version.py assigns: ``cuda: Optional[str] = '13.2'``."""
    match = re.search(rf"^{name}\b[^=\n]*=\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE)
    return match[1] if match else None


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
