"""Ask ``nvidia-smi``: what works without any Python package, for ``./start`` and where NVML is out of reach."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Literal

Problem = Literal["absent", "mismatch", "no driver", "no devices", "unknown field", "failed"]

# What nvidia-smi prints for each trouble, as users report it (its exit codes differ between versions).
_SIGNS: tuple[tuple[str, Problem], ...] = (
    ("library version mismatch", "mismatch"),
    ("couldn't communicate with the NVIDIA driver", "no driver"),
    ("No devices were found", "no devices"),
    ("is not a valid field to query", "unknown field"),
)


class SmiError(Exception):
    """``nvidia-smi`` gave no answer; ``problem`` says which of the known troubles it was."""

    def __init__(self, problem: Problem, said: str) -> None:
        super().__init__(problem, said)
        self.problem = problem
        self.said = said


def query(fields: Sequence[str], of: str = "gpu", seconds: float = 30.0) -> list[dict[str, str | None]]:
    """One dict per GPU (or per process with ``of="compute-apps"``) with the asked fields as text.

    Parameters
    ----------
    fields
        Names as ``nvidia-smi --help-query-gpu`` lists them. Values a card does not know are None.
    seconds
        How long to wait: without persistence mode the driver may load first, which takes seconds per card.

    Raises
    ------
    SmiError
        When there is no ``nvidia-smi`` or it reports a trouble.
    """
    command = ["nvidia-smi", f"--query-{of}={','.join(fields)}", "--format=csv,noheader,nounits"]
    environment = os.environ | {"LC_ALL": "C"}
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env=environment)
    except FileNotFoundError:
        raise SmiError("absent", "no nvidia-smi on this machine") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SmiError("failed", str(error)) from error
    said = answer.stdout + answer.stderr
    for sign, problem in _SIGNS:
        if sign in said:
            raise SmiError(problem, said.strip())
    if answer.returncode != 0:
        raise SmiError("failed", said.strip() or f"nvidia-smi ended with code {answer.returncode}")
    return [_row(fields, line) for line in answer.stdout.splitlines() if line.strip()]


def _row(fields: Sequence[str], line: str) -> dict[str, str | None]:
    """Split one CSV line; ``[N/A]``, ``[Not Supported]`` and the like mean that the card does not know."""
    values = [value.strip() for value in line.split(",")]
    known = [None if value.startswith("[") or value in ("N/A", "") else value for value in values]
    return dict(zip(fields, known, strict=False))
