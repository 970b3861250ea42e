"""Where a project stands: each step done, running, stale, to do, or blocked and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from srtui.jobs.folder import JobFolder, all_jobs, read_record
from srtui.jobs.launch import rests
from srtui.jobs.status import JobStatus, read_status
from srtui.project.folder import OpenProject

StepName = Literal["prepare", "train", "validate", "restore"]
State = Literal["done", "running", "todo", "stale", "blocked", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a project at one moment."""

    name: StepName
    state: State
    reason: str = ""
    """Why it is in this state, in a sentence."""
    job: str | None = None
    """The newest job of this step."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a step depends on, works from and leaves behind."""

    needs: StepName | None
    digest: Callable[[OpenProject], str]
    result: Callable[[OpenProject], Path]


RULES: dict[StepName, Rule] = {
    "prepare": Rule(None, OpenProject.prepare_digest, lambda project: project.dataset / "dataset.yml"),
    "train": Rule("prepare", OpenProject.train_digest, lambda project: project.model),
    "validate": Rule("train", OpenProject.validate_digest, lambda project: project.comparison / "report.json"),
    "restore": Rule("train", OpenProject.restore_digest, lambda project: project.folder),
}


def steps(project: OpenProject) -> list[Step]:
    """State of every step, in order."""
    newest = newest_jobs(project)
    result: dict[StepName, Step] = {}
    for name in RULES:
        result[name] = _step(project, name, newest.get(name), result)
    return list(result.values())


def newest_jobs(project: OpenProject) -> dict[str, tuple[JobFolder, JobStatus]]:
    """Newest job of each kind."""
    newest = {job.kind: job for job in all_jobs(project.jobs)}
    return {kind: (job, read_status(job)) for kind, job in newest.items()}


def _step(
    project: OpenProject, name: StepName, newest: tuple[JobFolder, JobStatus] | None, before: dict[StepName, Step]
) -> Step:
    rule, job = RULES[name], newest[0].id if newest else None
    if (name == "restore" and not project.settings.restore) or (name == "prepare" and not project.settings.sources):
        return Step(name=name, state="empty", reason="nothing is listed in project.yml", job=job)
    wanted = rule.digest(project)
    made = read_record(newest[0]).digest if newest else ""
    if newest and not rests(*newest):
        return Step(name=name, state="running", reason=newest[1].phase, job=job)
    if rule.needs and before[rule.needs].state != "done":
        return Step(
            name=name, state="blocked", reason=f"needs {rule.needs}, which is {before[rule.needs].state}", job=job
        )
    if newest and newest[1].state == "finished":
        if made != wanted:
            return Step(name=name, state="stale", reason="settings changed since it was made", job=job)
        if rule.result(project).exists():
            return Step(name=name, state="done", job=job)
        return Step(name=name, state="todo", reason="its result was removed", job=job)
    if newest:
        ending = "was never begun" if newest[1].state == "queued" else newest[1].state
        return Step(name=name, state="todo", reason=f"the last job {ending}", job=job)
    return Step(name=name, state="todo")
