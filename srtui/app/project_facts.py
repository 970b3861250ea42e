"""What stands in the files that a project names: read once, outside the event loop, for all pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srtui.errors import SrtuiError

if TYPE_CHECKING:
    from srtui.config.degradation import Degradation
    from srtui.config.profile import Profile
    from srtui.project.folder import OpenProject
    from srtui.project.footage import Tape


ORDER = ("tiny", "fast", "balanced", "quality", "finetune")
"""Profiles that people choose from first, the quickest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Plain values; paths are relative to the project."""

    profile: Profile
    """As long as the project asks for."""
    degradation: Degradation
    profiles: tuple[tuple[str, Profile], ...]
    """Those to choose from, by what project.yml would call them: shipped ones, and the project's own."""
    degradations: tuple[tuple[str, Degradation], ...]
    dataset: str
    model: str
    trained: bool
    """Whether the network's file is there."""
    report: dict[str, Any] | None
    """The comparison with bicubic, if there is one."""
    tapes: tuple[Tape, ...]
    estimate: str = ""
    """How long the training will take and how much memory, if that was measured here."""
    start_trouble: str = ""
    """What is wrong with the network to begin from."""


def read_facts(project: OpenProject) -> Facts:
    """Read them.

    Raises
    ------
    SrtuiError
        If the profile or the degradation that is chosen cannot be read.
    """
    from srtui.config import shipped
    from srtui.project.footage import tapes_of

    settings = project.settings
    return Facts(
        profile=project.profile(),
        degradation=shipped.degradation(settings.degradation, project.folder),
        profiles=_profiles(project),
        degradations=_degradations(project),
        dataset=str(project.dataset.relative_to(project.folder)),
        model=str(project.model.relative_to(project.folder)),
        trained=project.model.exists(),
        report=_report(project),
        tapes=tapes_of(project),
        estimate=_estimate(project),
        start_trouble=_start_trouble(project),
    )


def _profiles(project: OpenProject) -> tuple[tuple[str, Profile], ...]:
    from srtui.config import shipped

    chosen = project.settings.training.profile
    found = _shipped_profiles(_stamp("training"))
    own = [] if chosen in dict(found) else [(chosen, shipped.training_profile(chosen, project.folder))]
    return (*own, *found)


def _degradations(project: OpenProject) -> tuple[tuple[str, Degradation], ...]:
    from srtui.config import shipped

    chosen = project.settings.degradation
    found = _shipped_degradations(_stamp("degradation"))
    own = [] if chosen in dict(found) else [(chosen, shipped.degradation(chosen, project.folder))]
    return (*own, *found)


def _stamp(kind: str) -> tuple[int, ...]:
    """Times of the shipped files of a kind: they are read again when one changes."""
    from srtui.config import shipped

    return tuple(path.stat().st_mtime_ns for path in sorted((shipped.folder() / kind).glob("*.yml")))


@lru_cache(maxsize=1)
def _shipped_profiles(_stamp: tuple[int, ...]) -> tuple[tuple[str, Profile], ...]:
    """The shipped training profiles in the order of `ORDER`, then by name."""
    from srtui.config import shipped

    found = [(name, shipped.training_profile(name, Path())) for name in shipped.names("training")]
    return tuple(sorted(found, key=lambda pair: ORDER.index(pair[0]) if pair[0] in ORDER else len(ORDER)))


@lru_cache(maxsize=1)
def _shipped_degradations(_stamp: tuple[int, ...]) -> tuple[tuple[str, Degradation], ...]:
    from srtui.config import shipped

    return tuple((name, shipped.degradation(name, Path())) for name in shipped.names("degradation"))


def _estimate(project: OpenProject) -> str:
    from srtui.project.estimates import recall_all, sentence
    from srtui.project.folder import placed

    profile = placed(project.profile(), project.folder)
    known = recall_all(profile, project.settings.scale, "auto")
    return sentence(profile, known) if known is not None else ""


def _start_trouble(project: OpenProject) -> str:
    from srtui.project.network_file import check_network_file

    start = project.settings.training.start
    try:
        if start:
            check_network_file(project.path(start))
    except SrtuiError as error:
        return f"{start}: {error.fact}"
    return ""


def _report(project: OpenProject) -> dict[str, Any] | None:
    try:
        found = json.loads((project.comparison / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
