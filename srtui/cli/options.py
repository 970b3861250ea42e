"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from srtui.errors import UsageError

_WRITTEN = click.core.ParameterSource.COMMANDLINE
Function = TypeVar("Function", bound=Callable[..., Any])


def project(function: Function) -> Function:
    """``-p DIR``: the project's folder."""
    return click.option(
        "-p",
        "--project",
        type=click.Path(file_okay=False, path_type=Path),
        help="The project's folder; default: the current one, if it has a project.yml.",
    )(function)


def as_json(function: Function) -> Function:
    """``--json``: data for programs instead of people."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def threads(function: Function) -> Function:
    """``--threads N``."""
    return click.option("--threads", type=click.IntRange(0, 1024), default=0, help="Threads; 0: one per core.")(
        function
    )


def device(function: Function) -> Function:
    """``--device NAME``."""
    return click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda, or one GPU of several: cuda:1."
    )(function)


def gpus(function: Function) -> Function:
    """``--gpus LIST``: see `checked_gpus`."""
    return click.option("--gpus", metavar="LIST", help="Train on several GPUs together: 0,1 or all.")(function)


def given(*names: str) -> list[str]:
    """Those of the present command's options that somebody wrote, as they are written."""
    context = click.get_current_context()
    return [f"--{name.replace('_', '-')}" for name in names if context.get_parameter_source(name) is _WRITTEN]


def checked_gpus(gpus: str | None, device: str) -> str | None:
    """A list of GPUs in its plain form; None where none was given.

    Raises
    ------
    UsageError
        If it is no such list, or a device was named too.
    """
    from srtui.hardware.gpu_list import check_gpus

    if not gpus:
        return None
    if device != "auto":
        raise UsageError("gpus", f"--gpus {gpus} and --device {device} both say where", hint="give one of them")
    return check_gpus(gpus)


def detach(function: Function) -> Function:
    """``--detach``: start the job and leave."""
    return click.option("--detach", is_flag=True, help="Start the job and leave; srtui attach shows it again.")(
        function
    )


def foreground(function: Function) -> Function:
    """``--foreground``: follow a job that detaches by itself."""
    return click.option(
        "--foreground", is_flag=True, help="Follow the job until it ends; Ctrl-C stops it (resumable)."
    )(function)


def job(function: Function) -> Function:
    """``[JOB]``: one job."""
    return click.argument("job", required=False)(function)


def project_here(given: Path | None) -> Path | None:
    """The project's folder that was given, else the current one if it has a project.yml."""
    if given is not None:
        return given.resolve()
    here = Path.cwd()
    return here if (here / "project.yml").is_file() else None
