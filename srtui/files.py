"""Files that are whole or absent, and the folders of the user's state."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; it gets the final name when the block ends well, else it is removed.

    Notes
    -----
    The content reaches the disk before the name does, so that a crash leaves the old file or the new one.
    """
    temporary = path.with_name(f"{_stem(path)}{secrets.token_hex(4)}.part")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(paths: Iterable[Path]) -> None:
    """Remove what a killed process left of files that `whole_file` was writing under these names."""
    stems: dict[Path, set[str]] = {}
    for path in paths:
        stems.setdefault(path.parent, set()).add(_stem(path))
    for folder, wanted in stems.items():
        for part in folder.glob(".*.part"):
            if part.name[: -len("01234567.part")] in wanted:
                part.unlink(missing_ok=True)


def _stem(path: Path) -> str:
    """How temporary names of ``path`` begin: short, as a name may have 255 bytes, and a letter up to four."""
    return f".{path.name[:48]}."


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file under its final name only when it is whole."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: Path, value: Any) -> None:
    """Write plain values as JSON, whole or not at all; NaN is refused (use None)."""
    write_whole(path, json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def state_folder() -> Path:
    """Folder for what belongs to no project: ``$XDG_STATE_HOME/srtui``, made if need be."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    folder = Path(base).expanduser() / "srtui"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
