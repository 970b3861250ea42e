"""Bring the environment to what is wanted, phase by phase, and turn every failure into a sentence and an exit code."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

from srtui.bootstrap import lock, phases, rescue, state
from srtui.bootstrap.screen import Screen
from srtui.bootstrap.state import Layout
from srtui.bootstrap.work import Work, empty
from srtui.errors import DiskFullError, MachineError, SrtuiError, from_os_error

_CONTINUE = "what is finished stays: ./start continues there"


def run(layout: Layout, extras: frozenset[str], *, repair: bool, screen: Screen | None = None) -> int:
    """Do what is unfinished; gives 0 or the exit code of the failure, which is on the screen then."""
    screen = screen or Screen()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ask_to_end)
    try:
        _bring_up(layout, extras, screen, repair=repair)
    except KeyboardInterrupt:
        screen.close()
        screen.say(f"interrupted; {_CONTINUE}")
        return 130
    except SrtuiError as error:
        screen.close()
        screen.say(str(error))
        return error.exit_code
    except OSError as error:
        screen.close()
        screen.say(str(explain(error, layout)))
        return MachineError.exit_code
    return 0


def _bring_up(layout: Layout, extras: frozenset[str], screen: Screen, *, repair: bool) -> None:
    _require_writable(layout)
    with lock.held(layout.lock, screen) as descriptor:
        record = state.load(layout)
        rescue.collect(record, layout)
        if repair:
            screen.say(f"srtui: removing the environment in {layout.venv}")
            record = _start_over(layout)
        try:
            _do(Work(layout=layout, screen=screen, extras=extras, lock=descriptor, record=record))
        except phases.StartOverError:
            work = Work(layout=layout, screen=screen, extras=extras, lock=descriptor, record=_start_over(layout))
            _do(work)
        finally:
            rescue.collect(state.load(layout), layout)


def _do(work: Work) -> None:
    unfinished = state.unfinished(work.layout, work.extras)
    work.screen.expect(len(unfinished))
    if len(unfinished) == len(state.PHASES):
        work.screen.say(f"srtui: setting up {work.layout.venv} (a few minutes; only this once)")
    for phase in unfinished:
        phases.STEPS[phase](work)


def _start_over(layout: Layout) -> state.Record:
    """Forget everything first, remove it then: a call that is killed in between starts over too."""
    record: state.Record = {"made": True}
    state.save(layout, record)
    rescue.forget(layout)
    empty(layout.venv, keep=layout.folder)
    return record


def _require_writable(layout: Layout) -> None:
    for folder in (layout.venv, layout.root):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise _read_only(folder)


def _read_only(folder: Path) -> MachineError:
    fact = "cannot be written, and the environment belongs there"
    return MachineError(str(folder), fact, hint="clone srtui into a folder of your own, or make this one yours")


def explain(error: OSError, layout: Layout) -> SrtuiError:
    """Say in our words what the system refused."""
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return _read_only(Path(error.filename) if isinstance(error.filename, str) else layout.root)
    explained = from_os_error(error, "setting up .venv")
    if isinstance(explained, DiskFullError):
        free = shutil.disk_usage(layout.root).free
        return DiskFullError("disk", f"full: {free / 1e6:.0f} MB free in {layout.root}", hint=f"free some; {_CONTINUE}")
    return MachineError("setting up .venv", str(error), hint="./start tries again")


def _ask_to_end(number: int, _: FrameType | None) -> None:
    """SIGTERM and a lost terminal unwind as Ctrl-C does, so that no child is left behind."""
    sys.exit(128 + number)
