"""What every section of a configuration file has in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator

LONGEST_NAME = 120
"""Bytes of a name in the names of files, which may have 255."""

Positive = Annotated[int, Ge(1)]
"""A count of at least one."""
NotNegative = Annotated[int, Ge(0)]
"""A count that may be zero."""
Share = Annotated[float, Ge(0), Lt(1)]
"""A part of the whole, from 0 to below 1."""
Weight = Annotated[float, Ge(0)]
"""A factor; 0 switches off."""
Rate = Annotated[float, Gt(0), Le(1)]
"""A learning rate."""
Seed = Annotated[int, Ge(0), Lt(2**63)]
"""Where random draws begin; the same seed gives the same draws on every machine."""


def _part_of_a_file_name(name: str) -> str:
    size = len(name.encode())
    if not 0 < size <= LONGEST_NAME:
        fact = f"a name of {size} bytes: it becomes part of files' names, give 1 to {LONGEST_NAME}"
        raise ValueError(fact)
    if "/" in name or name.startswith(".") or name != name.strip() or not name.isprintable():
        fact = f"{name!r} becomes part of files' names: no /, no dot at its beginning, no blank at its ends"
        raise ValueError(fact)
    return name


Name = Annotated[str, AfterValidator(_part_of_a_file_name)]
"""What something is called, in files' names too."""


class Section:
    """A mapping of a file. Keys that are not fields are errors."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
