"""Whether a file can be a network to begin from, told from its first bytes: torch is not needed to say no early."""

from __future__ import annotations

from pathlib import Path

from srtui.errors import UsageError

SUFFIXES = frozenset({".safetensors", ".pth", ".pt", ".ckpt"})
"""How network files are called; others are looked at all the same."""
_LARGEST_HEADER = 100_000_000
"""Bytes that the header of a .safetensors file may take (the format's own limit)."""


def check_network_file(path: Path) -> None:
    """Refuse what cannot be a network.

    Raises
    ------
    UsageError
        If there is no such file, or it is none that weights are kept in.
    """
    if not path.is_file():
        fact = "is a folder: the network is a file in it" if path.is_dir() else "no such file"
        raise UsageError(str(path), fact, hint="give the path of a .safetensors or .pth file")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise UsageError(str(path), error.strerror or "cannot be read", hint="check its permissions") from None
    if not (_is_safetensors(head, size) or head.startswith((b"PK\x03\x04", b"\x80"))):
        began = "it is empty" if not head else f"it begins with the bytes {head[:4].hex(' ')}"
        known = "a network is a .safetensors file, or a .pth that torch has written"
        what = "an ONNX network cannot be trained on" if path.suffix == ".onnx" else f"is no network file: {began}"
        raise UsageError(str(path), what, hint=known)


def _is_safetensors(head: bytes, size: int) -> bool:
    """Eight bytes with the length of a JSON object, and the object."""
    length = int.from_bytes(head[:8], "little")
    return len(head) == 9 and head[8:] == b"{" and 2 <= length <= min(_LARGEST_HEADER, size - 8)
