"""The `frames` job: the best frames of a tape as PNG files 0001…N, deinterlaced; interrupted anywhere, it goes on."""

from __future__ import annotations

import csv
import itertools
import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from srtui.config.requests import FramesRequest
from srtui.errors import NothingUsableError, UsageError
from srtui.files import remove_unfinished, whole_file, write_json
from srtui.footage.developing import around, develop
from srtui.footage.facts import Facts
from srtui.footage.frame_list import Listed, anchors_of, read_frames
from srtui.footage.png import write_png
from srtui.footage.reader import Frame, Reader
from srtui.footage.scan import scan_tape
from srtui.footage.selection import select
from srtui.jobs.context import JobContext
from srtui.ordered import in_order, thread_count
from srtui.project.tapes import Place, identity

NAMES = "names.csv"
PLAN = ".frames.json"
HEAD = ("name", "frame", "field", "time", "scene", "sharpness", "sar", "tape")
VERSION = 1


class Wanted(NamedTuple):
    """One chosen frame, and the files that it becomes: one, or one for each field."""

    picture: Listed
    kind: str
    """``progressive``, ``tff`` or ``bff``."""
    names: tuple[str, ...]


def run(job: JobContext, request: FramesRequest) -> None:
    """Extract what is not extracted yet, and say what that is; raises what `extract` does."""
    job.result(state="extracted", **extract(job, request))


def extract(job: JobContext, request: FramesRequest) -> dict[str, Any]:
    """Extract what is not extracted yet; gives the folder and counts, by the names that a result has for them.

    Raises
    ------
    UsageError
        If the tape cannot be read, or the folder holds something else.
    NothingUsableError
        If the tape has no frame to hold on to.
    """
    tape, folder = Path(request.tape), Path(request.output)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, request)
    place = scan_tape(job, tape, Path(request.scans), f"scanning {tape.name}", threads=request.threads)
    pictures = read_frames(place.frames)
    usable = sum(picture.usable for picture in pictures)
    chosen = select(pictures, request.count or max(round(request.share * usable), 1))
    if not chosen:
        fact = f"none of its {len(pictures)} frames is whole, moves and shows something"
        raise NothingUsableError(str(tape), fact, where=place.frames, hint="the file above says what each frame is")
    wanted = _number(chosen, _kinds(place), both_fields=request.both_fields)
    job.phase("extracting", quiet=120)
    with Reader(tape) as reader:
        _extract(job, reader, folder, pictures, wanted, thread_count(request.threads))
        _write_names(folder, wanted, reader.facts)
    if request.count > len(chosen):
        job.alarm(f"{len(chosen)} frames instead of {request.count}: no more are whole, different and not smeared")
    pictures_made = sum(len(each.names) for each in wanted)
    return {"output": str(folder), "frames": len(chosen), "pictures": pictures_made, "usable": usable}


def _claim(folder: Path, request: FramesRequest) -> None:
    """Say that the folder is for this; what this very request made of this very tape before may lie in it."""
    plan = {
        "version": VERSION,
        "tape": identity(Path(request.tape)),
        "count": request.count,
        "share": request.share,
        "both_fields": request.both_fields,
    }
    there = folder / PLAN
    remove_unfinished([there, folder / NAMES])
    try:
        old = json.loads(there.read_text(encoding="utf-8"))
    except FileNotFoundError:
        old = None
    except (OSError, ValueError) as error:
        raise UsageError(str(there), f"not readable: {error}", hint="give another folder") from None
    if old is None and any(folder.iterdir()):
        raise UsageError(str(folder), "is not empty", hint="give a folder that is new or empty")
    if old is not None and old != plan:
        fact = "holds frames of another tape, or chosen differently"
        raise UsageError(str(folder), fact, hint="give another folder")
    write_json(there, plan)


def _kinds(place: Place) -> Callable[[int], str]:
    """What each frame is to be treated as, by its number."""
    fields: dict[str, Any] = json.loads(place.scan.read_text(encoding="utf-8"))["interlacing"]
    starts = [each["first"] for each in fields["stretches"]]
    kinds = [each["kind"] for each in fields["stretches"]]
    return lambda frame: kinds[max(bisect_right(starts, frame) - 1, 0)]


def _number(chosen: Sequence[Listed], kind_of: Callable[[int], str], *, both_fields: bool) -> list[Wanted]:
    """Name every file: digits only, as many as needed, at least four; in the order of the tape."""
    kinds = [kind_of(picture.frame) for picture in chosen]
    counts = [2 if both_fields and kind != "progressive" else 1 for kind in kinds]
    digits = max(len(str(sum(counts))), 4)
    numbers = itertools.count(1)
    return [
        Wanted(picture, kind, tuple(f"{next(numbers):0{digits}d}.png" for _ in range(count)))
        for picture, kind, count in zip(chosen, kinds, counts, strict=True)
    ]


def _extract(
    job: JobContext, reader: Reader, folder: Path, pictures: Sequence[Listed], wanted: Sequence[Wanted], threads: int
) -> None:
    """Decode here, develop and write in threads: these take longer than the rest."""
    remove_unfinished(folder / name for each in wanted for name in each.names)
    missing = [each for each in wanted if not all((folder / name).exists() for name in each.names)]
    done, total = len(wanted) - len(missing), len(wanted)

    def write(task: tuple[Wanted, Sequence[Frame]]) -> None:
        _write(folder, *task, reader.facts)

    tasks = ((each, around(reader, anchors_of(pictures, each.picture), pictures[0].pts)) for each in missing)
    with closing(in_order(write, tasks, threads, ahead=threads + 2)) as written:
        for done, _ in enumerate(written, start=done + 1):  # noqa: B020 - counts on from what was there
            job.progress(done, total, "frames")
            job.check()
    job.progress(total, total, "frames")


def _write(folder: Path, wanted: Wanted, frames: Sequence[Frame], facts: Facts) -> None:
    picture = wanted.picture
    whole = develop(frames, picture.frame, wanted.kind, facts, both_fields=len(wanted.names) == 2)
    for field, (name, rgb_hwc) in enumerate(zip(wanted.names, whole, strict=True)):
        texts = {
            "Source": facts.path.name,
            "Frame": str(picture.frame),
            "Time": f"{_time(picture, field, facts):.4f}",
            "Scene": str(picture.scene),
        }
        write_png(folder / name, rgb_hwc, facts.aspect, texts)


def _time(picture: Listed, field: int, facts: Facts) -> float:
    """Seconds at which a field was taken."""
    return picture.time + field / 2 / float(facts.rate)


def _write_names(folder: Path, wanted: Sequence[Wanted], facts: Facts) -> None:
    sar = f"{facts.aspect.numerator}:{facts.aspect.denominator}"
    with whole_file(folder / NAMES) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for picture, kind, names in wanted:
            for field, name in enumerate(names):
                fields = kind if kind == "progressive" else ("both", "earlier", "later")[field + len(names) - 1]
                row = (f"{_time(picture, field, facts):.4f}", picture.scene, f"{picture.sharpness:.4f}", sar)
                writer.writerow([name, picture.frame, fields, *row, facts.path.name])
