"""The five phases of an environment; each is finished for good once its key is in the record."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srtui.bootstrap import child, disk
from srtui.bootstrap.choice import choose_build
from srtui.bootstrap.state import Layout
from srtui.bootstrap.work import Work, empty
from srtui.errors import MachineError, SrtuiError
from srtui.hardware.torch_builds import Build

# Everything but torch and torchvision, in bytes, with all extras: measured 2026-11, rounded up.
_REST_DISK, _REST_DOWNLOAD = 1_000_000_000, 400_000_000
_PAIR = ("torch", "torchvision")


class StartOverError(Exception):
    """The environment must be made anew, from its first phase."""


def make_environment(work: Work) -> None:
    """Make .venv, or take over one that somebody made by hand and that works."""
    venv, screen = work.layout.venv, work.screen
    screen.begin("environment")
    if not work.record.get("made") and any(venv.glob("[!.]*")):
        _take_over(work)
        return
    if importlib.util.find_spec("ensurepip") is None:
        fact = "it comes without the ensurepip module, so it cannot make an environment"
        raise MachineError(f"Python {platform.python_version()}", fact, where=sys.executable, hint=_venv_hint())
    empty(venv, keep=work.layout.folder)
    work.record.clear()
    work.note(made=True)
    command: list[str | Path] = [sys.executable, "-m", "venv", venv]
    code = work.run("environment", command, lambda: f"making .venv, {screen.elapsed():.0f} s")
    if code != 0:
        raise MachineError(str(venv), f"python -m venv ended with code {code}", where=_log(work), hint=_venv_hint())
    work.finish("environment")
    screen.done(f".venv made with Python {platform.python_version()}")


def install_torch(work: Work) -> None:
    """Choose the torch build that fits this machine and install the pair in one pip command from one index."""
    work.screen.begin("PyTorch")
    work.screen.update("looking at the machine")
    build = choose_build(work.screen)
    source = [build.index, *build.requirements]
    if work.record.get("torch_source", source) != source:
        # pip would keep the installed torch whatever the index, and the old build's libraries would stay behind.
        work.screen.say(f"the PyTorch build changes to {build.label}: starting .venv over")
        raise StartOverError
    override = os.environ.get("SRTUI_TORCH_INDEX") or work.record.get("override", "")
    work.note(torch_source=source, override=override)
    before = installed_pair(work.layout)
    kept = disk.folder_size(work.layout.wheels)
    there = disk.folder_size(work.layout.venv) - kept
    work.make_room(max(build.disk - there, build.disk // 10), max(build.download - kept, build.download // 10))
    work.pip_install("torch", build.requirements, index=build.index)
    pair = installed_pair(work.layout)
    _verify_build(build, pair)
    work.layout.constraints.write_text("".join(f"{name}=={pair[name]}\n" for name in _PAIR), encoding="utf-8")
    work.finish("torch", build=build.name, gpu=build.for_gpu, pair_versions=pair)
    verb = "already here" if before == pair else "installed"
    work.screen.done(f"torch {pair['torch']} and torchvision {pair['torchvision']} {verb}: {build.label}, {build.why}")
    for line in build.advice:
        work.screen.say(f"      note: {line}")


def install_project(work: Work) -> None:
    """Install srtui itself, editable, and what it needs; the torch pair cannot be replaced on the way."""
    extras = sorted(work.extras | set(work.record.get("extras", ())))
    work.screen.begin(f"srtui with its tools to {' and '.join(sorted(extras))}" if extras else "srtui")
    work.make_room(_REST_DISK, _REST_DOWNLOAD)
    target = f".[{','.join(extras)}]" if extras else "."
    work.pip_install("project", ["-e", target, "-c", str(work.layout.constraints)])
    if not work.layout.srtui.exists():
        raise SrtuiError("srtui", f"pip finished without making {work.layout.srtui}", hint="./start --repair")
    work.finish("project", extras=extras)
    work.screen.done("installed")


def check_pair(work: Work) -> None:
    """Import torch and torchvision together in a child process and compute with them, on every GPU too."""
    screen = work.screen
    screen.begin("check")
    command: list[str | Path] = [work.layout.python, "-I", "-m", "srtui.hardware.check"]
    code = work.run("pair", command, lambda: f"importing torch and torchvision, {screen.elapsed():.0f} s")
    answer = _answer(work)
    if code != 0 or not answer.get("ok"):
        fact = answer.get("error") or f"the check ended with code {code}"
        hint = "./start --repair installs both anew; SRTUI_TORCH_INDEX=URL names another index"
        raise MachineError("torch and torchvision", fact, where=_log(work, "pair"), hint=hint)
    work.finish("pair")
    devices = answer.get("devices", [])
    good = sum(device["ok"] for device in devices)
    screen.done(f"torch and torchvision work together on {f'{good} GPU(s)' if good else 'the CPU'}")
    if work.record.get("gpu") and not devices:
        screen.say("      note: PyTorch sees no GPU here; ./start doctor says why")
    for device in devices:
        if not device["ok"]:
            screen.say(f"      note: GPU {device['index']} ({device['name']}) does not work: {device['error']}")


def warm_kernels(work: Work) -> None:
    """Compile the image kernels once, so that no later command waits for it."""
    screen, log = work.screen, work.layout.log("kernels")
    screen.begin("kernels")
    command: list[str | Path] = [work.layout.python, "-I", "-m", "srtui_kernels"]
    code = work.run("kernels", command, lambda: child.tail(log, 1) or f"compiling, {screen.elapsed():.0f} s")
    if code != 0:
        hint = "./start --repair; if it fails again, please report the log"
        raise SrtuiError("kernels", f"compiling ended with code {code}", where=_log(work, "kernels"), hint=hint)
    work.finish("kernels")
    screen.done("compiled")


STEPS: dict[str, Callable[[Work], None]] = {
    "environment": make_environment,
    "torch": install_torch,
    "project": install_project,
    "pair": check_pair,
    "kernels": warm_kernels,
}


def installed_pair(layout: Layout) -> dict[str, str]:
    """Versions of torch and torchvision in the environment, by their metadata."""
    found = importlib.metadata.distributions(path=[str(layout.packages())])
    return {each.metadata["Name"]: each.version for each in found if each.metadata["Name"] in _PAIR}


def _take_over(work: Work) -> None:
    """Use an environment that was not made here if it works; never delete it unasked."""
    python = work.layout.python
    probe = "import sys, pip; assert sys.prefix != sys.base_prefix and sys.version_info >= (3, 10)"
    works = os.access(python, os.X_OK) and work.run("environment", [python, "-I", "-c", probe], str) == 0
    if not works:
        fact = "was not made by ./start and is no working environment of Python 3.10 or newer"
        raise MachineError(str(work.layout.venv), fact, hint="move it away, or let ./start --repair replace it")
    work.record.clear()
    work.finish("environment")
    work.screen.done("taking over the .venv that is here")


def _verify_build(build: Build, pair: dict[str, str]) -> None:
    missing = [name for name in _PAIR if name not in pair]
    if missing:
        raise SrtuiError("installation", f"pip finished without {' and '.join(missing)}", hint="./start --repair")
    if build.local and not pair["torch"].endswith(f"+{build.local}"):
        fact = f"version {pair['torch']} came instead of a +{build.local} one, from another index"
        hint = "remove extra-index-url from pip's configuration (pip config list), then ./start --repair"
        raise MachineError("torch", fact, hint=hint)


def _answer(work: Work) -> dict[str, Any]:
    """The check's last JSON line; what torch prints beside it does not matter."""
    lines = child.tail(work.layout.log("pair"), 50).splitlines()
    text = next((line for line in reversed(lines) if line.startswith('{"ok"')), "{}")
    answer: dict[str, Any] = json.loads(text)
    return answer


def _log(work: Work, phase: str = "environment") -> str:
    log = work.layout.log(phase)
    return f"{log}, which ends with:\n{child.indented(child.tail(log))}"


def _venv_hint() -> str:
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    return f"on Debian and Ubuntu: sudo apt install {name}; then ./start --repair"
