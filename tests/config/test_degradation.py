"""Degradation files: numbers or ranges, choices within choices, and problems told where they are."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from srtui.config import degradation, degradation_steps
from srtui.config.degradation import Degradation, OneOf
from srtui.config.reader import read_yaml, to_plain, to_yaml
from srtui.errors import ConfigurationError

HEAD = "name: mine\nscenarios:\n  - name: one\n    steps:\n"


def read(tmp_path: Path, *steps: str) -> Degradation:
    file = tmp_path / "mine.yml"
    file.write_text(HEAD + "".join(f"      - {step}\n" for step in steps))
    return read_yaml(file, Degradation)


def problems(tmp_path: Path, *steps: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, *steps)
    return [(problem.key.removeprefix("scenarios.0.steps.0."), problem.fact) for problem in caught.value.problems]


def test_a_number_may_be_a_range(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "{step: gaussian, sigma: 1, sigma_y: [0.5, 2]}",
        "{step: resize, percent: {x4: [20, 25]}, width: {x4: 15}, filter: [area, bicubic]}",
        "{step: jpeg, quality: [30, 95]}",
        "{step: dv, dead_zone: [7, 100]}",
    )
    gaussian, resize, jpeg, dv = found.scenarios[0].steps
    assert (gaussian.sigma, gaussian.sigma_y) == (1.0, (0.5, 2.0))
    assert (resize.percent.x4, resize.width.x4, resize.filter) == ((20.0, 25.0), 15.0, ("area", "bicubic"))
    assert (jpeg.quality, dv.dead_zone) == ((30, 95), (7, 100))


def test_a_problem_of_a_range_is_told_once_and_where_it_is(tmp_path: Path) -> None:
    assert problems(tmp_path, "{step: gaussian, sigma: [0.5, 30]}") == [("sigma.1", "30 is out of range")]
    assert problems(tmp_path, "{step: gaussian, sigma: [2, 1]}") == [
        ("sigma", "2 to 1 is no range: give the smaller number first")
    ]
    assert problems(tmp_path, "{step: gaussian, sigma: 30}") == [("sigma", "30 is out of range")]
    assert problems(tmp_path, "{step: gaussian, sigma: [1]}")[0] == ("sigma.1", "required key is missing")


def test_choices_may_hold_choices(tmp_path: Path) -> None:
    inner = "{step: one-of, choices: [{steps: []}, {share: 2, steps: [{step: median}]}]}"
    found = read(tmp_path, f"{{step: one-of, probability: 0.5, choices: [{{steps: [{inner}]}}, {{steps: []}}]}}")
    (outer,) = found.scenarios[0].steps
    assert isinstance(outer, OneOf)
    assert isinstance(outer.choices[0].steps[0], OneOf)
    file = tmp_path / "again.yml"
    file.write_text(to_yaml(found, defaults=False))
    assert read_yaml(file, Degradation) == found


def test_a_problem_within_a_choice_is_told_where_it_is(tmp_path: Path) -> None:
    wrong = "{step: one-of, choices: [{steps: [{step: motion, lenght: 3}]}, {steps: []}]}"
    assert problems(tmp_path, wrong) == [("choices.0.steps.0.lenght", "unknown key")]


def test_every_step_can_be_written_in_a_file() -> None:
    kinds = get_args(get_args(degradation.Step)[0])
    defined = [each for each in vars(degradation_steps).values() if hasattr(each, "step")]
    assert set(defined) <= set(kinds)
    assert all(to_plain(kind.step) for kind in kinds)


def test_a_window_is_odd(tmp_path: Path) -> None:
    assert problems(tmp_path, "{step: ring, cutoff: 2, windows: [7, 8]}") == [
        ("windows.1", "8 is even: a window has a middle, give 7 or 9")
    ]


def test_the_field_that_is_kept_is_the_one_that_was_recorded_first(tmp_path: Path) -> None:
    read(tmp_path, "{step: fields, first: top, dx: 2}", "{step: dv}", "{step: deinterlace, first: top}")
    ((_, fact),) = problems(tmp_path, "{step: fields, first: top, dx: 2}", "{step: deinterlace}")
    assert "records the top field first, deinterlace keeps the bottom one" in fact


@pytest.mark.parametrize("name", ["live", "pair"])
def test_a_scenario_is_not_called_what_names_csv_calls_something_else(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' has a meaning of its own"):
        degradation.Scenario(name=name, steps=(degradation.Median(),))
