"""
Pictures through time: what a network in training made of every validation picture, and of frames of tapes.

The job's folder ``previews/`` holds::

    index.json                  what there is: read this to step through time
    strips/0001.png             bicubic | moments | gt, side by side: open these
    moments/0001/00005000.png   the picture's most telling part after 5,000 iterations, lossless; and of the same part
    moments/0001/{bicubic,gt}.png, window.json
    whole/0001.png              the whole picture at the last validation (of a few)

index.json::

    {"version": 1, "iteration": 20000, "scale": 2, "pictures": [
        {"name": "0001", "kind": "validation" or "footage", "scenario": name of the scenario, or file of the frame,
         "width": 768, "height": 512, "window": {"x": 128, "y": 0, "width": 512, "height": 512},
         "strip": path or null, "whole": path or null, "bicubic": path, "gt": path, null for footage,
         "moments": [{"iteration": 5000, "path": path, "psnr_y": 27.1, "gain_y": 0.3}, …]}, …]}

Paths are relative to ``previews/``; figures are of the whole picture, null for footage.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import cv2

from srtui.data.pictures import Picture, PictureRejected, read_picture
from srtui.engine.places import Window, detail, lost, telling
from srtui.engine.scores import Seen, Validation
from srtui.engine.strips import COLUMNS, DETAIL, DETAILS, Panel, draw_strip
from srtui.files import write_json, write_whole

INDEX, ABOUT = "index.json", "window.json"
VERSION = 1
MOMENTS = 8
"""Moments of each picture that are kept: the first, the last, and others between them at even distances."""
SIDES = (512, 384, 256, 192, 128)
"""Sides in gt pixels of the part that is kept, of which the largest is taken that leaves room for all pictures."""
WHOLE = 1 << 22
"""Pixels up to which a picture is kept whole too."""

_STRIP = 3 << 19  # bytes of a strip: 1.1 MB was the most in a test with noise, 0.6 MB is usual
_WHOLES = 24  # whole pictures at most: somebody has to look at them


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A picture that is kept."""

    name: str
    """Of the store, or made of a frame's path; names a folder."""
    kind: Literal["validation", "footage"] = "validation"
    scenario: str
    """Of the picture; of a frame its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What of which pictures there is room for."""

    side: int
    """Of the part that is kept, in gt pixels; 0: nothing is."""
    kept: frozenset[str] = frozenset()
    strips: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()


