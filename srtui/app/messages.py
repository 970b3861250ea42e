"""What threads tell screens: immutable values only; handlers change widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from srtui.app.follower import Moment
    from srtui.app.project_view import ProjectView
    from srtui.app.snapshot import Snapshot
    from srtui.jobs.folder import JobFolder


class JobMoved(Message):
    """A job that is followed has a new moment."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self.moment = moment


class JobSeen(Message):
    """A job that is glanced at has a new snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot


class ProjectRead(Message):
    """The project stands otherwise than before."""

    def __init__(self, view: ProjectView) -> None:
        super().__init__()
        self.view = view


class MachineSeen(Message):
    """The look at the machine got further."""


class JobStarted(Message):
    """A job that the user asked for lives."""

    def __init__(self, job: JobFolder) -> None:
        super().__init__()
        self.job = job


class Trouble(Message):
    """Something that the user asked for could not be done; ``text`` is ready to show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
