"""Quantisation tables of JPEG writers: Photoshop's "Save As" 3, 4 and 5, and the IJG library's qualities 1 to 100."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Table = tuple[int, ...]
Subsampling = Literal["4:2:0", "4:2:2", "4:4:4"]


class JpegTables(NamedTuple):
    """What decides how a picture is spoilt by JPEG; tables in natural (row by row) order, 64 entries from 1 to 255."""

    luma: Table
    chroma: Table
    subsampling: Subsampling


# fmt: off
# Recovered from files; the MD5 that tests/kernels/test_jpeg.py recomputes are those ExifTool knows Photoshop CS2 by.
_PHOTOSHOP: dict[int, tuple[Table, Table]] = {
    3: ((
        18, 14, 14, 21, 30, 35, 34, 17,
        14, 16, 16, 19, 26, 23, 12, 12,
        14, 16, 17, 21, 23, 12, 12, 12,
        21, 19, 21, 23, 12, 12, 12, 12,
        30, 26, 23, 12, 12, 12, 12, 12,
        35, 23, 12, 12, 12, 12, 12, 12,
        34, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
    ), (
        20, 19, 22, 27, 20, 20, 17, 17,
        19, 25, 23, 14, 14, 12, 12, 12,
        22, 23, 14, 14, 12, 12, 12, 12,
        27, 14, 14, 12, 12, 12, 12, 12,
        20, 14, 12, 12, 12, 12, 12, 12,
        20, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
    )),
    4: ((
        16, 11, 11, 16, 23, 27, 31, 17,
        11, 12, 12, 15, 20, 23, 12, 12,
        11, 12, 13, 16, 23, 12, 12, 12,
        16, 15, 16, 23, 12, 12, 12, 12,
        23, 20, 23, 12, 12, 12, 12, 12,
        27, 23, 12, 12, 12, 12, 12, 12,
        31, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
    ), (
        17, 15, 17, 21, 20, 20, 17, 17,
        15, 19, 18, 14, 14, 12, 12, 12,
        17, 18, 14, 14, 12, 12, 12, 12,
        21, 14, 14, 12, 12, 12, 12, 12,
        20, 14, 12, 12, 12, 12, 12, 12,
        20, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
    )),
    5: ((
        12, 8, 8, 12, 17, 21, 24, 17,
        8, 9, 9, 11, 15, 19, 12, 12,
        8, 9, 10, 12, 19, 12, 12, 12,
        12, 11, 12, 21, 12, 12, 12, 12,
        17, 15, 19, 12, 12, 12, 12, 12,
        21, 19, 12, 12, 12, 12, 12, 12,
        24, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
    ), (
        13, 11, 13, 16, 20, 20, 17, 17,
        11, 14, 14, 14, 14, 12, 12, 12,
        13, 14, 14, 14, 12, 12, 12, 12,
        16, 14, 14, 12, 12, 12, 12, 12,
        20, 14, 12, 12, 12, 12, 12, 12,
        20, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
        17, 12, 12, 12, 12, 12, 12, 12,
    )),
}

# ITU-T T.81, tables K.1 and K.2.
_STANDARD_LUMA: Table = (
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)
_STANDARD_CHROMA: Table = (
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
)
# fmt: on

PRESETS = tuple(f"photoshop-{quality}" for quality in _PHOTOSHOP)


def preset(name: str) -> JpegTables:
    """
    Find tables by name: "photoshop-3", "photoshop-4", "photoshop-5", or "ijg-1" to "ijg-100".

    Raises
    ------
    ValueError
        For any other name: the other Photoshop qualities have not been recovered.
    """
    found = re.fullmatch(r"(photoshop|ijg)-([1-9][0-9]{0,2})", name)
    quality = int(found[2]) if found else 0
    if found and found[1] == "photoshop" and quality in _PHOTOSHOP:
        return JpegTables(*_PHOTOSHOP[quality], "4:2:0")
    if found and found[1] == "ijg" and quality <= 100:
        return ijg(quality)
    raise ValueError(f"JPEG preset is {name!r}; pass {', '.join(PRESETS)}, or ijg-1 to ijg-100")


def ijg(quality: int) -> JpegTables:
    """Scale the standard's tables as the IJG library does (jpeg_quality_scaling, baseline), 4:2:0."""
    if not 1 <= quality <= 100:
        raise ValueError(f"JPEG quality is {quality}; pass 1 to 100")
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    luma, chroma = (
        tuple(min(max((step * percent + 50) // 100, 1), 255) for step in table)
        for table in (_STANDARD_LUMA, _STANDARD_CHROMA)
    )
    return JpegTables(luma, chroma, "4:2:0")
