"""Preloaded by Dask workers of the tests: the first that commits pictures for the second time kills itself.

The environment names a file; who creates it dies. Batches are small, so that each picture is committed on its own.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from srtui.data import writing


class DyingWriter(writing.StoreWriter):
    """Kills its process after a commit."""

    commits = 0

    def commit(self) -> None:
        super().commit()
        DyingWriter.commits += 1
        if DyingWriter.commits == 2:
            try:
                Path(os.environ["SRTUI_TEST_DYING"]).touch(exist_ok=False)
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)


def dask_setup(worker: Any) -> None:
    """Called by Dask once, as the worker starts."""
    from srtui.data import shard_making

    writing.BATCH = 1
    shard_making.StoreWriter = DyingWriter  # type: ignore[misc]  # that is the point
