"""What a training says about itself: metrics, live figures and curves."""

from __future__ import annotations

import math
import resource
from collections.abc import Mapping

import torch

from srtui.engine.means import smoothed
from srtui.engine.pace import Pace
from srtui.engine.stepper import Tally
from srtui.engine.tensorboard import Curves
from srtui.engine.training_state import Progress
from srtui.jobs.context import JobContext


class Reporter:
    """Tells the job's folder and TensorBoard how a run goes."""

    def __init__(self, job: JobContext, curves: Curves, *, total: int, device: torch.device) -> None:
        self.pace = Pace()
        self._job = job
        self._curves = curves
        self._total = total
        self._device = device
        self._figures: dict[str, float | None] = {}

    def begin(self, name: str, iteration: int) -> None:
        """Begin a phase at ``iteration``: a stage, or what is left of it."""
        self._job.phase(name, quiet=300)
        self.tick(iteration)

    def tick(self, iteration: int) -> None:
        """Show where the run is, with the figures of the last reading."""
        self._job.progress(iteration, self._total, "iterations", **self._figures)

    def read(
        self,
        progress: Progress,
        tally: Tally,
        losses: Mapping[str, float],
        *,
        rate: float,
        waited: float,
        variations: int,
        micro_batch: int,
    ) -> None:
        """Report what happened since the last reading.

        Parameters
        ----------
        tally
            Of the network; its loss is the sum of all that it makes small.
        losses
            Its parts, and what the discriminator says of itself, where there is one.
        rate
            Learning rate of the last update.
        waited
            Seconds, so far, that the device waited for data.
        variations
            Distinct degradations that were seen so far.
        micro_batch
            Crops that go through the network at once, 0 for all.
        """
        reading = self.pace.read(progress.iteration, waited)
        progress.smoothed = smoothed(progress.smoothed, tally.loss)
        values = {
            "loss": tally.loss,
            "smoothed": progress.smoothed,
            **losses,
            "lr": rate,
            "it_s": reading.iterations_per_second,
            "data_wait": 100 * reading.waited,
            "memory_gib": _memory(self._device),
            "skipped": progress.skipped,
            "variations": variations,
        }
        if micro_batch:
            values["micro_batch"] = micro_batch
        self._job.metric(progress.iteration, **values)
        self._curves.add(progress.iteration, values)
        self._figures = {
            "it/s": values["it_s"],
            "loss": progress.smoothed,
            **{name: losses[name] for name in ("gan", "disc") if math.isfinite(losses.get(name, math.nan))},
            "lr": rate,
            "data wait %": values["data_wait"],
            "memory GiB": values["memory_gib"],
            "variations": variations,
        }
        self.tick(progress.iteration)

    def go_back(self, iteration: int) -> None:
        """Forget the curves beyond ``iteration``."""
        self._curves.go_back(iteration)

    def flush(self) -> None:
        """Bring the curves to the disk."""
        self._curves.flush()


def _memory(device: torch.device) -> float:
    """GiB at the peak: of the GPU that torch took, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
