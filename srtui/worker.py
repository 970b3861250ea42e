"""``python -m srtui.worker JOBDIR``: does one job and writes how it ended. Started by srtui.jobs.supervisor."""

from __future__ import annotations

import errno
import importlib
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srtui.errors import MachineError, SrtuiError, from_os_error
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.folder import JobFolder, read_record
from srtui.jobs.lock import take

WORK = {
    "prepare": "srtui.data.machines",
    "verify": "srtui.data.verify",
    "export": "srtui.data.export",
    "train": "srtui.engine.trainer",
    "validate": "srtui.engine.validation",
    "restore": "srtui.engine.restore",
    "scan": "srtui.footage.scan",
    "frames": "srtui.footage.frames",
    "preview": "srtui.data.preview",
    "run": "srtui.project.run",
}
"""Kind of job → module whose ``run(job, request)`` does it."""


def main(path: str) -> int:
    """Do the job in the folder ``path``; give the exit code."""
    folder = JobFolder(Path(path))
    resumed = folder.events.exists()
    lock = take(folder.lock, text="held while the worker lives\n")
    if lock is None:
        return 2
    job = JobContext(folder, resumed=resumed)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: job.interrupt())
    outcome, code, error = _outcome(job)
    if error:
        print(error, file=sys.stderr, flush=True)
    job.end(outcome, code, error)
    return code


def _outcome(job: JobContext) -> tuple[str, int, str]:
    try:
        _do(job)
    except Stopped:
        return "stopped", 0, ""
    except SrtuiError as error:
        return "failed", error.exit_code, str(error)
    except MemoryError:
        traceback.print_exc()
        machine = MachineError("memory", "no more to be had", hint="use a smaller batch or fewer threads")
        return "failed", machine.exit_code, str(machine)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.EACCES}:
            traceback.print_exc()
        mine = from_os_error(error, job.folder.id)
        return "failed", mine.exit_code, str(mine)
    except Exception as error:  # noqa: BLE001 - the process ends here: whatever it is must reach exit.json
        traceback.print_exc()
        fact = f"{type(error).__name__}: {error}"
        mine = SrtuiError(job.folder.id, fact, where=job.folder.log, hint="this is a defect of srtui: please report it")
        return "failed", mine.exit_code, str(mine)
    return "finished", 0, ""


def _do(job: JobContext) -> None:
    from srtui.config.reader import from_plain
    from srtui.config.requests import KINDS

    record = read_record(job.folder)
    job.phase("starting", quiet=300)
    request = from_plain(KINDS[record.kind], record.request, where=str(job.folder.request))
    function: Callable[[JobContext, Any], None] = importlib.import_module(WORK[record.kind]).run
    function(job, request)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
