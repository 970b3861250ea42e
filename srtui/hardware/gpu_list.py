"""``--gpus 0,1``: the devices that train together, as torch calls them."""

from __future__ import annotations

import re
from collections.abc import Callable

from srtui.errors import MachineError, UsageError

ALL = "all"
_NUMBERS = re.compile(r"[0-9]{1,3}(,[0-9]{1,3})*")
_PROCESSORS = re.compile(r"cpu(,cpu)*")


def check_gpus(text: str) -> str:
    """
    Give ``text`` without spaces if it is a list of GPUs; whether they are there is asked later.

    Parameters
    ----------
    text
        Numbers with commas (``0,1``), ``all``, or ``cpu,cpu``: as many processes on the CPU, to try it out; or nothing.

    Raises
    ------
    UsageError
        If it is something else, or names a GPU twice.
    """
    text = "".join(text.split())
    if not text or text == ALL or _PROCESSORS.fullmatch(text):
        return text
    if not _NUMBERS.fullmatch(text):
        raise UsageError("gpus", f"{text!r} is not a list of GPUs", hint="give their numbers, as 0,1, or all")
    numbers = [int(part) for part in text.split(",")]
    if len(set(numbers)) < len(numbers):
        raise UsageError("gpus", f"{text!r} names a GPU twice", hint="one process trains on each GPU: name each once")
    return text


def devices_of(text: str, count: Callable[[], int]) -> tuple[str, ...]:
    """
    Turn a list of GPUs into devices: ``cuda:0``, ``cuda:1``; empty for an empty one.

    Parameters
    ----------
    count
        Tells how many GPUs there are; asked only for ``all`` and numbers.

    Raises
    ------
    UsageError
        If it is no list of GPUs.
    MachineError
        If one of them is not there.
    """
    text = check_gpus(text)
    if not text or _PROCESSORS.fullmatch(text):
        return tuple(text.split(",")) if text else ()
    there = count()
    found = f"torch sees {there} GPU{'s' * (there != 1)}" + (f", 0 to {there - 1}" if there > 1 else "")
    numbers = list(range(there)) if text == ALL else [int(part) for part in text.split(",")]
    missing = [number for number in numbers if number >= there]
    if missing or not numbers:
        fact = f"no GPU {', '.join(map(str, missing))}: {found}" if missing else found
        raise MachineError(f"gpus {text}", fact, hint="see `srtui doctor`")
    return tuple(f"cuda:{number}" for number in numbers)
