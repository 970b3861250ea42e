"""A scan as lines for people: what the tape is like, and what to do about it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Scan = dict[str, Any]
"""The content of scan.json."""

_ORDERS = {"tff": "top field first", "bff": "bottom field first", "progressive": "progressive"}
_CODECS = {"dvvideo": "DV", "mpeg2video": "MPEG-2", "mpeg1video": "MPEG-1", "h264": "H.264", "hevc": "H.265"}


def scan_rows(scan: Scan) -> list[tuple[str, str]]:
    """What was found, as labels and words; what there is nothing to say about is left out.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is not what a scan of today writes.
    """
    rows = [
        ("picture", _picture(scan)),
        ("recorded", _recorded(scan["recorded"])),
        ("fields", _fields(scan["interlacing"])),
        ("", _stretches(scan["interlacing"])),
        ("edges", _edges(scan["border"])),
        ("frames", _frames(scan)),
        ("smeared", _smeared(scan)),
        ("repeats", _repeats(scan)),
        ("dropouts", _dropouts(scan["dropouts"])),
        ("scenes", _scenes(scan)),
    ]
    return [row for row in rows if row[1]]


def length_and_size(scan: Scan) -> str:
    """How long the tape plays, and how large its file is."""
    return f"{clock(scan['seconds'])}, {_size(scan['tape']['bytes'])}"


def scan_lines(scan: Scan, folder: Path, project: str = "") -> list[str]:
    """The tape in a dozen lines; ``project`` is the option that the next command needs to find the scan again."""
    warnings = [f"! {each['text']}" for each in scan["warnings"]]
    tape = Path(scan["tape"]["path"])
    head = f"{tape.name}: {length_and_size(scan)}"
    body = [f"  {name:<9} {text}" for name, text in scan_rows(scan)]
    return [head, *body, *warnings, *_next(scan, tape, project), f"  details   {folder}/frames.csv, scan.json"]


def clock(seconds: float) -> str:
    """Format a place on a tape: 0:03.2, 12:04, 1:02:03."""
    whole = int(seconds)
    minutes, rest = divmod(whole, 60)
    if whole >= 3600:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if whole >= 60 else f"{minutes}:{int(seconds * 10) / 10:04.1f}"


def _picture(scan: Scan) -> str:
    file = scan["file"]
    codec = _CODECS.get(file["codec"], file["codec"])
    top, bottom = (int(each) for each in file["rate"].split("/"))
    rate = f"{top / bottom:.2f}".rstrip("0").rstrip(".")
    shape = "square pixels" if file["aspect"] == "1:1" else f"pixels {file['aspect']}"
    return f"{codec} in {file['container']}, {file['width']}×{file['height']}, {shape}, {rate} frames/s"


def _recorded(recorded: dict[str, str] | None) -> str:
    if recorded is None:
        return ""
    first, last = (recorded[each][:16].replace("T", " ") for each in ("first", "last"))
    return f"{first}, by the camera's clock" if first == last else f"{first} to {last}, by the camera's clock"


def _fields(seen: dict[str, Any]) -> str:
    order = _ORDERS[seen["order"] or "progressive"]
    if not seen["proven"]:
        said = f"interlaced, {order}" if seen["order"] else "progressive"
        return f"{said}, as the file says: too little moves to see it"
    moving = sum(seen["evidence"].values())
    count = seen["evidence"].get(seen["order"] or "progressive", 0)
    what = {"progressive": "progressive", "interlaced": f"interlaced, {order}", "mixed": f"mixed, often {order}"}
    found = f"{what[seen['scan']]} (seen in {count} of {moving} moving frames)"
    if seen["claimed"] != (seen["order"] or "progressive"):
        treated = f"interlaced, {order}" if seen["order"] else "progressive"
        return f"{found}, although the file says {_ORDERS[seen['claimed']]}: srtui treats it as {treated}"
    return found


def _stretches(seen: dict[str, Any]) -> str:
    if seen["stretches_found"] < 2:
        return ""
    return f"they change along the tape ({seen['stretches_found']} stretches): each is treated as what it is"


def _edges(border: dict[str, int]) -> str:
    sides = [f"{side} {border[side]}" for side in ("top", "bottom", "left", "right") if border[side]]
    if sides:
        return f"blank pixels: {', '.join(sides)}"
    return "no blank lines" if border["pictures"] >= 10 else "too little moves to tell blank lines from picture"


def _frames(scan: Scan) -> str:
    return f"{scan['frames']}, of which {_part(scan['usable'], scan['frames'])} can be used"


def _smeared(scan: Scan) -> str:
    if not scan["smeared"]:
        return ""
    part = _part(scan["smeared"], scan["frames"])
    return f"{part}: beside the best of their scene there is simply nothing to hold on to"


def _repeats(scan: Scan) -> str:
    repeats = scan["repeats"]
    text = f"{_part(repeats['frames'], scan['frames'])}, at most {repeats['longest']} in a row"
    return text if repeats["frames"] else ""


def _dropouts(dropouts: dict[str, Any]) -> str:
    if not dropouts["frames"]:
        return ""
    text = f"{_plural(dropouts['frames'], 'frame')}, told by {dropouts['told_by']}"
    if dropouts["worst"]:
        worst = dropouts["worst"][0]
        text += f"; the worst at {clock(worst['time'])} ({_plural(worst['blocks'], 'block')})"
    return text


def _scenes(scan: Scan) -> str:
    hopeless = [each for each in scan["scenes"] if not each["usable"]]
    text = str(scan["scenes_found"])
    return f"{text}, {len(hopeless)} of them without a usable frame" if hopeless else text


def _next(scan: Scan, tape: Path, project: str) -> Iterator[str]:
    if scan["usable"]:
        whole = ", fields made whole" if scan["interlacing"]["order"] else ""
        yield f"  next      srtui frames {shlex.quote(str(tape))}{project} --out FOLDER: the best as PNG{whole}"


def _part(count: int, whole: int) -> str:
    return f"{count} ({100 * count / max(whole, 1):.0f} %)"


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
