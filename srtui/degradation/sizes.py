"""The sizes that a picture has on its way through a scenario, and whether the way ends at 1 / scale of the first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from srtui.config import degradation as config
from srtui.errors import UsageError

Size = tuple[int, int]
"""Width and height in pixels."""
Number = float | tuple[float, float]
Draw = Callable[[Number, str], float]
"""Gives the number that is drawn from a range under a name; a number is itself."""


def after(step: config.Resize | config.Fit, scale: int, first: Size, now: Size, draw: Draw) -> Size:
    """Size of the picture after a step, given the scenario's first size and that before the step."""
    result = first[0] // scale, first[1] // scale
    if isinstance(step, config.Fit):
        return max(result[0], 1), max(result[1], 1)
    height = draw(_at(step.percent, scale), "percent")
    width = height if step.width is None else draw(_at(step.width, scale), "width")
    base = result if step.of == "result" else now
    return _share_of(base[0], width), _share_of(base[1], height)


def enlarged(trail: Sequence[Size], scale: int) -> tuple[float, float]:
    """How much larger than the scenario's result the picture is now, across and down."""
    return trail[-1][0] * scale / trail[0][0], trail[-1][1] * scale / trail[0][1]


def check(scenario: config.Scenario, scale: int, first: Size) -> None:
    """Check that a scenario ends at 1 / scale of the first size, whatever is drawn.

    Raises
    ------
    UsageError
        If it ends elsewhere, or nobody knows where.
    """
    trail = [first]
    last = _end(scenario.steps, scale, first, first, trail)
    if last is None:
        fact = f"at scale {scale} the size that it ends with is drawn"
        raise UsageError(f"scenario {scenario.name}", fact, hint="add {step: fit} behind the last resize")
    check_trail(scenario.name, scale, trail)


def check_trail(name: str, scale: int, trail: Sequence[Size]) -> None:
    """Raise the UsageError of a scenario that went these sizes, if the last one is wrong."""
    (width, height), (last_width, last_height) = trail[0], trail[-1]
    if (last_width * scale, last_height * scale) == (width, height):
        return
    way = " → ".join(f"{w}×{h}" for w, h in trail)
    fact = f"at scale {scale} it goes {way}, and must end at {width / scale:g}×{height / scale:g}"
    near = max(abs(last_width * scale - width), abs(last_height * scale - height)) <= 2 * scale
    hint = f"change the x{scale} percentages of its resize steps: together they must leave {100 / scale:.6g} %"
    if near:
        hint = "bring the pictures to a multiple of 16 (prepare.multiple), or give the percentages more digits"
    raise UsageError(f"scenario {name}", fact, hint=hint)


def _end(steps: Sequence[config.Step], scale: int, first: Size, now: Size | None, trail: list[Size]) -> Size | None:
    """Size after all steps, or None if it is drawn."""
    for step in steps:
        if isinstance(step, config.OneOf):
            ends = {_end(choice.steps, scale, first, now, []) for choice in step.choices}
            ends |= {now} if step.probability < 1 else set()
            now = ends.pop() if len(ends) == 1 else None
        elif isinstance(step, config.Fit):
            now = after(step, scale, first, first, _certain)
        elif isinstance(step, config.Resize):
            now = None if _is_drawn(step, scale, now) else after(step, scale, first, now or first, _certain)
        if now is not None and trail and now != trail[-1]:
            trail.append(now)
    return now


def _is_drawn(step: config.Resize, scale: int, now: Size | None) -> bool:
    numbers = [_at(step.percent, scale), *([_at(step.width, scale)] if step.width else [])]
    unknown = now is None and step.of == "input"
    return unknown or step.probability < 1 or any(isinstance(each, tuple) for each in numbers)


def _certain(number: Number, name: str) -> float:
    assert not isinstance(number, tuple), name
    return number


def _at(percent: config.ByScale, scale: int) -> Number:
    number: Number = {4: percent.x4, 3: percent.x3, 2: percent.x2, 1: percent.x1}[scale]
    return number


def _share_of(length: int, percent: float) -> int:
    return max(math.floor(length * percent / 100 + 0.5), 1)
