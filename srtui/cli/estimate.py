"""``srtui estimate``: hours and memory of a training, measured on this machine before it begins."""

from __future__ import annotations

from pathlib import Path

import click

from srtui.cli import options
from srtui.cli.launching import launch_job, new_job
from srtui.jobs.folder import jobs_root


@click.command()
@options.project
@click.option("--profile", help="A shipped name (srtui profiles) or the path of a file, instead of the project's.")
@click.option(
    "--scale", type=click.Choice(["1", "2", "3", "4"]), default="4", show_default=True, help="Without a project."
)
@options.device
@options.threads
@options.as_json
def estimate(project: Path | None, profile: str | None, scale: str, device: str, threads: int, as_json: bool) -> int:
    """Measure how long a training will take here, and how much memory: a few updates of every stage, on noise.

    What was found is remembered: srtui train says it when a training begins.
    """
    from srtui.config import shipped
    from srtui.config.project import Scale
    from srtui.config.requests import EstimateRequest
    from srtui.project.folder import FILE, open_project

    folder = project or Path.cwd()
    opened = open_project(folder) if project or (folder / FILE).is_file() or profile is None else None
    if profile is None:
        assert opened is not None
        chosen = opened.profile()
    else:
        chosen = shipped.training_profile(profile, folder)
    times: Scale = opened.settings.scale if opened else int(scale)  # type: ignore[assignment] # click checked it
    request = EstimateRequest(profile=chosen, scale=times, device=device, threads=threads)
    job = new_job(opened.jobs if opened else jobs_root(None), "estimate", request)
    return launch_job(job, detach=False, as_json=as_json)


COMMANDS: tuple[click.Command, ...] = (estimate,)
