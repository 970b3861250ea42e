"""checkpoints/<iteration>/{net.safetensors, ema.safetensors, state.pt}: whole or absent, checked, never run as code.

state.pt holds tensors and plain values only, and the digests of the two networks beside it. Its zip carries a CRC32 of
every record, which torch writes but does not look at: it loads a tensor with a flipped bit without a word.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensor_bytes
from torch import Tensor

from srtui.errors import SrtuiError, UsageError

VERSION = 1
"""Format of state.pt; a newer one is refused."""
KEEP = 3
"""How many of the newest are kept, apart from those that are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Everything that the rest of a run depends on."""

    iteration: int
    """Updates done."""
    net: Mapping[str, Tensor]
    ema: Mapping[str, Tensor]
    state: Mapping[str, Any]
    """Tensors and plain values: optimiser, random states, stream position, counters."""


class _DamagedError(Exception):
    """A checkpoint that cannot be used, where an older one may."""


def save(root: Path, checkpoint: Checkpoint, metadata: Mapping[str, str]) -> Path:
    """Write a checkpoint; it gets its name when all of it has reached the disk, else nothing of it stays.

    Parameters
    ----------
    root
        The job's checkpoints folder, made if need be.
    metadata
        What the two networks say about themselves (format, network, scale, recipe).

    Raises
    ------
    OSError
        If it cannot be written (a full disk); earlier checkpoints are untouched.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = root / f".{checkpoint.iteration}.part"
    final = root / str(checkpoint.iteration)
    shutil.rmtree(part, ignore_errors=True)
    try:
        _write_all(part, checkpoint, metadata)
        old = root / f".{checkpoint.iteration}.old"
        if final.exists():  # damaged, and come by again; or changed, where trouble led back to it
            final.replace(old)
        part.replace(final)
        _sync_folder(root)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return final


def _write_all(part: Path, checkpoint: Checkpoint, metadata: Mapping[str, str]) -> None:
    part.mkdir(mode=0o700)
    digests = {}
    for name, tensors in (("net", checkpoint.net), ("ema", checkpoint.ema)):
        content = tensor_bytes(
            {key: value.detach().cpu().contiguous() for key, value in tensors.items()}, dict(metadata)
        )
        digests[name] = _digest(content)
        _write(part / f"{name}.safetensors", content)
    state = {"version": VERSION, "iteration": checkpoint.iteration, "digests": digests, **checkpoint.state}
    # Through memory: torch and safetensors report a full disk as RuntimeError and SafetensorError, Python as OSError.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    _write(part / "state.pt", buffer.getvalue())
    _sync_folder(part)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=32).hexdigest()


def iterations(root: Path) -> list[int]:
    """Iterations of the checkpoints in a folder, oldest first."""
    if not root.is_dir():
        return []
    return sorted(int(path.name) for path in root.iterdir() if path.name.isdecimal() and path.is_dir())


def prune(root: Path, keep: Collection[int | None]) -> None:
    """Remove all but the newest `KEEP` and those of the iterations in ``keep``."""
    for iteration in iterations(root)[:-KEEP]:
        if iteration not in keep:
            shutil.rmtree(root / str(iteration))


def remove_after(root: Path, iteration: int) -> None:
    """Remove the checkpoints of later iterations, the newest first."""
    for later in reversed(iterations(root)):
        if later > iteration:
            shutil.rmtree(root / str(later))


def _clean(root: Path) -> None:
    """Remove what a killed run has left half-written, and put back what it was about to replace."""
    for old in root.glob(".*.old"):
        final = root / old.name.strip(".").removesuffix(".old")
        if final.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.replace(final)
    for part in root.glob(".*.part"):
        shutil.rmtree(part, ignore_errors=True)


def load_newest(root: Path, alarm: Callable[[str], None]) -> Checkpoint | None:
    """Read the newest checkpoint that is whole, onto the CPU; None if there is none at all.

    Half-written ones are removed. A damaged one is passed over with an alarm.

    Raises
    ------
    UsageError
        If it is of a newer format.
    SrtuiError
        If it holds more than tensors and plain values, or all of them are damaged.
    """
    _clean(root)
    found = iterations(root)
    for iteration in reversed(found):
        checkpoint = _load_unless_damaged(root / str(iteration), alarm)
        if checkpoint is not None:
            return checkpoint
    if found:
        hint = "remove the folder to begin anew"
        raise SrtuiError("checkpoints", f"none of {len(found)} can be used", where=root, hint=hint)
    return None


def _load_unless_damaged(folder: Path, alarm: Callable[[str], None]) -> Checkpoint | None:
    try:
        return _load(folder)
    except _DamagedError as error:
        alarm(f"checkpoint {folder.name} cannot be used ({error}): going back to the one before")
        return None


def _load(folder: Path) -> Checkpoint:
    state = _load_state(folder / "state.pt")
    networks = {}
    for name in ("net", "ema"):
        content = _read(folder / f"{name}.safetensors")
        if _digest(content) != state["digests"][name]:
            raise _DamagedError(f"{name}.safetensors is not what was written")
        networks[name] = read_tensors(content)
    return Checkpoint(iteration=state["iteration"], net=networks["net"], ema=networks["ema"], state=state)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _DamagedError(f"{path.name}: {error.strerror}") from None


def _load_state(path: Path) -> dict[str, Any]:
    content = _read(path)
    _check_zip(content)
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        fact = "holds more than tensors and plain values: loading it could run code, so it was not loaded"
        raise SrtuiError(str(path), fact, hint="srtui wrote no such file: remove this checkpoint's folder") from None
    except RuntimeError as error:
        raise _DamagedError(f"state.pt: {str(error).splitlines()[0]}") from None
    version = state.get("version") if isinstance(state, dict) else None
    if not isinstance(version, int) or version > VERSION:
        raise UsageError(str(path), f"format {version}, this srtui reads up to {VERSION}", hint="update srtui")
    assert isinstance(state, dict)  # or its version would not be a number
    return state


def _check_zip(content: bytes) -> None:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        if any(record.compress_type != zipfile.ZIP_STORED for record in archive.infolist()):
            raise _DamagedError("state.pt: compressed, which torch never does")
        broken = archive.testzip()
    except _UNREADABLE as error:
        raise _DamagedError(f"state.pt: {error}") from None
    if broken is not None:
        raise _DamagedError(f"state.pt: wrong CRC32 of {broken}")


# What zipfile raises, depending on which byte of a directory entry is wrong (tested: one flip in every byte).
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)
