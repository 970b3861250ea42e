"""A job that trains nothing but writes what a training writes: ``fake_training.py JOBDIR READINGS_A_SECOND FIRST``."""

from __future__ import annotations

import math
import random
import signal
import sys
import time
from pathlib import Path

from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.folder import JobFolder
from srtui.jobs.lock import take

TOTAL = 100_000
EVERY = 100


def main(path: str, rate: float, first: int) -> None:
    """Hold the lock and write until asked to stop."""
    folder = JobFolder(Path(path))
    lock = take(folder.lock)
    assert lock is not None
    folder.log.touch()
    job = JobContext(folder, resumed=False)
    signal.signal(signal.SIGTERM, lambda *_: job.interrupt())
    job.phase("training", quiet=600)
    try:
        work(job, rate, first)
    except Stopped:
        job.end("stopped", 0)


def work(job: JobContext, rate: float, first: int) -> None:
    """Write metrics, validations and checkpoints: at once up to iteration ``first``, then at the rate."""
    draw = random.Random(1)
    for iteration in range(EVERY, TOTAL + 1, EVERY):
        loss = (0.02 + 0.1 * math.exp(-iteration / 3000)) * math.exp(draw.gauss(0, 0.2))
        speed = EVERY * rate * math.exp(draw.gauss(0, 0.02))
        values = {"loss": loss, "smoothed": loss, "lr": 2e-4 * (1 - iteration / TOTAL), "it_s": speed, "data_wait": 2.0}
        job.metric(iteration, **values)
        job.progress(iteration, TOTAL, "iterations", **{"it/s": speed, "loss": loss})
        if iteration % 1000 == 0:
            job.event("validation", iteration=iteration, psnr_y=27 - 2 * math.exp(-iteration / 5000), gain_y=0.4)
            job.event("checkpoint", iteration=iteration)
        job.check()
        if iteration > first:
            time.sleep(1 / rate)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
