"""Where a project stands, as the wizard shows it: seven steps, each with a mark and, if need be, its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from srtui.app.project_facts import Facts, read_facts
from srtui.errors import SrtuiError
from srtui.jobs.folder import JobFolder, read_record
from srtui.jobs.status import JobStatus, read_status
from srtui.jobs.wording import phase_of

if TYPE_CHECKING:
    from srtui.app.machine import Machine
    from srtui.config.degradation import Degradation
    from srtui.project.folder import OpenProject
    from srtui.project.steps import Step

Mark = Literal["done", "now", "stale", "blocked", "running", "waiting"]
Name = Literal["hardware", "sources", "degradation", "prepare", "profile", "train", "restore"]
TITLES: dict[Name, str] = {
    "hardware": "Hardware",
    "sources": "Sources",
    "degradation": "Degradation",
    "prepare": "Prepare",
    "profile": "Profile",
    "train": "Train",
    "restore": "Restore",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WizardStep:
    """One step of the wizard at one moment."""

    name: Name
    mark: Mark
    note: str = ""
    """Why, in a few words."""
    status: JobStatus | None = None
    """The newest job of the step."""

    @property
    def title(self) -> str:
        """How the list calls it."""
        return TITLES[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeJob:
    """A job about tapes."""

    status: JobStatus
    tapes: tuple[str, ...]
    """Absolute paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """A project at one moment."""

    folder: Path
    project: OpenProject | None = None
    problem: str = ""
    """What is wrong with project.yml, ready to show."""
    facts: Facts | None = None
    """What the pages show of it; None with a problem."""
    steps: tuple[WizardStep, ...]
    validation: WizardStep | None = None
    """The comparison with bicubic, which belongs to Restore's page."""
    run: JobStatus | None = None
    """The newest `run`."""
    tape_jobs: tuple[TapeJob, ...] = ()
    """The newest scan and the newest extraction of frames."""

    def step(self, name: Name) -> WizardStep:
        """One of the seven."""
        return next(step for step in self.steps if step.name == name)

    @property
    def living(self) -> tuple[JobStatus, ...]:
        """Jobs that are under way; a `run` first, for it owns the others."""
        validation = self.validation.status if self.validation else None
        tapes = (job.status for job in self.tape_jobs)
        candidates = (self.run, *(step.status for step in self.steps), validation, *tapes)
        return tuple(status for status in candidates if status is not None and not status.ended)

    @property
    def fresh(self) -> bool:
        """Whether nothing has been done here yet."""
        return self.run is None and all(step.status is None for step in self.steps)

    def landing(self) -> Name:
        """Step to open the wizard at: where one left."""
        if self.fresh and not self.problem:
            return "hardware"
        for mark in ("running", "now", "stale", "blocked"):
            for step in self.steps:
                if step.mark == mark and step.name != "hardware":
                    return step.name
        return "restore"


def look_at(folder: Path, machine: Machine | None = None) -> ProjectView:
    """Read a project and judge its steps; what is wrong becomes ``problem``, never an exception."""
    from srtui.project.folder import open_project

    try:
        project = open_project(folder)
        return with_machine(_judge(project), machine)
    except SrtuiError as error:
        steps = tuple(WizardStep(name=name, mark="blocked") for name in TITLES)
        return with_machine(ProjectView(folder=folder, problem=str(error), steps=steps), machine)


def empty_view(folder: Path) -> ProjectView:
    """What is shown before the project was read."""
    return ProjectView(folder=folder, steps=tuple(WizardStep(name=name, mark="waiting") for name in TITLES))


def with_machine(view: ProjectView, machine: Machine | None) -> ProjectView:
    """The same, knowing this of the machine."""
    return replace(view, steps=tuple(_hardware(machine) if step.name == "hardware" else step for step in view.steps))


def _hardware(machine: Machine | None) -> WizardStep:
    if machine is None or (machine.advice is None and not machine.trouble):
        return WizardStep(name="hardware", mark="running", note="looking")
    if machine.trouble:
        return WizardStep(name="hardware", mark="blocked", note="could not look")
    count = len(machine.advice.problems) if machine.advice else 0
    if count:
        return WizardStep(name="hardware", mark="blocked", note=f"{count} problem{'s' * (count != 1)}")
    return WizardStep(name="hardware", mark="done")


