"""What drawn sheets have in common: colours and letters."""

from __future__ import annotations

from functools import lru_cache

from PIL import ImageFont

PAPER, INK, QUIET = (22, 24, 28), (232, 234, 237), (139, 145, 154)
BETTER, WORSE = (126, 211, 133), (240, 138, 112)


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font: it is there on every machine."""
    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """Text that this font has letters for."""
    return text.encode("ascii", "replace").decode()
