"""A network mends the traces of the deinterlacer that it was shown; another one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.config import shipped
from srtui.config.degradation import Choice, Degradation, Deinterlace, OneOf, Scenario, Step
from srtui.project.deinterlacing import disagreement

BWDIF, YADIF, PLAIN = Deinterlace(), Deinterlace(method="yadif"), ()


def made_of(*scenarios: tuple[Step, ...]) -> Degradation:
    fit = next(step for step in shipped.degradation("minidv", Path()).scenarios[0].steps if step.step == "fit")
    listed = tuple(Scenario(name=str(number), steps=(*steps, fit)) for number, steps in enumerate(scenarios))
    return Degradation(name="mine", scenarios=listed)


@pytest.mark.parametrize(("name", "told"), [("minidv", ""), ("photoshop-six", "deinterlaces nothing")])
def test_shipped_degradations_beside_an_interlaced_tape(name: str, told: str) -> None:
    line = disagreement(shipped.degradation(name, Path()), interlaced=True)
    assert told in line
    assert bool(told) == bool(line)
    assert "\n" not in line


def test_another_filter_is_named_wherever_it_stands() -> None:
    assert "deinterlaces with yadif, these frames with bwdif" in disagreement(made_of((YADIF,)), interlaced=True)
    inside = OneOf(choices=(Choice(steps=(YADIF,)), Choice(steps=())))
    assert "with yadif in 1 of 2 scenarios" in disagreement(made_of((inside,), (BWDIF,)), interlaced=True)


def test_a_mix_that_knows_the_filter_is_no_disagreement() -> None:
    assert disagreement(made_of((BWDIF,), PLAIN), interlaced=True) == ""


def test_a_progressive_tape_has_nothing_to_deinterlace() -> None:
    assert disagreement(made_of((YADIF,)), interlaced=False) == ""
    assert disagreement(made_of(PLAIN), interlaced=False) == ""
