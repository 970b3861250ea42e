"""Step 3: what the camcorder did to a picture, as scenarios with shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from srtui.app.sheet import Block, Sheet, fact, item, text
from srtui.app.step_words import steps_in_words
from srtui.app.widgets.page import Page

if TYPE_CHECKING:
    from srtui.config.degradation import Scenario


class DegradationPage(Page):
    """The scenarios that spoil a clean picture."""

    step = "degradation"
    title = "Degradation"
    about = "What the camera and the tape did to a picture. Every clean picture is dealt one of these scenarios."

    def facts(self) -> Sheet:
        """Name, scale, scenarios."""
        project, facts = self.view.project, self.view.facts
        if project is None or facts is None:
            return ()
        name, scale, found = project.settings.degradation, project.settings.scale, facts.degradation
        scales = ", ".join(f"×{each}" for each in found.scales)
        misfit = "" if scale in found.scales else f", but it is written for {scales}"
        others = ", ".join(facts.other_degradations)
        return (
            fact("degradation", name),
            fact("scale", f"×{scale}{misfit}", "error" if misfit else ""),
            fact(
                "dealt", f"{len(found.scenarios)} scenarios, {'all alike' if _alike(found.scenarios) else 'by share'}"
            ),
            text(),
            *_scenarios(found.scenarios, scale),
            text(),
            item("e", f"edits project.yml; also shipped: {others}", "quiet", "accent"),
        )

    def command(self) -> str:
        """The plain twin."""
        project = self.view.project
        return f"srtui profiles {project.settings.degradation}" if project else ""


def _scenarios(scenarios: tuple[Scenario, ...], scale: int) -> Iterator[Block]:
    total = sum(scenario.share for scenario in scenarios)
    for scenario in scenarios:
        share = "" if _alike(scenarios) else f"{scenario.share / total:.0%}: "
        yield fact(scenario.name, f"{share}{steps_in_words(scenario, scale)}")


def _alike(scenarios: tuple[Scenario, ...]) -> bool:
    return len({scenario.share for scenario in scenarios}) == 1
