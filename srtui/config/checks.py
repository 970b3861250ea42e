"""What a clean picture must be like to be learned from (`prepare.checks` of project.yml)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from srtui.config.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks(Section):
    """Which pictures are refused, by name and reason (`rejected.csv`)."""

    smallest_side: Annotated[int, Ge(16), Le(8192)] = 64
    """Pixels that the shorter side must have after fitting: at least the profile's gt_size."""
    largest_picture: Annotated[int, Ge(1), Le(268)] = 268
    """Millions of pixels above which a picture is not decoded."""
    duplicates: Literal["near", "exact", "keep"] = "near"
    """near refuses copies saved, scaled or lit anew too; exact equal pixels only; keep keeps them on one side."""
    flat: bool = True
    """Refuses pictures without texture: blank pages, black frames."""
    jpeg_worn: bool = True
    """Refuses pictures with a visible grid of 8×8 blocks."""
    interlaced: bool = True
    """Refuses pictures whose two fields show different moments (combs)."""
    soft: bool = True
    """Refuses pictures without fine detail: enlarged or out of focus all over."""
