"""Keys that the user has moved: ``$XDG_CONFIG_HOME/srtui/keys.yml``, one ``binding.id: key`` a line."""

from __future__ import annotations

import os
from pathlib import Path

LARGEST = 1 << 16
"""Bytes of the file that are read at most."""


def keymap_file() -> Path:
    """Where the file would be."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "srtui" / "keys.yml"


def read_keymap() -> dict[str, str]:
    """Binding ids with their keys (several are separated by commas); a file that says something else is left alone."""
    try:
        with keymap_file().open("rb") as file:
            content = file.read(LARGEST)
    except OSError:
        return {}
    import yaml  # not before the first frame of those who moved nothing

    try:
        value = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {str(name): key for name, key in value.items() if isinstance(key, str)}
