"""The commands of ``./start``: make the environment if it is not as wanted, then hand over to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from srtui.bootstrap import state
from srtui.bootstrap.state import Layout

HELP = """\
./start                  open the wizard
./start demo             train a small network on made-up pictures and prove that it works (4 minutes)
./start COMMAND ...      any command of srtui; ./start help lists them (the same as srtui --help)

./start test [ARGS]      run the tests; ARGS go to pytest
./start check            formatting, lint, types, import contracts and tests

./start --repair [...]   make .venv anew, then go on
./start --help           this text

The first call makes .venv beside this file: the PyTorch build that fits this machine's GPU and driver, srtui
and what it needs, compiled kernels. It takes a few minutes and about 2 GB of disk for a CPU build, 7 GB with
CUDA. Interrupted at any point, the next call continues.

SRTUI_TORCH_INDEX=URL    take PyTorch from this index ("default": from pip's own)
TMPDIR=FOLDER            where downloads are unpacked (else inside .venv)
pip's own configuration (mirror, proxy, certificate) is respected.

Exit codes: 0 done, 2 usage, 4 the machine (disk, network, Python), 130 Ctrl-C, else what the command gives.
"""

_EXTRAS = {"test": frozenset({"test"}), "check": frozenset({"test", "check"})}


def main(arguments: Sequence[str]) -> int:
    """Run one call of ``./start``; returns an exit code or does not return at all."""
    arguments = list(arguments)
    if arguments[:1] in (["-h"], ["--help"]):
        sys.stdout.write(HELP)
        return 0
    repair = arguments[:1] == ["--repair"]
    if repair:
        arguments.pop(0)
    command = arguments[0] if arguments else ""
    if command == "check" and len(arguments) > 1:
        sys.stderr.write(f"error: ./start check: takes no arguments, got {arguments[1]!r}\n  = ./start test ARGS\n")
        return 2
    layout = Layout(Path(__file__).resolve().parents[2])
    extras = _EXTRAS.get(command, frozenset())
    if repair or state.unfinished(layout, extras):
        from srtui.bootstrap import setup

        code = setup.run(layout, extras, repair=repair)
        if code != 0 or (repair and not arguments):
            return code
    return _hand_over(layout, command, arguments)


def _hand_over(layout: Layout, command: str, arguments: list[str]) -> int:
    """Become the command, so that signals and exit codes are its own."""
    if command == "check":
        from srtui.bootstrap import checks

        return checks.run(layout)
    if command == "test":
        os.chdir(layout.root)
        _become(layout, ["-m", "pytest", *arguments[1:]])
    if command == "help":
        arguments = ["--help"]
    # The installed script, not "-m srtui": that would import whatever lies in the current folder first.
    _become(layout, [str(layout.srtui), *arguments])
    return 0


def _become(layout: Layout, arguments: list[str]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(layout.python, [str(layout.python), *arguments])  # noqa: S606  no shell is the point
