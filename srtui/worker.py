"""``python -m srtui.worker JOBDIR``: does one job and writes how it ended. Started by srtui.jobs.supervisor.

A training on several GPUs is several workers: the one that writes, and those that it starts (``--rank``) or that a
launcher starts beside it (``RANK`` in the environment).
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from srtui.errors import MachineError, SrtuiError, from_os_error
from srtui.jobs.child import end_with, sign_output
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.folder import JobFolder, read_record
from srtui.jobs.launch import forget_ending
from srtui.jobs.lock import take
from srtui.jobs.room import log

WORK = {
    "prepare": "srtui.data.machines",
    "verify": "srtui.data.verify",
    "export": "srtui.data.export",
    "train": "srtui.engine.trainer",
    "estimate": "srtui.engine.estimating",
    "validate": "srtui.engine.validation",
    "restore": "srtui.engine.restore",
    "scan": "srtui.footage.scan",
    "frames": "srtui.footage.frames",
    "preview": "srtui.data.preview",
    "convert": "srtui.engine.exporting",
    "blend": "srtui.engine.blending",
    "inspect": "srtui.engine.inspecting",
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
    _hear_signals(job)
    outcome, code, error = _outcome(job, lambda: _do(job))
    if error:
        log(error)
    job.end(outcome, code, error)
    return code


def begin(arguments: Sequence[str]) -> int:
    """Do a job, or help with one; give the exit code.

    Parameters
    ----------
    arguments
        The job's folder. Or ``--rank``, its number, the descriptor of the line to rank 0, and rank 0's process id.
    """
    if arguments[0] == "--rank":
        rank, descriptor, parent = map(int, arguments[1:])
        end_with(parent)
        sign_output(f"rank {rank}")
        return _help(descriptor)
    if os.environ.get("RANK", "0") != "0":
        return _help(None)
    if "RANK" in os.environ:
        forget_ending(JobFolder(Path(arguments[0])))  # no srtui.jobs.launch has done it
    return main(arguments[0])


def _help(descriptor: int | None) -> int:
    """Train beside rank 0, which says what: over an inherited line, or where a launcher says that it is."""
    from srtui.engine.ranks.follower import Follower, child_line
    from srtui.engine.ranks.launcher import line_to_rank_0

    job = Follower()
    _hear_signals(job)

    def work() -> None:
        job.join(line_to_rank_0(os.environ) if descriptor is None else child_line(descriptor))
        _function("train")(job, job.request)

    _, code, error = _outcome(job, work)
    return job.leave(code, error)


def _hear_signals(job: JobContext) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: job.interrupt())


def _outcome(job: JobContext, work: Callable[[], None]) -> tuple[str, int, str]:
    try:
        work()
    except Stopped:
        return "stopped", 0, ""
    except SrtuiError as error:
        return "failed", error.exit_code, str(error)
    except MemoryError:
        log(traceback.format_exc())
        machine = MachineError("memory", "no more to be had", hint="use a smaller batch or fewer threads")
        return "failed", machine.exit_code, str(machine)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.EACCES}:
            log(traceback.format_exc())
        mine = from_os_error(error, job.folder.id)
        return "failed", mine.exit_code, str(mine)
    except Exception as error:  # noqa: BLE001 - the process ends here: whatever it is must reach exit.json
        log(traceback.format_exc())
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
    _function(record.kind)(job, request)


def _function(kind: str) -> Callable[[JobContext, Any], None]:
    function: Callable[[JobContext, Any], None] = importlib.import_module(WORK[kind]).run
    return function


if __name__ == "__main__":
    sys.exit(begin(sys.argv[1:]))
