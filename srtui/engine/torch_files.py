"""Checkpoints in torch's own format (.pth, .pt): a zip or a bare pickle, read without running anything in it."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from srtui.errors import SrtuiError, UsageError

ZIP, PICKLE = b"PK\x03\x04", b"\x80"
"""How the two kinds of file begin."""

# What torch.load was seen to raise for truncated and altered files, apart from what it documents.
_BROKEN = (
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
    OverflowError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    pickle.UnpicklingError,
)


def read_torch_file(path: Path) -> Any:
    """
    Read a checkpoint: tensors and plain values only.

    Raises
    ------
    UsageError
        If it holds anything else, which loading would have to run as code.
    SrtuiError
        If it is damaged.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(len(ZIP)) == ZIP
        if zipped:
            _check_zip(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch asks for bug reports when a pickle is not its own
            # Mapped, so that an optimiser's state that nobody asked for is never read.
            return torch.load(str(path), map_location="cpu", weights_only=True, mmap=zipped)
    except _BROKEN as error:
        raise _explained(error, path) from None


def _check_zip(path: Path) -> None:
    """Look at the zip's directory: torch writes records as they are, so a compressed one is somebody's bomb."""
    with zipfile.ZipFile(path) as records:
        for record in records.infolist():
            if record.compress_type != zipfile.ZIP_STORED:
                raise zipfile.BadZipFile(f"record {record.filename[:60]!r} is compressed")


def _explained(error: BaseException, path: Path) -> SrtuiError:
    text = str(error)
    if refused := re.search(r"GLOBAL ([\w.]+)|class ([\w.]+) was not an allowed global", text):
        fact = f"wants to run {refused[1] or refused[2]} when it is loaded: refused"
        hint = "take its .safetensors version, or have its author save the state dict alone"
        return UsageError(str(path), fact, hint=hint)
    # torch puts advice that is wrong here (load it all the same) before what it found.
    found = text.partition("WeightsUnpickler error:")[2].strip() or text.strip() or type(error).__name__
    fact = f"damaged, or no checkpoint: {found.splitlines()[0][:200]}"
    return SrtuiError(str(path), fact, hint="copy or download it again")
