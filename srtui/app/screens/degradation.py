"""Step 3: what the camcorder did to a picture, as scenarios with shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult

from srtui.app.sheet import Block, Sheet, fact, sentence, text
from srtui.app.step_words import steps_in_words
from srtui.app.widgets.choices import Choices, Option
from srtui.app.widgets.page import ProjectPage, here

if TYPE_CHECKING:
    from srtui.app.project_facts import Facts
    from srtui.config.degradation import Degradation, Scenario
    from srtui.project.folder import OpenProject


class DegradationPage(ProjectPage):
    """The scenarios that spoil a clean picture."""

    step = "degradation"
    title = "Degradation"
    about = ""
    words = (
        ("degradation", "what makes of a clean picture what the tape would have: the network learns the way back"),
        ("scenario", "one way to spoil a picture, step by step; every picture is dealt one of them"),
        ("scale", "how many times larger the restored picture will be; 2 suits tapes"),
        ("to 50 %", "made smaller, to half its sides; what follows happens to the small picture"),
        ("median 3×3", "each pixel becomes the middle one of its neighbours: thick, painterly edges"),
        ("blur, smear", "out of focus; moved while the shutter was open. The number is in pixels"),
        ("JPEG", "blocks and rings of a compression; photoshop-3 is the third level of Photoshop's scale"),
        ("DV, chroma", "the real codec of MiniDV tapes; colour at half the sharpness, as DV has it"),
        ("two fields", "odd and even lines from two moments, as camcorders record; bwdif and yadif make them whole"),
        ("0.5–2", "a number that is drawn anew for each picture"),
    )

    def above(self) -> ComposeResult:
        """Scale and degradations."""
        yield Choices(id="scales", label="scale  ", across=True)
        yield Choices(id="degradations", part=3)

    def offer(self, project: OpenProject, facts: Facts) -> None:
        """Show what there is to choose from."""
        settings = project.settings
        scales = sorted({*facts.degradation.scales, settings.scale})
        self._scales.offer(
            [_option(str(each), (f"×{each}",), taken=each == settings.scale) for each in scales],
            start=str(settings.scale),
        )
        self._degradations.offer(
            [
                _option(name, (name, _count(found), found.about), taken=name == settings.degradation)
                for name, found in facts.degradations
            ],
            start=settings.degradation,
        )

    @property
    def _scales(self) -> Choices:
        return self.query_one("#scales", Choices)

    @property
    def _degradations(self) -> Choices:
        return self.query_one("#degradations", Choices)

    def told(self, project: OpenProject, facts: Facts) -> Sheet:
        """What the degradation under the cursor does."""
        name = self._degradations.current or project.settings.degradation
        chosen = name == project.settings.degradation
        found, scale = dict(facts.degradations)[name], project.settings.scale
        misfit = () if scale in found.scales else (text(_misfit(found, scale), "error"), text())
        shown = scale if scale in found.scales else found.scales[0]
        about = sentence(found.about or name) + ("" if chosen else " Enter takes it.")
        dealt = "" if len(found.scenarios) == 1 else "Every clean picture is dealt one of these, "
        dealt += ("all alike:" if _alike(found.scenarios) else "by share:") if dealt else "Every clean picture:"
        return (*misfit, text(about), text(), text(dealt, "quiet"), *_scenarios(found.scenarios, shown))

    def command(self) -> str:
        """The plain twin."""
        name = self._degradations.current
        return f"srtui preview PICTURE --degradation {name}{here(self.view)}" if name else ""

    @on(Choices.Looked)
    async def _looked(self, event: Choices.Looked) -> None:
        event.stop()
        if not isinstance(event, Choices.Taken):
            await self.update_view(self.view)

    @on(Choices.Taken)
    def _taken(self, event: Choices.Taken) -> None:
        event.stop()
        verb = "scale" if event.choices is self._scales else "degradation"
        self.post_message(self.Chosen(f"{verb}:{event.name}"))
        self.focus_primary()


def _option(name: str, cells: tuple[str, ...], *, taken: bool) -> Option:
    return Option(name=name, sign="(•)" if taken else "( )", sign_kind="accent" if taken else "quiet", cells=cells)


def _count(found: Degradation) -> str:
    count = len(found.scenarios)
    return f"{count} scenario{'s' * (count != 1)}"


def _misfit(found: Degradation, scale: int) -> str:
    scales = ", ".join(f"×{each}" for each in found.scales)
    return f"It is written for {scales}, and the project has ×{scale}: choose another scale, or another degradation."


def _scenarios(scenarios: tuple[Scenario, ...], scale: int) -> Iterator[Block]:
    total = sum(scenario.share for scenario in scenarios)
    for scenario in scenarios:
        share = "" if _alike(scenarios) else f"{scenario.share / total:.0%}: "
        yield fact(scenario.name, f"{share}{steps_in_words(scenario, scale)}")


def _alike(scenarios: tuple[Scenario, ...]) -> bool:
    return len({scenario.share for scenario in scenarios}) == 1
