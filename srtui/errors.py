"""Everything that srtui itself can report as wrong, each with the exit code of the process that meets it.

::

    SrtuiError              1   a job or command failed
    ├── UsageError          2   the command line or the request makes no sense
    │   └── ConfigurationError  2   a YAML file has problems (all of them, located)
    ├── NothingUsableError  3   no usable input, or rejects where --strict allows none
    ├── MachineError        4   disk, GPU, driver, memory
    │   ├── DiskFullError
    │   └── DeviceBusyError
    └── CheckFailedError    5   it was checked, and the answer is no (demo, verify, doctor)
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class SrtuiError(Exception):
    """A fact with its value, where it was met, and one thing to do.

    Parameters
    ----------
    subject
        What is wrong: a file name, a key, a device.
    fact
        What was found, with the value.
    where
        File or place, when the subject does not say it.
    hint
        One thing that mends it.
    """

    exit_code = 1

    def __init__(self, subject: str, fact: str, *, where: str | Path | None = None, hint: str = "") -> None:
        super().__init__(subject, fact)
        self.subject = subject
        self.fact = fact
        self.where = None if where is None else str(where)
        self.hint = hint

    def __str__(self) -> str:
        lines = [f"error: {self.subject}: {self.fact}"]
        if self.where is not None:
            lines.append(f" --> {self.where}")
        if self.hint:
            lines.append(f"  = {self.hint}")
        return "\n".join(lines)


class UsageError(SrtuiError):
    """The command line or the request makes no sense."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem of a YAML file; lines and columns count from 1, ``source`` is the line's text.

    Line 0: of values that stand in no file; ``path`` says where they are from.
    """

    path: str
    line: int
    column: int
    width: int
    key: str
    fact: str
    source: str
    hint: str = ""

    def __str__(self) -> str:
        gutter = " " * len(str(self.line))
        subject = f"{self.key}: " if self.key else ""
        lines = [f"error: {subject}{self.fact}"]
        if self.line:
            lines += [
                f"{gutter}--> {self.path}:{self.line}:{self.column}",
                f"{gutter} |",
                f"{self.line} | {self.source}",
                f"{gutter} | {' ' * (self.column - 1)}{'^' * max(self.width, 1)}",
            ]
        else:
            lines.append(f"{gutter}--> {self.path}")
        if self.hint:
            lines.append(f"{gutter} = {self.hint}")
        return "\n".join(lines)


class ConfigurationError(UsageError):
    """All problems of one configuration file at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(first.path, f"{len(problems)} problem(s), first: {first.key}: {first.fact}")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n\n".join(str(problem) for problem in self.problems)


class NothingUsableError(SrtuiError):
    """No usable input, or rejects where none are allowed."""

    exit_code = 3


class MachineError(SrtuiError):
    """The machine cannot do it as it is: disk, GPU, driver, memory."""

    exit_code = 4


class DiskFullError(MachineError):
    """A write found no room (or met a size limit or quota)."""


class DeviceBusyError(MachineError):
    """Another training holds the GPU."""


class CheckFailedError(SrtuiError):
    """It was checked, and the answer is no."""

    exit_code = 5


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def from_os_error(error: OSError, doing: str) -> SrtuiError:
    """Turn a system error into ours: a full disk is the machine's, the rest a plain failure."""
    where = error.filename if isinstance(error.filename, str) else None
    if error.errno == errno.EFBIG:
        hint = "raise it (ulimit -f), then resume: nothing that was finished is lost"
        return DiskFullError(doing, f"a limit on the size of files ({error.strerror})", where=where, hint=hint)
    if error.errno in NO_ROOM:
        hint = "free some room, then resume: nothing that was finished is lost"
        return DiskFullError(doing, f"no room left on the disk ({error.strerror})", where=where, hint=hint)
    return SrtuiError(doing, error.strerror or str(error), where=where)
