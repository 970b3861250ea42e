"""What every section of a configuration file has in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, Lt

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


class Section:
    """A mapping of a file. Keys that are not fields are errors."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
