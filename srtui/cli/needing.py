"""What a command says when a step that it needs is not done."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from srtui.errors import UsageError
from srtui.jobs.folder import JobFolder, read_record
from srtui.jobs.status import ENDED, read_status
from srtui.jobs.wording import again

if TYPE_CHECKING:
    from srtui.project.folder import OpenProject
    from srtui.project.steps import Step, StepName

_FACTS = {"todo": "not done yet", "stale": "out of date", "running": "not done yet"}


def need(project: OpenProject, name: StepName) -> None:
    """Go on only if a step is done.

    Raises
    ------
    UsageError
        If it is not.
    """
    from srtui.project.steps import steps

    step = next(step for step in steps(project) if step.name == name)
    if step.state == "done":
        return
    fact = _FACTS.get(step.state, step.state) + (f": {step.reason}" if step.reason else "")
    raise UsageError(name, fact, where=project.file, hint=_what_to_do(project, step))


def _what_to_do(project: OpenProject, step: Step) -> str:
    """What leads to a step that is done: its command, unless a job of it is there to go on with."""
    from srtui.project.steps import RULES

    here = f" -p {shlex.quote(str(project.folder))}"
    if step.state == "blocked":
        return f"srtui run{here} does all that is missing"
    if step.job is not None:
        job = JobFolder(project.jobs / step.job)
        state, same = read_status(job).state, read_record(job).digest == RULES[step.name].digest(project)
        if state == "queued":
            return f"{again('resume', job)} begins it"
        if state not in ENDED:
            return f"{again('attach', job)} shows how far it is"
        if state == "failed":
            return f"{again('status', job)} says why"
        if state != "finished" and same:
            return f"{again('resume', job)} goes on with it"
    return f"srtui {step.name}{here}"
