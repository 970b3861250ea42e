"""Which PyTorch build to install here: what the machine has, what the user names, what can be reached."""

from __future__ import annotations

import os
import sys

from srtui.bootstrap import index
from srtui.bootstrap.screen import Screen
from srtui.errors import MachineError
from srtui.hardware import nvidia, torch_builds
from srtui.hardware.torch_builds import Build


def choose_build(screen: Screen) -> Build:
    """The build for this machine, or its alternative when its index cannot be reached.

    Raises
    ------
    MachineError
        When the index is out of reach and no other build runs here.
    """
    python = sys.version_info[:2]
    platform = nvidia.this_platform()
    override = os.environ.get("SRTUI_TORCH_INDEX")
    if override:
        return torch_builds.overridden(override, platform, python)
    found = nvidia.look()
    if found.problem:
        screen.say(f"      note: {found.problem}; ./start doctor says what to do")
    build = torch_builds.choose(found.cards, found.driver, platform, python)
    if build.index is None:
        return build
    screen.update(f"asking {build.index}")
    if index.reachable(build.index):
        return build
    if build.alternative is not None:
        return build.alternative
    raise MachineError(
        f"PyTorch's index {build.index}",
        f"cannot be reached, and only {build.label} runs on {build.why}",
        hint="allow the connection, or name a mirror of it: SRTUI_TORCH_INDEX=https://mirror/whl/... ./start;"
        " to work on the CPU instead: SRTUI_TORCH_INDEX=default ./start",
    )