def _judge(project: OpenProject) -> ProjectView:
    from srtui.project.steps import newest_jobs, steps

    facts = read_facts(project)
    core = {step.name: step for step in steps(project)}
    newest = newest_jobs(project)
    run = newest.get("run")
    restore, validation = _of_core(project, core["restore"], "restore"), _of_core(project, core["validate"], "restore")
    if core["restore"].state == "empty":
        restore = replace(restore, mark="waiting" if core["train"].state != "done" else "now", note="nothing is listed")
    train = _of_core(project, core["train"], "train")
    if train.mark == "waiting" and restore.mark == "blocked":
        restore = replace(restore, mark="waiting", note="after Train")
    judged = (
        WizardStep(name="hardware", mark="running"),
        _sources(project),
        _degradation(facts.degradation, project.settings.scale),
        _of_core(project, core["prepare"], "prepare"),
        _profile(facts),
        train,
        restore,
    )
    return ProjectView(
        folder=project.folder,
        project=project,
        facts=facts,
        steps=_first_only(judged),
        validation=validation,
        run=run[1] if run else None,
        tape_jobs=tuple(_tape_job(*newest[kind]) for kind in ("scan", "frames") if kind in newest),
    )


def _tape_job(job: JobFolder, status: JobStatus) -> TapeJob:
    request = read_record(job).request
    named = request.get("tapes") or [request.get("tape")]
    return TapeJob(status=status, tapes=tuple(each for each in named if isinstance(each, str)))


def _first_only(judged: tuple[WizardStep, ...]) -> tuple[WizardStep, ...]:
    """Only the first step that could be done is the one to do now; the others wait."""
    work = (step for step in judged if step.name != "hardware")
    now = next((step.name for step in work if step.mark in {"now", "running", "stale"}), None)
    return tuple(replace(step, mark="waiting") if step.mark == "now" and step.name != now else step for step in judged)


def _sources(project: OpenProject) -> WizardStep:
    if not project.settings.sources:
        return WizardStep(name="sources", mark="now", note="none yet")
    missing = [path for path in source_folders(project) if not path.exists()]
    if missing:
        return WizardStep(name="sources", mark="blocked", note=f"{missing[0].name} is not there")
    return WizardStep(name="sources", mark="done")


def source_folders(project: OpenProject) -> list[Path]:
    """Folders, LMDBs and videos that the sources name, absolute."""
    from srtui.project.sources import paths_of

    sources = (*project.settings.sources, *project.settings.validation_sources)
    return [project.path(text) for source in sources for text in paths_of(source)]


def _degradation(found: Degradation, scale: int) -> WizardStep:
    if scale in found.scales:
        return WizardStep(name="degradation", mark="done")
    note = f"is for scales {', '.join(map(str, found.scales))}, not {scale}"
    return WizardStep(name="degradation", mark="blocked", note=note)


def _profile(facts: Facts) -> WizardStep:
    if facts.start_trouble:
        return WizardStep(name="profile", mark="blocked", note="no network to begin from")
    return WizardStep(name="profile", mark="done")


_MARKS: dict[str, Mark] = {"done": "done", "running": "running", "todo": "now", "stale": "stale", "blocked": "blocked"}
_NEEDED: dict[str, Name] = {"prepare": "prepare", "train": "train", "validate": "restore", "restore": "restore"}


def _of_core(project: OpenProject, step: Step, name: Name) -> WizardStep:
    """A step of the project in the wizard's words."""
    status = read_status(JobFolder(project.jobs / step.job)) if step.job else None
    mark, note = _MARKS.get(step.state, "waiting"), step.reason
    if step.state == "running" and status is not None:
        percent = f" {100 * status.done // status.total} %" if status.total else ""
        note = f"{phase_of(status)}{percent}"
    elif step.state == "empty":
        mark, note = "waiting", "after Sources"
    elif step.state == "blocked":
        needed, _, state = step.reason.removeprefix("needs ").partition(", which is ")
        what = TITLES[_NEEDED[needed]] if needed in _NEEDED else needed
        mark, note = (
            ("blocked", f"{what} is {state}") if state in {"stale", "blocked"} else ("waiting", f"after {what}")
        )
    elif status is not None and status.state in {"failed", "crashed"} and step.state == "todo":
        mark, note = "blocked", f"the last job {status.state}"
    elif step.state == "stale":
        note = "settings changed"
    elif status is not None and status.state == "stopped":
        note = "was stopped"
    return WizardStep(name=name, mark=mark, note=note, status=status)
