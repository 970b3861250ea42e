"""Making the plan: look at every source, then split and deal what can be used.

Pictures are judged by their headers, so that each is decoded once only, when it is made. One that then proves bad is
refused, and the next one takes its place in validation (decisions.py).

What is found waits in a file; in memory are some 50 bytes per picture.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from srtui.config.project import Prepare
from srtui.config.requests import PrepareRequest
from srtui.data.fitting import fitted_size, for_pairs
from srtui.data.pairs import MismatchError
from srtui.data.plan import Entry, Head, Refused, to_line
from srtui.data.rejection import PictureRejected
from srtui.data.sources import PictureSource
from srtui.data.walk import Found
from srtui.data.writing import room_for
from srtui.degradation.draws import key
from srtui.degradation.scenarios import check, deal
from srtui.errors import NothingUsableError, UsageError
from srtui.files import whole_file
from srtui.jobs.context import JobContext
from srtui.ordered import in_order, thread_count

SHOWN = 20
"""Mismatched pairs that an error names."""


def sources_digest(sources: Sequence[PictureSource]) -> str:
    """Digest of what is there now: names, sizes and times of every file that could be a picture."""
    digest = _Sum()
    for index, source in enumerate(sources):
        for found in [source.whole] if source.whole else source.find():
            digest.add(index, found)
    return digest.hexdigest()


def make_plan(job: JobContext, request: PrepareRequest, sources: Sequence[PictureSource], path: Path) -> None:
    """Write the plan of ``request`` to ``path``.

    Raises
    ------
    NothingUsableError
        If a source is empty.
    UsageError
        If pairs do not fit, a scenario does not end at the project's scale, or no picture is left for training.
    """
    job.phase("looking at the sources", quiet=300)
    with tempfile.TemporaryFile("w+", encoding="utf-8", dir=path.parent) as seen:
        survey = _survey(job, request, sources, seen)
        for_validation = _split(request, survey)
        dealt = _deal(request, sources, survey, for_validation)
        with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
            file.write(to_line(_head(job, request, sources, survey, for_validation)))
            seen.seek(0)
            for line in _lines(request, seen, for_validation, dealt):
                file.write(to_line(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one look at a file showed."""

    source: int
    found: Found
    width: int = 0
    """After fitting."""
    height: int = 0
    reason: str = ""
    """Why it cannot be used."""
    mismatch: str = ""
    """Why it is no pair."""


@dataclass(slots=True)
class _Survey:
    """What is remembered of each picture that can be used, in order, and of the rest."""

    sources: array[int] = field(default_factory=lambda: array("L"))
    keys: array[int] = field(default_factory=lambda: array("Q"))
    scenes: array[int] = field(default_factory=lambda: array("Q"))
    """Keys of their scenes; their own for those of no scene."""
    gt_rooms: array[int] = field(default_factory=lambda: array("Q"))
    lq_rooms: array[int] = field(default_factory=lambda: array("Q"))
    refused: int = 0
    short: int = 0
    """Pictures that are smaller than the crops that will be trained on."""
    mismatched: int = 0
    mismatches: list[str] = field(default_factory=list)
    """The first ones."""
    digest: str = ""


def _survey(job: JobContext, request: PrepareRequest, sources: Sequence[PictureSource], seen: IO[str]) -> _Survey:
    survey, digest = _Survey(), _Sum()
    found_in = [0] * len(sources)
    items = ((index, found) for index, source in enumerate(sources) for found in source.find())

    def look(item: tuple[int, Found]) -> _Look:
        index, found = item
        return _look(request.prepare, index, sources[index], found)

    with closing(in_order(look, items, thread_count(request.threads))) as looks:
        for done, each in enumerate(looks, start=1):
            job.check()
            job.progress(done, 0, "files")
            found_in[each.source] += 1
            whole = sources[each.source].whole
            if found_in[each.source] == 1 or whole is None:
                digest.add(each.source, whole or each.found)
            _remember(request, survey, each)
            if each.reason:
                job.rejected(each.found.name, each.reason)
            found = each.found
            row = [
                each.source,
                found.name,
                found.stamps,
                each.width,
                each.height,
                each.reason,
                found.scene,
                found.address,
            ]
            seen.write(json.dumps(row) + "\n")
    for source, count in zip(sources, found_in, strict=True):
        if not count:
            raise NothingUsableError(source.title, "no pictures in it", hint="check the path under 'sources'")
    _raise_mismatches(survey)
    survey.digest = digest.hexdigest()
    if survey.short:
        fact = (
            f"{survey.short} of {len(survey.keys)} pictures are smaller than the training's crops of {request.gt_size}"
        )
        job.alarm(f"{fact}: set prepare.checks.smallest_side to it, or gt_size in the profile to less")
    return survey


def _look(prepare: Prepare, index: int, source: PictureSource, found: Found) -> _Look:
    """Look at one file; called from many threads."""
    if found.reason or found.mismatch:
        return _Look(source=index, found=found, reason=found.reason, mismatch=found.mismatch)
    try:
        size = source.size(found.name)
        if size[0] * size[1] > prepare.checks.largest_picture * 1_000_000:
            limit = f"at most {prepare.checks.largest_picture} million pixels"
            raise PictureRejected(f"too large: {size[0]}×{size[1]}; {limit}")
        width, height = fitted_size(*size, for_pairs(prepare) if source.paired else prepare)
    except PictureRejected as error:
        return _Look(source=index, found=found, reason=str(error))
    except MismatchError as error:
        return _Look(source=index, found=found, mismatch=str(error))
    return _Look(source=index, found=found, width=width, height=height)


