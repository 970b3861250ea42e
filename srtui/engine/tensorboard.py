"""Curves for TensorBoard, under the job's folder; what a killed run had written beyond its checkpoint is purged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from srtui.errors import NO_ROOM


class Curves:
    """Scalars by iteration: ``tensorboard --logdir JOBDIR/tensorboard`` shows them.

    Notes
    -----
    They are a copy of events.jsonl for another reader, so that a full disk costs points and nothing else: TensorBoard's
    writing thread ends with its first error, and another file is begun.
    """

    def __init__(self, folder: Path | None, iteration: int) -> None:
        """Continue after ``iteration``; later points of an earlier attempt are hidden. Without a folder: nothing."""
        self._folder = folder
        self._writer: SummaryWriter | None = None
        self._try(lambda: self._open(iteration + 1))

    def _open(self, purge_step: int | None = None) -> SummaryWriter | None:
        if self._writer is None and self._folder is not None:
            self._writer = SummaryWriter(str(self._folder), purge_step=purge_step)
        return self._writer

    def add(self, iteration: int, values: Mapping[str, float | None]) -> None:
        """Add one point to each curve; None is left out."""

        def write() -> None:
            writer = self._open()
            for name, value in values.items():
                if writer is not None and value is not None:
                    writer.add_scalar(name, value, iteration)

        self._try(write)

    def go_back(self, iteration: int) -> None:
        """Hide the points beyond ``iteration``."""
        self.close()
        self._try(lambda: self._open(iteration + 1))

    def flush(self) -> None:
        """Bring everything to the file."""
        if self._writer is not None:
            self._try(self._writer.flush)

    def close(self) -> None:
        """Bring everything to the file and let go of it."""
        if self._writer is not None:
            self._try(self._writer.close)
        self._writer = None

    def _try(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            writer, self._writer = self._writer, None
            if writer is not None:
                with suppress(OSError):
                    writer.close()
