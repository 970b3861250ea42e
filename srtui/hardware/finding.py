"""One thing a look at the machine turned up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["problem", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is so, what it means here, and what mends it.

    ``severity``: a ``problem`` keeps srtui from using what the machine has, a ``warning`` will hurt some day, a
    ``note`` is good to know. ``command`` is what to type; empty where nothing needs doing.
    """

    severity: Severity
    fact: str
    meaning: str
    command: str = ""
