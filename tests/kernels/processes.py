"""Running kernels in processes of their own, with another Numba or another memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import srtui_kernels

ROOT = Path(__file__).resolve().parents[2]
SEARCH = os.pathsep.join(str(each) for each in (Path(srtui_kernels.__file__).parents[1], ROOT))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": SEARCH, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def digests_of(*arguments: str, **environment: str) -> Any:
    """Run tests/kernels/every_kernel.py and return what it prints; a dead process says what it was doing."""
    done = run("-m", "tests.kernels.every_kernel", *arguments, **environment)
    assert done.returncode == 0, f"ended with {done.returncode} in: {done.stderr[-3000:]}"
    return json.loads(done.stdout)
