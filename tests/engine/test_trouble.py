"""What readings say about a run's health."""

from __future__ import annotations

import math

import pytest

from srtui.engine.device import Arithmetic
from srtui.engine.stepper import Tally
from srtui.engine.training_state import Progress
from srtui.engine.trouble import EXPLODED, FOR_LONG, PATIENCE, SATURATED_FOR, SCALE_SEARCH, alarms, stuck


def tally(loss: float = 0.5, bad_losses: int = 0, bad_gradients: int = 0, in_a_row: int = 0) -> Tally:
    return Tally(loss=loss, bad_losses=bad_losses, bad_gradients=bad_gradients, in_a_row=in_a_row)


def told(progress: Progress, losses: list[float]) -> list[str]:
    return [text for loss in losses for text in alarms(progress, [tally(loss)], {}, "fp32")]


def test_a_skipped_update_is_an_alarm() -> None:
    progress = Progress(iteration=10)
    (text,) = alarms(progress, [tally(bad_losses=1)], {}, "bf16")
    assert text == "1 updates up to iteration 10 were skipped: the loss was not finite"
    (text,) = alarms(progress, [tally(bad_gradients=1)], {}, "fp32")
    assert text == "1 updates up to iteration 10 were skipped: gradients were not finite"
    (text,) = alarms(progress, [tally(), tally(bad_losses=2)], {}, "bf16")
    assert text == "2 updates of the discriminator up to iteration 10 were skipped: the loss was not finite"


@pytest.mark.parametrize(("precision", "skipped", "said"), [("fp16", SCALE_SEARCH, 0), ("fp16", SCALE_SEARCH + 1, 1)])
def test_the_search_of_fp16_for_its_scale_is_no_alarm(precision: Arithmetic, skipped: int, said: int) -> None:
    found = alarms(Progress(), [tally(bad_gradients=skipped, in_a_row=skipped)], {}, precision)
    assert len(found) == said


def test_a_run_is_stuck_when_nothing_else_has_happened_for_long() -> None:
    assert stuck(60, [tally(in_a_row=PATIENCE - 1)]) is None
    fact = stuck(60, [tally(bad_gradients=9, in_a_row=PATIENCE)])
    assert fact == f"the last {PATIENCE} updates up to iteration 60 were skipped: gradients were not finite"
    fact = stuck(60, [tally(), tally(bad_losses=9, in_a_row=PATIENCE + 2)])
    assert fact is not None
    assert fact.startswith(f"the discriminator's last {PATIENCE + 2} updates")


def test_an_explosion_is_said_once_and_not_at_its_first_reading() -> None:
    progress = Progress()
    assert not told(progress, [0.03] * 20)
    assert not told(progress, [0.3] * (FOR_LONG - 1))
    (text,) = told(progress, [0.3] * 30)
    assert "more than 3 times its best" in text
    assert "optimizer.lr" in text


def test_a_spike_that_passes_and_a_restart_are_no_explosion() -> None:
    progress = Progress()
    assert not told(progress, [0.03] * 20 + [0.3] * 3 + [0.03] * 30)
    assert not told(progress, [0.03 * (EXPLODED - 0.1)] * 100)
    assert not told(progress, [math.nan] * 100)


def test_a_gan_stages_loss_is_looked_at_without_what_its_discriminator_says() -> None:
    progress = Progress()
    for loss in [0.03] * 10 + [3.0] * 30:
        assert not alarms(progress, [tally(loss), tally()], {"content": 0.03, "disc_right": 0.7}, "fp32")


def test_a_discriminator_that_is_always_right_is_said_once() -> None:
    progress = Progress()

    def said(right: float, readings: int) -> list[str]:
        figures = {"content": 0.03, "disc_right": right}
        return [text for _ in range(readings) for text in alarms(progress, [tally(), tally()], figures, "fp32")]

    assert not said(1.0, SATURATED_FOR - 1)
    assert not said(0.9, 1)
    assert not said(1.0, SATURATED_FOR - 1)
    (text,) = said(1.0, 30)
    assert "right in 100.0% of its verdicts" in text
