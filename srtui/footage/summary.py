"""scan.json: what a scan found, as plain values, and what a restorer should know in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import numpy as np

from srtui.footage.dv import frame_bytes
from srtui.footage.facts import DV_RATES, Facts
from srtui.footage.findings import LISTED, Findings
from srtui.footage.scenes import runs
from srtui.project.tapes import VERSION

_PROMISING = frozenset({"matroska", "webm", "mov", "asf", "flv", "mxf"})
"""Containers whose header says how long they last; of streams it is guessed from what is there."""
_TOLERANCE = 2.0  # seconds that sound may go on behind the picture


def to_plain(found: Findings, identity: Mapping[str, Any]) -> dict[str, Any]:
    """The content of scan.json."""
    facts, table, judged = found.facts, found.table, found.judged
    return {
        "version": VERSION,
        "tape": dict(identity),
        "file": _file(facts),
        "frames": len(table),
        "seconds": _seconds(found),
        "recorded": {"first": found.recorded[0], "last": found.recorded[-1]} if found.recorded else None,
        "interlacing": {
            **asdict(found.interlacing),
            "stretches": [asdict(each) for each in found.stretches[:LISTED]],
            "stretches_found": len(found.stretches),
        },
        "border": asdict(found.border),
        "scenes_found": int(judged.scene[-1]) if len(table) else 0,
        "scenes": _scenes(found),
        "usable": int(judged.usable.sum()),
        "smeared": int(judged.smeared.sum()),
        "empty": int(judged.empty.sum()),
        "repeats": {"frames": int(judged.repeat.sum()), "longest": _longest(judged.repeat)},
        "dropouts": _dropouts(found),
        "broken": {
            "found": found.broken_found,
            "places": [{"byte": each.position, "time": each.time, "reason": each.reason} for each in found.broken],
        },
        "missing": missing(found),
        "warnings": warnings(found),
    }


def _file(facts: Facts) -> dict[str, Any]:
    return {
        "container": facts.container,
        "codec": facts.codec,
        "pixel_format": facts.pixel_format,
        "width": facts.width,
        "height": facts.height,
        "aspect": _ratio(facts.aspect),
        "codec_aspect": facts.codec_aspect and _ratio(facts.codec_aspect),
        "rate": f"{facts.rate.numerator}/{facts.rate.denominator}",
        "time_base": f"{facts.time_base.numerator}/{facts.time_base.denominator}",
        "claimed": facts.claimed,
        "matrix": facts.matrix,
        "full_range": facts.full_range,
        "sound": facts.sound,
    }


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}:{value.denominator}"


def _scenes(found: Findings) -> list[dict[str, Any]]:
    table, judged = found.table, found.judged
    scenes = []
    for number, (start, end) in enumerate(runs(judged.scene)[:LISTED], start=1):
        part = slice(start, end)
        usable = start + np.flatnonzero(judged.usable[part])
        best = usable[np.argmax(table.sharpness[usable])] if len(usable) else None
        scenes.append(
            {
                "scene": number,
                "first": start,
                "last": end - 1,
                "time": float(table.time[start]),
                "best": None if best is None else int(best),
                "usable": len(usable),
                "smeared": int(judged.smeared[part].sum()),
            }
        )
    return scenes


def _longest(flags: Any) -> int:
    return max((end - start for start, end in runs(flags.astype(np.int64)) if flags[start]), default=0)


def _dropouts(found: Findings) -> dict[str, Any]:
    table, judged = found.table, found.judged
    torn = np.where(judged.damaged, table.torn, 0)
    worst = [int(i) for i in np.argsort(-torn, kind="stable")[:20] if torn[i] > 0]
    return {
        "frames": int(judged.damaged.sum()),
        "told_by": "the player" if found.facts.codec == "dvvideo" else "the pictures",
        "blocks": int(table.torn[judged.damaged].sum()),
        "incomplete": int((table.corrupt > 0).sum()),
        "worst": [{"frame": i, "time": float(table.time[i]), "blocks": int(table.torn[i])} for i in worst],
    }


def missing(found: Findings) -> int:
    """Pictures that the file promises and that are not there; 0 if all are, or if nothing is promised."""
    facts = found.facts
    if facts.indexed:
        return max(facts.frames - max(len(found.table), found.packets), 0)
    if facts.container not in _PROMISING:
        return 0
    lost = facts.seconds - _seconds(found)
    return round(lost * facts.rate) if lost > _TOLERANCE else 0


def _seconds(found: Findings) -> float:
    """Where the picture ends."""
    return round(float(found.table.time[-1] + 1 / found.facts.rate), 3) if len(found.table) else 0.0


def warnings(found: Findings) -> list[dict[str, str]]:
    """What a restorer should know before anything is done, the gravest first."""
    lines = {
        "truncated": _about_the_end(found),
        "broken": _about_broken_places(found),
        "start": _about_lost_packets(found),
        "rate": _about_rate(found.facts),
        "aspect": _about_aspect(found.facts),
    }
    return [{"about": about, "text": text} for about, text in lines.items() if text]


def _about_the_end(found: Findings) -> str:
    facts, lost = found.facts, missing(found)
    if facts.container == "dv" and facts.size % frame_bytes(facts.height):
        return "truncated: its last frame is not whole"
    if not lost:
        return ""
    if facts.indexed:
        return f"truncated: its index lists {facts.frames} frames, the last {lost} are not there"
    return f"truncated: it says that it lasts {facts.seconds:.1f} s, but the picture ends at {_seconds(found):.1f} s"


def _about_broken_places(found: Findings) -> str:
    if not found.broken:
        return ""
    first = found.broken[0]
    where = f", the first at byte {first.position}" if first.position >= 0 else ""
    places = "1 broken place" if found.broken_found == 1 else f"{found.broken_found} broken places"
    return f"{places}{where} ({first.reason}): what can be read around is kept"


def _about_lost_packets(found: Findings) -> str:
    lost = found.packets - len(found.table) - found.broken_found
    if not 0 < lost <= 0.4 * len(found.table):  # more: a container that stores each field as a packet
        return ""
    return f"{lost} packets gave no picture: the file begins or ends in the middle of a group of pictures"


def _about_rate(facts: Facts) -> str:
    rate = DV_RATES.get(facts.height, facts.rate)
    if facts.codec != "dvvideo" or rate == facts.rate:
        return ""
    made = f"DV with {facts.height} lines is made at {_number(rate)}"
    return f"the file plays at {_number(facts.rate)} frames/s, {made}: motion has another speed, and sound drifts"


def _about_aspect(facts: Facts) -> str:
    if facts.codec_aspect is None or facts.codec_aspect == facts.aspect:
        return ""
    both = f"{_ratio(facts.aspect)} and {_ratio(facts.codec_aspect)}"
    return f"container and codec disagree about the shape of a pixel ({both}): the container's is kept"


def _number(rate: Fraction) -> str:
    return f"{float(rate):.2f}".rstrip("0").rstrip(".")
