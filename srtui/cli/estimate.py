"""``srtui estimate``: hours and memory of a training, measured on this machine before it begins."""

from __future__ import annotations

from pathlib import Path

import click

from srtui.cli import options
from srtui.cli.launching import launch_job, new_job
from srtui.errors import UsageError
from srtui.jobs.folder import jobs_root


@click.command()
@options.project
@click.option("--profile", help="A shipped name (srtui profiles) or the path of a file, instead of the project's.")
@click.option(
    "--scale", type=click.Choice(["1", "2", "3", "4"]), default="4", show_default=True, help="Without a project."
)
@options.device
@click.option("--gpus", metavar="LIST", help="For a training on several GPUs together: 0,1 or all.")
@options.threads
@options.as_json
def estimate(
    project: Path | None,
    profile: str | None,
    scale: str,
    device: str,
    gpus: str | None,
    threads: int,
    as_json: bool,
) -> int:
    """Measure how long a training will take here, and how much memory: a few updates of every stage, on noise.

    What was found is remembered: srtui train says it when a training begins.
    """
    from srtui.config import shipped
    from srtui.config.project import Scale
    from srtui.config.requests import EstimateRequest
    from srtui.project.folder import open_project, placed
    from srtui.project.sources import profile_name

    gpus = options.checked_gpus(gpus, device) or ""
    folder = options.project_here(project)
    opened = open_project(folder) if folder is not None or profile is None else None
    base = opened.folder if opened else Path.cwd()
    if profile is not None:
        chosen = shipped.training_profile(profile_name(profile, "training", base), base)
    else:
        assert opened is not None  # nothing else would say what to measure
        chosen = opened.profile()
    if opened and options.given("scale") and int(scale) != opened.settings.scale:
        fact = f"{scale}, but the project's is {opened.settings.scale}"
        raise UsageError("--scale", fact, hint="leave --scale out, or measure outside of a project")
    times: Scale = opened.settings.scale if opened else int(scale)  # type: ignore[assignment] # click checked it
    request = EstimateRequest(profile=placed(chosen, base), scale=times, device=device, gpus=gpus, threads=threads)
    job = new_job(opened.jobs if opened else jobs_root(None), "estimate", request)
    return launch_job(job, detach=False, as_json=as_json)


COMMANDS: tuple[click.Command, ...] = (estimate,)
