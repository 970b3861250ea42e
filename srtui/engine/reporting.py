"""What a training says about itself: metrics, live figures, curves and alarms."""

from __future__ import annotations

import math
import resource

import torch

from srtui.engine.pace import Pace
from srtui.engine.stepper import Tally
from srtui.engine.tensorboard import Curves
from srtui.engine.training_state import Progress
from srtui.errors import SrtuiError
from srtui.jobs.context import JobContext

PATIENCE = 50
"""Updates in a row that may be skipped before the run is given up."""
SCALE_SEARCH = 17
"""Updates in a row that fp16 may skip while it looks for its loss scale, from 2**16 down: no reason for alarm."""
SMOOTHING = 0.9
"""Decay of the smoothed loss, per reading."""


class Reporter:
    """Tells the job's folder and TensorBoard how a run goes."""

    def __init__(self, job: JobContext, curves: Curves, *, total: int, device: torch.device) -> None:
        self.pace = Pace()
        self._job = job
        self._curves = curves
        self._total = total
        self._device = device
        self._figures: dict[str, float | None] = {}

    def tick(self, iteration: int) -> None:
        """Show where the run is, with the figures of the last reading."""
        self._job.progress(iteration, self._total, "iterations", **self._figures)

    def read(self, progress: Progress, tally: Tally, rate: float, waited: float, variations: int = 0) -> None:
        """Report what happened since the last reading.

        Parameters
        ----------
        variations
            Distinct degradations that were seen so far.

        Raises
        ------
        SrtuiError
            If nothing but failed updates has happened for long.
        """
        reading = self.pace.read(progress.iteration, waited)
        progress.smoothed = _smoothed(progress.smoothed, tally.loss)
        progress.skipped += tally.bad_losses + tally.bad_gradients
        values = {
            "loss": tally.loss,
            "smoothed": progress.smoothed,
            "lr": rate,
            "it_s": reading.iterations_per_second,
            "data_wait": 100 * reading.waited,
            "memory_gib": _memory(self._device),
            "skipped": progress.skipped,
            "variations": variations,
        }
        self._job.metric(progress.iteration, **values)
        self._curves.add(progress.iteration, values)
        self._figures = {
            "it/s": values["it_s"],
            "loss": progress.smoothed,
            "lr": rate,
            "data wait %": values["data_wait"],
            "variations": variations,
        }
        self.tick(progress.iteration)
        self._raise_alarms(progress.iteration, tally)

    def flush(self) -> None:
        """Bring the curves to the disk."""
        self._curves.flush()

    def _raise_alarms(self, iteration: int, tally: Tally) -> None:
        skipped = tally.bad_losses + tally.bad_gradients
        what = "the loss was" if tally.bad_losses else "gradients were"
        if tally.in_a_row >= PATIENCE:
            hint = "lower optimizer.lr, or set precision: fp32; resume continues from the last checkpoint"
            fact = f"the last {tally.in_a_row} updates up to iteration {iteration} were skipped: {what} not finite"
            raise SrtuiError("training", fact, hint=hint)
        if tally.bad_losses or skipped > SCALE_SEARCH:
            self._job.alarm(f"{skipped} updates up to iteration {iteration} were skipped: {what} not finite")


def _smoothed(old: float | None, loss: float) -> float | None:
    if math.isnan(loss):
        return old
    return loss if old is None else SMOOTHING * old + (1 - SMOOTHING) * loss


def _memory(device: torch.device) -> float:
    """GiB at the peak: of the GPU that torch took, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
