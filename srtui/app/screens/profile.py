"""Step 5: the network, and how it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srtui.app.sheet import Sheet, fact, item, text
from srtui.app.widgets.page import Page

if TYPE_CHECKING:
    from srtui.config.profile import Profile


class ProfilePage(Page):
    """The training profile."""

    step = "profile"
    title = "Profile"
    about = "Which network is trained, how long, and with which numbers."

    def facts(self) -> Sheet:
        """The profile chosen, and the others."""
        project, facts = self.view.project, self.view.facts
        if project is None or facts is None:
            return ()
        return (
            fact("profile", project.settings.training.profile, "strong"),
            *_numbers(facts.profile),
            text(),
            text("also shipped", "quiet"),
            *(fact(name, about, "quiet") for name, about in facts.other_profiles),
            text(),
            item("e", "edits project.yml: training: {profile: …, iterations: …}", "quiet", "accent"),
        )

    def command(self) -> str:
        """The plain twin."""
        project = self.view.project
        return f"srtui profiles {project.settings.training.profile}" if project else ""


def _numbers(profile: Profile) -> Sheet:
    network = profile.network
    options = ", ".join(
        f"{name} {getattr(network, name)}" for name in ("features", "convs", "blocks") if hasattr(network, name)
    )
    blocks = [fact("network", f"{network.type}: {options}"), fact("iterations", f"{profile.iterations:,}")]
    for number, stage in enumerate(profile.stages, start=1):
        label = "stage" if len(profile.stages) == 1 else f"stage {number}"
        crops = f"{stage.batch} crops of {stage.gt_size}×{stage.gt_size}"
        blocks.append(fact(label, f"{crops}, rate {stage.optimizer.lr:g}, {stage.schedule.type}"))
    blocks.append(fact("precision", profile.precision))
    return tuple(blocks)
