"""Every shipped degradation can be told in words, at every scale."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.app.step_words import steps_in_words
from srtui.config import shipped


@pytest.mark.parametrize("name", shipped.names("degradation"))
def test_every_shipped_scenario_has_words(name: str) -> None:
    found = shipped.degradation(name, Path())
    for scenario in found.scenarios:
        for scale in found.scales:
            words = steps_in_words(scenario, scale)
            assert words or (name, scale) == ("bicubic", 1)
            assert "None" not in words
            assert ", ," not in words


def test_ranges_and_codecs_are_told() -> None:
    moving = shipped.degradation("minidv", Path()).scenarios[1]
    assert steps_in_words(moving, 2) == (
        "smear 0–5, blur 0.5–1.5, to 50 % (width 32–50 %), to size, two fields, noise 0.3–3, blur 0.3–0.6, "
        "sharpening 0–1.2, PAL DV, bwdif"
    )
    median = shipped.degradation("photoshop-six", Path()).scenarios[0]
    assert steps_in_words(median, 4) == "to 50 %, median 3×3, to 50 %, JPEG photoshop-4"