def make_plan(names: Sequence[str], room: int) -> Plan:
    """Deal out ``room`` bytes among pictures, of which the first come first.

    Half of it is for moments, a quarter each for strips and for whole pictures. Every file is taken for as large as its
    pixels, so that a disk holds what was promised: PNG makes photographs a third to a half smaller.
    """
    for side in SIDES:
        each = (MOMENTS + 2) * side * side * 3
        if len(names) * each <= room // 2:
            break
    kept = names[: room // 2 // each]
    whole = min(room // 4 // (WHOLE * 3), _WHOLES)
    return Plan(
        side=side if kept else 0,
        kept=frozenset(kept),
        strips=frozenset(kept[: room // 4 // _STRIP]),
        whole=frozenset(kept[:whole]),
    )


class Shown(NamedTuple):
    """A picture at one moment; all of gt's size, gt only where there is one."""

    bicubic_hwc: Picture
    network_hwc: Picture
    gt_hwc: Picture | None = None
    psnr_y: float | None = None
    gain_y: float | None = None
    bicubic_psnr_y: float | None = None

    @classmethod
    def of(cls, seen: Seen) -> Shown:
        """A validation picture with its figures."""
        score = seen.score
        psnr, bicubic = score.network.psnr_y, score.bicubic.psnr_y
        return cls(seen.bicubic_hwc, seen.network_hwc, seen.gt_hwc, psnr, score.gain_y, bicubic)


class _Figures(NamedTuple):
    psnr_y: float | None = None
    gain_y: float | None = None


class Album:
    """
    Keeps pictures through time; pictures may come from several threads, each picture from one at a time.

    Parameters
    ----------
    folder
        ``previews/`` of the job. Ranks share it: each writes its own pictures, one the index.
    entries
        All pictures of the training, on whatever rank; those that are to be seen first come first.
    scale
        lq pixels are so many gt pixels.
    room
        Bytes that everything may take.
    """

    def __init__(self, folder: Path, entries: Sequence[Entry], *, scale: int, room: int) -> None:
        self._folder = folder
        self._entries = {entry.name: entry for entry in entries}
        self._scale = scale
        self.plan = make_plan(list(self._entries), room)
        self._windows: dict[str, Window] = {}
        self._figures = _read_figures(folder / INDEX)
        self.trouble = ""
        """Why pictures could not be written, if so; for who reads it to empty."""

    def add(self, name: str, shown: Shown, iteration: int) -> None:
        """Keep a picture as it is now; a disk that does not take it costs pictures, and nothing else."""
        if name not in self.plan.kept:
            return
        try:
            self._add(self._entries[name], shown, iteration)
        except OSError as error:
            self.trouble = str(error)

    def _add(self, entry: Entry, shown: Shown, iteration: int) -> None:
        folder = self._folder / "moments" / entry.name
        window = self._windows.get(entry.name)
        if window is None or not (folder / ABOUT).exists():  # somebody may clear up while the run goes on
            window = self._windows[entry.name] = self._begin(folder, shown)
        _write(folder / _file(iteration), window.of(shown.network_hwc))
        there = _moments(folder)
        for old in [*superfluous([each for each in there if each <= iteration], MOMENTS), *_after(there, iteration)]:
            (folder / _file(old)).unlink()
        figures = self._figures.setdefault(entry.name, {})
        figures[iteration] = _Figures(shown.psnr_y, shown.gain_y)
        if entry.name in self.plan.whole and shown.network_hwc.size <= WHOLE * 3:
            _write(self._folder / "whole" / f"{entry.name}.png", shown.network_hwc)
        if entry.name in self.plan.strips:
            _write(self._folder / "strips" / f"{entry.name}.png", self._strip(entry, shown, window, folder))

    def _begin(self, folder: Path, shown: Shown) -> Window:
        """Choose the part of a picture, and forget moments of another part: of a run with other room."""
        height, width = shown.bicubic_hwc.shape[:2]
        window = telling(_worth(shown), self._scale, (self.plan.side, self.plan.side))[0]
        about = {"width": width, "height": height, "window": asdict(window)}
        if _read_json(folder / ABOUT) != about:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in folder.glob(".*.part"):
            part.unlink()
        _write(folder / "bicubic.png", window.of(shown.bicubic_hwc))
        if shown.gt_hwc is not None:
            _write(folder / "gt.png", window.of(shown.gt_hwc))
        write_json(folder / ABOUT, about)
        return window

    def _strip(self, entry: Entry, shown: Shown, window: Window, folder: Path) -> Picture:
        details = self._details(shown, window)
        known = self._figures.get(entry.name, {})
        there = _moments(folder)
        gone = superfluous(there, COLUMNS - (1 if shown.gt_hwc is None else 2))
        moments = [each for each in there if each not in gone]
        panels = [
            Panel(
                caption="bicubic", picture_hwc=window.of(shown.bicubic_hwc), figure=_level(shown.bicubic_psnr_y, " dB")
            )
        ]
        for iteration in moments:
            now = iteration == moments[-1]
            picture_hwc = window.of(shown.network_hwc) if now else _read_picture(folder / _file(iteration), window)
            if picture_hwc is not None:
                figures = known.get(iteration, _Figures())
                panels.append(
                    Panel(
                        caption=f"{iteration:,}",
                        picture_hwc=picture_hwc,
                        figure=_level(figures.psnr_y),
                        gain=figures.gain_y,
                        strong=now,
                    )
                )
        if shown.gt_hwc is not None:
            panels.append(Panel(caption="gt", picture_hwc=window.of(shown.gt_hwc)))
        height, width = shown.bicubic_hwc.shape[:2]
        about = f"{entry.scenario}   {width} x {height}"
        return draw_strip(entry.name, about, panels, [each.within(window) for each in details])

    def _details(self, shown: Shown, window: Window) -> list[Window]:
        """Where there is no gt to compare with, one place, twice as wide: to see what it shows at all."""
        side, count = (2 * DETAIL, 1) if shown.gt_hwc is None else (DETAIL, DETAILS)
        return telling(_worth(shown), self._scale, (side, side), count, window)

    def write_index(self, iteration: int, found: Validation | None = None) -> int:
        """Write index.json from what lies in the folder, with the figures of all ranks; gives the count of pictures."""
        for each in found.pictures if found is not None else ():
            score = each.score
            self._figures.setdefault(score.name, {})[iteration] = _Figures(score.network.psnr_y, score.gain_y)
        entries = [plain for entry in self._entries.values() if (plain := self._plain(entry))]
        if entries:
            index = {"version": VERSION, "iteration": iteration, "scale": self._scale, "pictures": entries}
            try:
                write_json(self._folder / INDEX, index)
            except OSError as error:
                self.trouble = str(error)
        return len(entries)

    def _plain(self, entry: Entry) -> dict[str, Any]:
        folder = self._folder / "moments" / entry.name
        about, there = _read_json(folder / ABOUT), _moments(folder)
        if about is None or not there:
            return {}
        known = self._figures.get(entry.name, {})
        self._figures[entry.name] = known = {each: known[each] for each in there if each in known}
        moments = [
            {"iteration": each, "path": self._path(folder / _file(each)), **known.get(each, _Figures())._asdict()}
            for each in there
        ]
        return {
            **asdict(entry),
            **about,
            "strip": self._path(self._folder / "strips" / f"{entry.name}.png"),
            "whole": self._path(self._folder / "whole" / f"{entry.name}.png"),
            "bicubic": self._path(folder / "bicubic.png"),
            "gt": self._path(folder / "gt.png"),
            "moments": moments,
        }

    def _path(self, path: Path) -> str | None:
        return path.relative_to(self._folder).as_posix() if path.exists() else None


def superfluous(iterations: list[int], most: int) -> list[int]:
    """Which of ``iterations`` (ascending) to remove so that ``most`` stay, as evenly spread as can be."""
    kept, removed = list(iterations), []
    while len(kept) > max(most, 2):
        gaps = [after - before for before, after in zip(kept[:-2], kept[2:], strict=True)]
        removed.append(kept.pop(gaps.index(min(gaps)) + 1))
    return removed


def _after(iterations: list[int], iteration: int) -> list[int]:
    """Moments of a run that was taken back to an earlier checkpoint."""
    return [each for each in iterations if each > iteration]


def _worth(shown: Shown) -> Any:
    return detail(shown.bicubic_hwc) if shown.gt_hwc is None else lost(shown.gt_hwc, shown.bicubic_hwc)


def _file(iteration: int) -> str:
    return f"{iteration:08d}.png"


def _moments(folder: Path) -> list[int]:
    """Iterations of which a folder holds a picture, ascending."""
    return sorted(int(path.stem) for path in folder.glob("*.png") if path.stem.isdecimal())


def _level(psnr: float | None, unit: str = "") -> str:
    return "" if psnr is None else f"{psnr:.2f}{unit}"


def _write(path: Path, rgb_hwc: Picture) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Level 1 tries every filter: strips come out half as large as with cv2's own choice, in the same 0.2 s.
    ok, encoded = cv2.imencode(".png", cv2.cvtColor(rgb_hwc, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert ok  # of uint8 (H, W, 3) it cannot fail
    write_whole(path, encoded.tobytes())


def _read_picture(path: Path, window: Window) -> Picture | None:
    """A moment of the past, unless somebody meddled with it."""
    try:
        picture_hwc = read_picture(path)
    except PictureRejected:
        return None
    return picture_hwc if picture_hwc.shape == (window.height, window.width, 3) else None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _read_figures(path: Path) -> dict[str, dict[int, _Figures]]:
    """Figures of past moments; an index that cannot be read costs captions only."""
    found: dict[str, dict[int, _Figures]] = {}
    index: Mapping[str, Any] = _read_json(path) or {}
    try:
        for entry in index.get("pictures", []):
            found[entry["name"]] = {
                each["iteration"]: _Figures(each["psnr_y"], each["gain_y"]) for each in entry["moments"]
            }
    except (KeyError, TypeError, AttributeError):
        return {}
    return found
