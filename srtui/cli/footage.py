"""Commands about tapes: scan, frames."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srtui.cli import options
from srtui.cli.following import launch_and_follow, launch_and_leave
from srtui.cli.launching import Result, launch_job, new_job, result_of
from srtui.errors import SrtuiError, UsageError
from srtui.jobs.folder import jobs_root

if TYPE_CHECKING:
    from srtui.config.requests import FramesRequest

_RATES = {"50p": True, "60p": True, "25p": False, "30p": False}


@click.command()
@click.argument("tapes", nargs=-1, metavar="[TAPE]...", type=click.Path(exists=True, path_type=Path))
@options.project
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Where scans are kept; default: with the project."
)
@click.option("--fresh", is_flag=True, help="Scan again what is scanned already.")
@options.threads
@options.detach
@options.as_json
def scan(
    tapes: tuple[Path, ...],
    project: Path | None,
    out: Path | None,
    fresh: bool,
    threads: int,
    detach: bool,
    as_json: bool,
) -> int:
    """Look at every picture of tapes: fields, edges, scenes, sharpness, dropouts.

    TAPE is a video file or a folder of them; without one, the project's footage is scanned. What is found is seen in
    the pictures: flags lie. Results: scan.json, and frames.csv with a line for each picture.
    """
    from srtui.config.requests import ScanRequest

    folder = options.project_here(project)
    request = ScanRequest(
        tapes=tuple(str(tape.resolve()) for tape in tapes) or _footage(folder),
        output=str(_scans(folder, out)),
        threads=threads,
        fresh=fresh,
    )
    job = new_job(jobs_root(folder), "scan", request)
    if detach:
        return launch_and_leave(job)
    code = launch_and_follow(job)
    if code == 0:
        found = [Path(each) for each in result_of(job).get("scans", [])]
        _tell(found, job.id, f" -p {shlex.quote(str(project))}" if project else "", as_json=as_json)
    return code


@click.command()
@click.argument("tape", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.project
@click.option(
    "--out",
    "output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="A new folder for the pictures and names.csv.",
)
@click.option("--count", type=click.IntRange(1), help="Frames to take.  [default: 100]")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), help="Part of the usable frames to take instead.")
@click.option(
    "--rate",
    type=click.Choice(list(_RATES)),
    default="50p",
    show_default=True,
    help="50p (60p): a picture of each field; 25p (30p): one of each frame.",
)
@click.option(
    "--scans", type=click.Path(file_okay=False, path_type=Path), help="Where scans are kept; default: with the project."
)
@options.threads
@options.detach
@options.as_json
def frames(
    tape: Path,
    project: Path | None,
    output: Path,
    count: int | None,
    share: float | None,
    rate: str,
    scans: Path | None,
    threads: int,
    detach: bool,
    as_json: bool,
) -> int:
    """Extract the best frames of a tape as PNG, deinterlaced.

    The sharpest of each scene first, then more of each; smeared, repeated and torn frames are left out. Pixels keep
    their shape (pHYs in the file, sar in names.csv). The tape is scanned first, if it is not yet.
    """
    from srtui.config.requests import FramesRequest

    if count and share:
        raise UsageError("frames", "--count and --share exclude each other", hint="give one of them")
    folder = options.project_here(project)
    request = FramesRequest(
        tape=str(tape.resolve()),
        scans=str(_scans(folder, scans)),
        output=str(output.resolve()),
        count=count or (0 if share else 100),
        share=share or 0,
        both_fields=_RATES[rate],
        threads=threads,
    )
    job = new_job(jobs_root(folder), "frames", request)
    code = launch_job(job, detach=detach, as_json=as_json, tell=_taken)
    if code == 0 and (warning := _deinterlaced_otherwise(folder, request)):
        click.echo(f"! {warning}", err=True)
    return code


def _taken(made: Result) -> list[str]:
    return [f"{made['pictures']} pictures of {made['frames']} frames: {made['output']}"]


def _deinterlaced_otherwise(folder: Path | None, request: FramesRequest) -> str:
    """What to know if the project's network learned from another deinterlacer; nothing without a project."""
    from srtui.config import shipped
    from srtui.project.deinterlacing import disagreement
    from srtui.project.folder import open_project
    from srtui.project.footage import read_scan
    from srtui.project.tapes import place_of

    scan = read_scan(place_of(Path(request.tape), Path(request.scans)).scan)
    if folder is None or scan is None or not (folder / "project.yml").is_file():
        return ""
    try:
        project = open_project(folder)
        degradation = shipped.degradation(project.settings.degradation, project.folder)
    except SrtuiError:  # the frames are there all the same, and every other command names what is wrong
        return ""
    return disagreement(degradation, interlaced=bool(scan["interlacing"]["order"]))


def _footage(folder: Path | None) -> tuple[str, ...]:
    """The tapes of a project."""
    from srtui.project.folder import open_project

    if folder is None:
        raise UsageError("scan", "which tape?", hint="srtui scan TAPE, or -p PROJECT to scan its footage")
    opened = open_project(folder)
    tapes = tuple(str(opened.path(each.video)) for each in opened.settings.footage)
    if not tapes:
        raise UsageError("footage", "the project names none", where=opened.file, hint="srtui scan TAPE")
    return tapes


def _scans(folder: Path | None, given: Path | None) -> Path:
    """Where scans are kept: as given, else with the project, else with the user's state."""
    return given.resolve() if given else jobs_root(folder).parent / "scans"


def _tell(folders: list[Path], job: str, project: str, *, as_json: bool) -> None:
    found: list[dict[str, Any]] = [json.loads((folder / "scan.json").read_text(encoding="utf-8")) for folder in folders]
    if as_json:
        scans = [{"folder": str(folder), **each} for folder, each in zip(folders, found, strict=True)]
        click.echo(json.dumps({"job": job, "scans": scans}, ensure_ascii=False))
        return
    from srtui.project.scan_report import scan_lines

    for number, (folder, each) in enumerate(zip(folders, found, strict=True)):
        if number:
            click.echo("")
        for line in scan_lines(each, folder, project):
            click.echo(line)


COMMANDS: tuple[click.Command, ...] = (scan, frames)
