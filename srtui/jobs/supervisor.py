"""``python -m srtui.jobs.supervisor JOBDIR``: starts the worker, outlives the terminal, speaks for the dead.

A worker writes exit.json itself, for it knows why it ends; the supervisor writes it when the worker died by a signal or
before it could speak.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from srtui.files import write_json
from srtui.jobs.folder import VERSION, JobFolder
from srtui.jobs.lock import take

_SPIN = "10000"
"""How long torch's threads wait for each other before they give the core away. Beside a busy neighbour on two cores an
update of a small network is twice as quick with it as with libgomp's own choice (5.6 to 7.9 against 2.7 per second);
alone it costs a tenth (26.6 to 29.5 against 29.9 to 36.6)."""


def supervise(folder: JobFolder) -> int:
    """Run the worker of a job until it ends; give its exit code."""
    if not _take_over(folder):
        return 0
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with folder.log.open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "srtui.worker", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder.path,
            env={"GOMP_SPINCOUNT": _SPIN, **os.environ},
        )
    signal.signal(signal.SIGTERM, lambda *_: worker.terminate())
    code = worker.wait()
    if not folder.exit.exists():
        write_json(folder.exit, _death(folder, code))
    return code


def _take_over(folder: JobFolder) -> bool:
    """Hold the supervisor's lock; one that is just ending is waited for."""
    deadline = time.monotonic() + 5
    while take(folder.supervisor) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _death(folder: JobFolder, code: int) -> dict[str, object]:
    if code >= 0:
        error = f"error: the worker: ended with code {code} before it could say why\n --> {folder.log}"
        return {"v": VERSION, "outcome": "failed", "code": code or 1, "signal": None, "error": error}
    name = signal.Signals(-code).name
    hint = "  = SIGKILL is often the kernel out of memory: see dmesg" if name == "SIGKILL" else "  = resume continues"
    error = f"error: the worker: killed by {name}\n --> {folder.log}\n{hint}"
    return {"v": VERSION, "outcome": "crashed", "code": 1, "signal": -code, "error": error}


if __name__ == "__main__":
    sys.exit(supervise(JobFolder(Path(sys.argv[1]))))
