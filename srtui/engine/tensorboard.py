"""Curves for TensorBoard, under the job's folder; what a killed run had written beyond its checkpoint is purged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter


class Curves:
    """Scalars by iteration: ``tensorboard --logdir JOBDIR/tensorboard`` shows them."""

    def __init__(self, folder: Path, iteration: int) -> None:
        """Continue after ``iteration``; later points of an earlier attempt are hidden."""
        self._writer = SummaryWriter(str(folder), purge_step=iteration + 1)

    def add(self, iteration: int, values: Mapping[str, float | None]) -> None:
        """Add one point to each curve; None is left out."""
        for name, value in values.items():
            if value is not None:
                self._writer.add_scalar(name, value, iteration)

    def flush(self) -> None:
        """Bring everything to the file."""
        self._writer.flush()

    def close(self) -> None:
        """Bring everything to the file and let go of it."""
        self._writer.close()
