"""A BasicSR option file, key by key: what was used of it, what was left and why; nothing is dropped without a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srtui.errors import UsageError

Key = tuple[str, ...]
LARGEST = 1e15
"""Numbers beyond it are nobody's setting, and sums and shares of them would lose their digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One key of the file that the profile does not hold."""

    key: str
    """As the file writes it, with dots."""
    value: Any
    reason: str


class Options:
    """The values of a file under the keys of version 1.4; each is read with its kind, and ticked off.

    Parameters
    ----------
    path
        The file, for errors.
    values
        Value of each key that has no keys below it.
    written
        How the file itself writes keys that were renamed.
    """

    def __init__(self, path: Path, values: Mapping[Key, Any], written: Mapping[Key, Key]) -> None:
        self.path = path
        self._values = dict(values)
        self._written = dict(written)
        self._used: set[Key] = set()
        self._left: dict[Key, str] = {}

    def has(self, name: str) -> bool:
        """Whether the key, or one below it, says something."""
        return any(value is not None for _, value in self._below(_key(name)))

    def get(self, name: str, default: Any = None) -> Any:
        """Give a value as it is, ticked off; ``~`` counts as not given."""
        key = _key(name)
        if key not in self._values:
            return default
        self._used.add(key)
        value = self._values[key]
        return default if value is None else value

    def number(self, name: str, default: float | None = None) -> float:
        """Give a number.

        Raises
        ------
        UsageError
            If it is none, or missing without a default.
        """
        value = self.get(name, default)
        if value is None:
            raise self.wrong(name, "is missing", "add it, as the original has it")
        if not _is_number(value):
            raise self.wrong(name, f"{value!r} is no number", "mend it in the file")
        return float(value) if isinstance(value, float) else int(value)

    def count(self, name: str, default: int | None = None) -> int:
        """Give a whole number, which may be written as one with a point (``5e3``)."""
        value = self.number(name, default)
        if value != int(value):
            raise self.wrong(name, f"{value!r} is no whole number", "mend it in the file")
        return int(value)

    def numbers(self, name: str, default: Sequence[float] = ()) -> list[float]:
        """Give a list of numbers."""
        value = self.get(name, list(default))
        if not isinstance(value, list) or not all(map(_is_number, value)):
            raise self.wrong(name, f"{value!r} is no list of numbers", "mend it in the file")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """Give a word."""
        value = self.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "is missing" if value is None else f"{value!r} is no word", "mend it in the file")
        return value

    def below(self, name: str) -> dict[str, Any]:
        """Give what stands directly below a key, not ticked off."""
        key = _key(name)
        return {each[len(key)]: value for each, value in self._below(key) if len(each) == len(key) + 1}

    def expect(self, name: str, allowed: Sequence[Any], reason: str) -> None:
        """Tick a key off if it says what is so here anyway; else it is left, with the reason."""
        value = self._values.get(_key(name))
        if value is None or value in allowed:
            self.get(name)
        else:
            self.leave(name, reason)

    def leave(self, name: str, reason: str) -> None:
        """Say why a key, and those below it, are not carried over."""
        for key, _ in self._below(_key(name)):
            self._left.setdefault(key, reason)

    def left(self, reason_of: Callable[[str], str]) -> list[Left]:
        """Give what was not carried over, in the file's order; ``reason_of`` a key of 1.4 where none was given."""
        return [
            Left(key=self.written(key), value=value, reason=self._left.get(key) or reason_of(".".join(key)))
            for key, value in self._values.items()
            if key in self._left or key not in self._used
        ]

    def written(self, key: Key) -> str:
        """Give a key as the file writes it."""
        return ".".join(self._written.get(key, key))

    def wrong(self, name: str, fact: str, hint: str) -> UsageError:
        """Make an error that names the key as the file does."""
        return UsageError(self.written(_key(name)), fact, where=self.path, hint=hint)

    def _below(self, key: Key) -> list[tuple[Key, Any]]:
        return [(each, value) for each, value in self._values.items() if each[: len(key)] == key]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST


def _key(name: str) -> Key:
    return tuple(name.split("."))


def flattened(values: Mapping[str, Any], above: Key = ()) -> dict[Key, Any]:
    """Give the value of each key that has no keys below it."""
    flat: dict[Key, Any] = {}
    for name, value in values.items():
        key = (*above, name)
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, key)
        else:
            flat[key] = value
    return flat
