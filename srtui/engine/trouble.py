"""What a run's readings say about its health: what is an alarm, and what cannot go on like this."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from srtui.engine.device import Arithmetic
from srtui.engine.means import smoothed
from srtui.engine.stepper import Tally
from srtui.engine.training_state import Health, Progress

PATIENCE = 50
"""Updates in a row that may be skipped before the run returns to its last good checkpoint."""
RETURNS = 3
"""How often it returns, each time with half the rate, before it is given up: what an eighth of the rate does not mend,
the rate did not break."""
SCALE_SEARCH = 17
"""Updates in a row that fp16 may skip while it looks for its loss scale, from 2**16 down: no reason for alarm."""
EXPLODED = 3.0
"""How many times its best the smoothed loss must be. Readings and restarts of the schedule move it by a third at most;
a network that gives grey has seven times the loss of one that works (0.2 against 0.03 in l1); 3 lies between."""
FOR_LONG = 10
"""Readings in a row: the memory of the smoothed loss. Spikes that pass by themselves are known from large trainings
(Chowdhery et al., 2022, section 5.1) and are no alarm."""
SATURATED = 0.995
"""Share of right verdicts from which on a discriminator is nearly perfect: its gradient says little then about where
better pictures lie (Arjovsky and Bottou, 2017)."""
SATURATED_FOR = 20
"""Readings in a row. In its first hundreds of updates every discriminator wins."""


def stuck(iteration: int, tallies: Sequence[Tally]) -> str | None:
    """Say what is wrong if nothing but failed updates has happened for long."""
    for what, tally in zip(("network", "discriminator"), tallies, strict=False):
        if tally.in_a_row >= PATIENCE:
            whose = f"{what}'s " if len(tallies) > 1 else ""
            return f"the {whose}last {tally.in_a_row} updates up to iteration {iteration} were skipped: {_cause(tally)}"
    return None


def alarms(
    progress: Progress,
    tallies: Sequence[Tally],
    figures: Mapping[str, float],
    precision: Arithmetic,
) -> list[str]:
    """What the user should see after a reading, each thing once; keeps account in ``progress.health``."""
    found = [
        f"{tally.skipped} updates{whose} up to iteration {progress.iteration} were skipped: {_cause(tally)}"
        for whose, tally in zip(("", " of the discriminator"), tallies, strict=False)
        if tally.bad_losses or tally.skipped > (SCALE_SEARCH if precision == "fp16" else 0)
    ]
    return [*found, *_exploded(progress, figures.get("content", tallies[0].loss)), *_saturated(progress, figures)]


def _cause(tally: Tally) -> str:
    return f"{'the loss was' if tally.bad_losses else 'gradients were'} not finite"


def _exploded(progress: Progress, loss: float) -> list[str]:
    health = progress.health
    health.smoothed = now = smoothed(health.smoothed, loss)
    if now is None:
        return []
    health.lowest = now if health.lowest is None else min(health.lowest, now)
    health.high = health.high + 1 if now > EXPLODED * health.lowest else 0
    if health.high < FOR_LONG or health.exploded_said:
        return []
    health.exploded_said = True
    how = f"{now:.3g} against {health.lowest:.3g} at iteration {progress.iteration}"
    fact = f"the loss has been more than {EXPLODED:g} times its best for {FOR_LONG} readings ({how})"
    return [f"{fact}: the training has probably diverged; stop it, and begin again with a lower optimizer.lr"]


def _saturated(progress: Progress, figures: Mapping[str, float]) -> list[str]:
    health: Health = progress.health
    right = figures.get("disc_right", math.nan)
    if math.isnan(right):
        return []
    health.saturated = health.saturated + 1 if right >= SATURATED else 0
    if health.saturated < SATURATED_FOR or health.saturated_said:
        return []
    health.saturated_said = True
    fact = f"the discriminator has been right in {right:.1%} of its verdicts for {SATURATED_FOR} readings"
    hint = "lower gan.optimizer.lr or gan.discriminator.features"
    return [f"{fact}, up to iteration {progress.iteration}: it teaches the network little; {hint}"]
