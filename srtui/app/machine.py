"""The look at the machine, in a thread: the probe takes seconds (it imports torch in a child process)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from srtui.errors import SrtuiError

if TYPE_CHECKING:
    from srtui.hardware.advise import Advice
    from srtui.hardware.report import MachineReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is known of the machine so far."""

    looking: str = ""
    """What is being looked at now; empty when the look is over."""
    report: MachineReport | None = None
    advice: Advice | None = None
    trouble: str = ""


Look = Callable[[Path, Callable[[Machine], None]], None]
"""(project folder, what to tell) → tells more and more."""


def look(folder: Path, tell: Callable[[Machine], None]) -> None:
    """Look twice: at once without starting torch, then with it."""
    from srtui.hardware import advise, probe

    machine = Machine()
    try:
        for check_torch in (False, True):
            report = probe.probe(folder, check_torch=check_torch, progress=partial(_say, machine, tell))
            looking = "" if check_torch else "PyTorch, in a process of its own"
            machine = Machine(looking=looking, report=report, advice=advise.advise(report))
            tell(machine)
    except (SrtuiError, OSError) as error:
        tell(replace(machine, looking="", trouble=str(error)))


def _say(machine: Machine, tell: Callable[[Machine], None], doing: str) -> None:
    tell(replace(machine, looking=doing))


def start_looking(folder: Path, tell: Callable[[Machine], None], how: Look = look) -> None:
    """Look in a thread of its own, which does not keep the wizard from ending."""
    threading.Thread(target=how, args=(folder, tell), name="machine", daemon=True).start()
