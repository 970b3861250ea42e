"""What stands in the files that a project names: read once, outside the event loop, for all pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srtui.config.degradation import Degradation
    from srtui.config.profile import Profile
    from srtui.project.folder import OpenProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Plain values; paths are relative to the project."""

    profile: Profile
    """As long as the project asks for."""
    degradation: Degradation
    dataset: str
    model: str
    trained: bool
    """Whether the network's file is there."""
    report: dict[str, Any] | None
    """The comparison with bicubic, if there is one."""
    other_profiles: tuple[tuple[str, str], ...]
    """Shipped ones that are not chosen: name, and what it is for."""
    other_degradations: tuple[str, ...]


def read_facts(project: OpenProject) -> Facts:
    """Read them.

    Raises
    ------
    SrtuiError
        If a profile or a degradation cannot be read.
    """
    from srtui.config import shipped

    settings = project.settings
    others = [name for name in shipped.names("training") if name != settings.training.profile]
    return Facts(
        profile=project.profile(),
        degradation=shipped.degradation(settings.degradation, project.folder),
        dataset=str(project.dataset.relative_to(project.folder)),
        model=str(project.model.relative_to(project.folder)),
        trained=project.model.exists(),
        report=_report(project),
        other_profiles=tuple((name, shipped.training_profile(name, project.folder).about) for name in others),
        other_degradations=tuple(name for name in shipped.names("degradation") if name != settings.degradation),
    )


def _report(project: OpenProject) -> dict[str, Any] | None:
    try:
        found = json.loads((project.comparison / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
