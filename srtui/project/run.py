"""The `run` job: a project's steps in order, each as a job of its own; fresh steps are skipped, running ones joined."""

from __future__ import annotations

from pathlib import Path

from srtui.config.reader import to_plain
from srtui.config.requests import Request, RunRequest
from srtui.errors import SrtuiError
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.control import ask, withdraw
from srtui.jobs.folder import JobFolder, ask_otherwise, create, read_record
from srtui.jobs.launch import follow, rests, start, stop
from srtui.project.folder import OpenProject, open_project
from srtui.project.steps import RULES, Step, StepName, newest_jobs, steps


def run(job: JobContext, request: RunRequest) -> None:
    """Do every step of ``request`` that is not done yet."""
    for number, name in enumerate(request.steps, start=1):
        project = open_project(Path(request.project))
        step = next(step for step in steps(project) if step.name == name)
        title = f"{name} ({number}/{len(request.steps)})"
        if step.state in {"done", "empty"}:
            job.event("step", name=name, state=step.state)
            continue
        job.phase(title, quiet=600)
        for child in children(project, step, request):
            job.event("step", name=name, state="running", job=str(child.path))
            accompany(job, child)
        job.event("step", name=name, state="done")


def children(project: OpenProject, step: Step, request: RunRequest) -> list[JobFolder]:
    """Jobs that do a step: the one that runs or can be resumed, else new ones."""
    newest = newest_jobs(project).get(step.name)
    digest = RULES[step.name].digest(project)
    if newest is not None and step.name != "restore":
        folder, status = newest
        if not status.ended or (status.state != "finished" and read_record(folder).digest == digest):
            if step.name == "train" and request.gpus and rests(folder):
                ask_otherwise(folder, gpus=request.gpus)
            return [folder]
    return create_jobs(project, step.name, device=request.device, gpus=request.gpus, threads=request.threads)


def create_jobs(
    project: OpenProject, name: StepName, *, device: str = "auto", gpus: str = "", threads: int = 0
) -> list[JobFolder]:
    """Make the jobs of a step; nothing runs yet."""
    requests: list[Request]
    match name:
        case "prepare":
            requests = [project.prepare_request(threads=threads)]
        case "train":
            requests = [project.train_request(device=device, gpus=gpus, threads=threads)]
        case "validate":
            requests = [project.validate_request(device=device, threads=threads)]
        case "restore":
            requests = [*project.restore_requests(device=device, threads=threads)]
    digest = RULES[name].digest(project)
    return [create(project.jobs, name, to_plain(request), digest) for request in requests]


def accompany(job: JobContext, child: JobFolder) -> None:
    """Launch a child job unless it runs, mirror how far it is, and pass on pause and stop."""
    start(child)
    for moment in follow(child):
        status = moment.status
        if status.ended:
            _judge(child, status.state, status.code, status.error)
            return
        job.progress(status.done, status.total, status.unit, phase=status.phase, job=child.id, **status.figures)
        _pass_on_pause(job, child)
        try:
            job.check()
        except Stopped:
            stop(child)
            for _ in follow(child):
                pass
            raise


def _pass_on_pause(job: JobContext, child: JobFolder) -> None:
    if not job.pause_asked():
        return
    ask(child, "pause")
    job.wait_while_paused()
    withdraw(child, "pause")


def _judge(child: JobFolder, state: str, code: int | None, error: str) -> None:
    if state == "finished":
        return
    if state == "stopped":
        raise Stopped
    raise ChildFailedError(child, code or 1, error)


class ChildFailedError(SrtuiError):
    """A step failed; the run ends with the step's exit code."""

    def __init__(self, child: JobFolder, code: int, error: str) -> None:
        super().__init__(child.id, "failed", where=child.log, hint="mend it and give the same command again")
        self.exit_code = code
        self._error = error

    def __str__(self) -> str:
        return self._error or super().__str__()
