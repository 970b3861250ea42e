"""The command `preview`: what a degradation makes of one picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from srtui.cli import options
from srtui.cli.launching import launch_job, new_job, plain_lines
from srtui.errors import UsageError
from srtui.jobs.folder import jobs_root

if TYPE_CHECKING:
    from srtui.config.degradation import Degradation
    from srtui.config.project import Scale
    from srtui.project.folder import OpenProject

_SCALES: dict[str, Scale] = {"1": 1, "2": 2, "3": 3, "4": 4}


@click.command()
@click.argument("picture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.project
@click.option("--degradation", help="A shipped name (srtui profiles) or the path of a file; default: the project's.")
@click.option(
    "--scale", type=click.Choice(list(_SCALES)), help="How many times smaller; default: the project's, else 2."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the pictures; default: PICTURE-DEGRADATION here.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="Another one draws anew.")
@options.as_json
def preview(
    picture: Path,
    project: Path | None,
    degradation: str | None,
    scale: str | None,
    out: Path | None,
    seed: int,
    as_json: bool,
) -> int:
    """Show what a degradation makes of a picture, one PNG for each scenario.

    To the left the spoiled picture, enlarged pixel by pixel, to the right the clean one; of large pictures the middle.
    """
    from srtui.config.requests import PreviewRequest

    opened = _opened(project)
    found = _degradation(opened, degradation)
    folder = out or Path(f"{picture.stem}-{found.name}")
    request = PreviewRequest(
        picture=str(picture.resolve()),
        degradation=found,
        scale=_scale(opened, found, _SCALES[scale] if scale else None),
        output=str(folder.resolve()),
        seed=seed,
    )
    job = new_job(jobs_root(opened.folder if opened else None), "preview", request)
    return launch_job(job, as_json=as_json, tell=lambda made: plain_lines(made["pictures"]))


def _opened(project: Path | None) -> OpenProject | None:
    """The project given, else that of the current folder, if there is one."""
    from srtui.project.folder import open_project

    folder = options.project_here(project)
    return None if folder is None else open_project(folder)


def _degradation(opened: OpenProject | None, name: str | None) -> Degradation:
    from srtui.config import shipped

    if name is not None:
        return shipped.degradation(name, Path.cwd())
    if opened is None:
        hint = f"--degradation {' | '.join(shipped.names('degradation'))}, or the path of a file"
        raise UsageError("preview", "which degradation?", hint=hint)
    return shipped.degradation(opened.settings.degradation, opened.folder)


def _scale(opened: OpenProject | None, found: Degradation, asked: Scale | None) -> Scale:
    """The scale asked for, else the project's, else 2 or the first that the degradation knows."""
    usual: Scale = 2 if 2 in found.scales else found.scales[0]
    scale = asked or (opened.settings.scale if opened else usual)
    if scale not in found.scales:
        fact = f"written for scales {', '.join(map(str, found.scales))}, not for {scale}"
        raise UsageError(found.name, fact, hint=f"--scale {found.scales[0]}")
    return scale


COMMANDS: tuple[click.Command, ...] = (preview,)
