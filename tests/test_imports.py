"""What a process loads: the terminal side stays light, the working side has no terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "torchvision", "numba", "cv2", "av", "numpy", "PIL", "lmdb", "safetensors", "tensorboard"}
NOT_FOR_HELP = HEAVY | {"textual", "rich", "pydantic", "yaml", "psutil"}
WORKING = {"srtui.worker", "srtui.engine", "srtui.data", "srtui.degradation", "srtui.footage", "srtui_kernels"}


def loaded_by(code: str) -> set[str]:
    """Modules in a fresh process after ``code``."""
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_loads_next_to_nothing() -> None:
    modules = loaded_by("from srtui.cli import run; run(['--help'])")
    assert not modules & (NOT_FOR_HELP | WORKING)


@pytest.mark.parametrize("command", [["profiles"], ["jobs"], ["doctor", "--help"], ["scan"]])
def test_commands_of_the_terminal_side_load_nothing_heavy(command: list[str]) -> None:
    modules = loaded_by(f"from srtui.cli import run; run({command!r})")
    assert not modules & (HEAVY | WORKING)


def test_the_wizard_loads_nothing_heavy() -> None:
    modules = loaded_by("import srtui.app.app")
    assert "textual" in modules
    assert not modules & (HEAVY | WORKING)


def test_the_working_side_loads_no_terminal() -> None:
    rooms = "srtui.worker, srtui.engine.trainer, srtui.engine.restore, srtui.engine.validation, srtui.data.prepare"
    modules = loaded_by(f"import {rooms}, srtui.footage.frames, srtui.footage.sampling")
    assert "torch" in modules
    assert not modules & {"textual", "rich", "click", "srtui.cli", "srtui.app"}
