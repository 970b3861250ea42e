"""Asking a running job for something: an empty file in control/, which the worker looks for."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from srtui.jobs.folder import JobFolder

Wish = Literal["pause", "stop", "checkpoint", "validate"]


def ask(folder: JobFolder, wish: Wish) -> None:
    """Ask for ``wish``; ``pause`` lasts until it is withdrawn, the others are taken once."""
    folder.control.mkdir(mode=0o700, exist_ok=True)
    (folder.control / wish).touch()


def asked(folder: JobFolder, wish: Wish) -> bool:
    """Whether ``wish`` is being asked for."""
    return (folder.control / wish).exists()


def withdraw(folder: JobFolder, wish: Wish) -> bool:
    """Take ``wish`` back (or take it up); tells whether it was there."""
    with suppress(FileNotFoundError):
        (folder.control / wish).unlink()
        return True
    return False
