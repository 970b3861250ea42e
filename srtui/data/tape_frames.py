"""A few frames of each tape, taken when a dataset is prepared: to see what a network in training makes of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from srtui.config.requests import FramesRequest, PrepareRequest, TapeFrames
from srtui.errors import SrtuiError
from srtui.footage.frames import NAMES, PLAN, extract
from srtui.jobs.context import JobContext
from srtui.project.tapes import identity

FRAMES = 3
"""Frames of a tape: the sharpest of its longest scenes."""


def extract_frames(job: JobContext, request: PrepareRequest) -> None:
    """Take the frames that are not there yet; a tape that gives none costs an alarm, and no dataset."""
    for tape in request.footage:
        _try(job, tape, request)


def _try(job: JobContext, tape: TapeFrames, request: PrepareRequest) -> None:
    try:
        _extract(job, tape, request)
    except SrtuiError as error:
        job.alarm(f"no frames of {tape.video} to look at: {error.fact}")


def _extract(job: JobContext, tape: TapeFrames, request: PrepareRequest) -> None:
    output = Path(tape.output)
    known, now = _tape_of(output), identity(Path(tape.video))
    if known == now and (output / NAMES).is_file():
        return
    if known is not None and known != now:
        shutil.rmtree(output)
    extract(
        job,
        FramesRequest(
            tape=tape.video,
            scans=request.scans,
            output=tape.output,
            count=FRAMES,
            both_fields=False,
            threads=request.threads,
        ),
    )


def _tape_of(output: Path) -> object:
    """Which tape a folder's frames are of; None where there are none."""
    try:
        return json.loads((output / PLAN).read_text(encoding="utf-8"))["tape"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