def _remember(request: PrepareRequest, survey: _Survey, each: _Look) -> None:
    if each.mismatch:
        survey.mismatched += 1
        if len(survey.mismatches) < SHOWN:
            survey.mismatches.append(f"{each.found.name}: {each.mismatch}")
    elif each.reason:
        survey.refused += 1
    else:
        survey.sources.append(each.source)
        own, scene = key(request.prepare.seed, "picture", each.source, each.found.name), each.found.scene
        survey.keys.append(own)
        survey.scenes.append(key(request.prepare.seed, "scene", each.source, scene) if scene else own)
        survey.short += min(each.width, each.height) < request.gt_size
        survey.gt_rooms.append(room_for(each.width, each.height))
        survey.lq_rooms.append(room_for(each.width // request.scale, each.height // request.scale))


def _raise_mismatches(survey: _Survey) -> None:
    if survey.mismatched:
        shown = "\n    ".join(survey.mismatches)
        first = f"; the first {SHOWN}" if survey.mismatched > SHOWN else ""
        fact = f"{survey.mismatched} do not fit{first}:\n    {shown}"
        raise UsageError("pairs", fact, hint="mend or remove these files: one wrong pair makes all doubtful")


class _Sum:
    """Digest of what would show a change; files that are not called like pictures may come and go."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)
        self.hexdigest = self._digest.hexdigest

    def add(self, source: int, found: Found) -> None:
        if found.stamps or not found.reason:
            self._digest.update(json.dumps([source, found.name, found.stamps]).encode())


def _split(request: PrepareRequest, survey: _Survey) -> NDArray[np.bool_]:
    """Mark the pictures for validation: those of its own sources, else the share or count that the seed draws.

    Scenes are taken whole, so that there may be a few less than wanted (or more, if every scene is larger).
    """
    count, wanted = len(survey.keys), request.prepare.validation
    if request.validation_sources:
        return np.asarray(survey.sources) >= len(request.sources)
    number = min(max(round(wanted * count), 1), count - 1) if 0 < wanted < 1 else int(wanted)
    if count and number >= count:
        fact = f"{number} pictures wanted, {count} are usable: none would be left to train on"
        raise UsageError("prepare.validation", fact, hint="lower it, or add sources")
    if number <= 0 or not count:
        return np.zeros(count, np.bool_)
    scenes = np.asarray(survey.scenes)
    marked = np.isin(scenes, scenes_for(number, *np.unique(scenes, return_counts=True)))
    if marked.all():
        fact = f"{number} of {count} pictures wanted, but all are of one scene: none would be left to train on"
        raise UsageError("prepare.validation", fact, hint="set it to 0, or give validation_sources")
    return np.asarray(marked, np.bool_)


def scenes_for(wanted: int, scenes: NDArray[np.uint64], sizes: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Scenes in the order of their keys, as long as they fit into what is wanted; at least the smallest."""
    if len(scenes) == sizes.sum():
        return scenes[:wanted]
    chosen, left = list[int](), wanted
    for index, size in enumerate(sizes.tolist()):
        if size <= left:
            chosen.append(index)
            left -= size
        if not left:
            break
    return scenes[chosen or [int(sizes.argmin())]]


def _paired(sources: Sequence[PictureSource], survey: _Survey) -> NDArray[np.bool_]:
    return np.asarray([source.paired for source in sources])[np.asarray(survey.sources, np.intp)]


def _deal(
    request: PrepareRequest, sources: Sequence[PictureSource], survey: _Survey, for_validation: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Index of each picture's scenario, dealt in each split apart; -1 for pairs."""
    paired = _paired(sources, survey)
    keys, dealt = np.asarray(survey.keys, np.uint64), np.full(len(survey.keys), -1, np.intp)
    for part in (for_validation, ~for_validation):
        chosen = part & ~paired
        dealt[chosen] = deal(keys[chosen], request.degradation.scenarios)
    return dealt


def _head(
    job: JobContext,
    request: PrepareRequest,
    sources: Sequence[PictureSource],
    survey: _Survey,
    for_validation: NDArray[np.bool_],
) -> Head:
    gt_rooms, lq_rooms = np.asarray(survey.gt_rooms, np.int64), np.asarray(survey.lq_rooms, np.int64)
    stored = for_validation | _paired(sources, survey) | (request.prepare.degradation_mode == "fixed")
    rooms = gt_rooms + np.where(stored, lq_rooms, 0)
    return Head(
        digest=request.digest,
        job=job.folder.id,
        sources=survey.digest,
        train=int((~for_validation).sum()),
        val=int(for_validation.sum()),
        refused=survey.refused,
        train_room=int(rooms[~for_validation].sum()),
        val_room=int(rooms[for_validation].sum()),
        map_room=int(gt_rooms.sum() + lq_rooms.sum()),
        digits=max(4, len(str(len(gt_rooms)))),
    )


def _lines(
    request: PrepareRequest, seen: IO[str], for_validation: NDArray[np.bool_], dealt: NDArray[np.intp]
) -> Iterator[Entry | Refused]:
    index = 0
    for line in seen:
        source, name, stamps, width, height, reason, scene, address = json.loads(line)
        if reason:
            yield Refused(source=source, file=name, reason=reason)
            continue
        scenario = int(dealt[index])
        if scenario >= 0:
            check(request.degradation.scenarios[scenario], request.scale, width, height)
        yield Entry(
            source=source,
            file=name,
            stamps=tuple(stamps),
            split="val" if for_validation[index] else "train",
            scenario=scenario,
            key=key(request.prepare.seed, "picture", source, name),
            scene=scene,
            address=address,
        )
        index += 1
