"""Options of `prepare` for work on many machines, and what they make of its request."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from srtui.errors import UsageError

if TYPE_CHECKING:
    from srtui.config.requests import PrepareRequest

Function = TypeVar("Function", bound=Callable[..., Any])

SHARDS = 64
"""Parts that a cluster is given where nothing else is said: enough for machines of different speed to end together."""
MOST = 9999


def machines(function: Function) -> Function:
    """``--shard K/N``, ``--scheduler ADDRESS`` and ``--shards N``."""
    parts = f"Parts that --scheduler deals out.  [default: {SHARDS}]"
    cluster = "Let a Dask cluster make the shards: tcp://…, or a scheduler file (.json)."
    part = "Make part K of N only, on a machine of its own; the last one joins them."
    for option in (
        click.option("--shards", type=click.IntRange(2, MOST), help=parts),
        click.option("--scheduler", metavar="ADDRESS", help=cluster),
        click.option("--shard", metavar="K/N", help=part),
    ):
        function = option(function)
    return function


def dealt(request: PrepareRequest, shard: str | None, scheduler: str | None, shards: int | None) -> PrepareRequest:
    """Request of one machine out of many, or of a cluster.

    Raises
    ------
    UsageError
        If the options do not go together, or shards of another number are there already.
    """
    if shard is None and scheduler is None:
        if shards is not None:
            raise UsageError("--shards", "says nothing without --scheduler", hint="give --scheduler, or --shard K/N")
        return request
    if shard is not None and (scheduler is not None or shards is not None):
        raise UsageError("--shard", "is one machine's work, --scheduler a cluster's", hint="give one of them")
    there = begun(Path(request.dataset))
    if shard is not None:
        number, of = _numbers(shard)
        _compare(request, of, there)
        return dataclasses.replace(request, shards=of, shard=number)
    of = shards or (there[0] if len(there) == 1 else SHARDS)
    _compare(request, of, there)
    address = str(Path(scheduler).resolve()) if scheduler and scheduler.endswith(".json") else scheduler
    return dataclasses.replace(request, shards=of, scheduler=address or "")


def joined(request: PrepareRequest) -> PrepareRequest:
    """Request that joins the shards which are there.

    Raises
    ------
    UsageError
        If there are none, or of several numbers.
    """
    there = begun(Path(request.dataset))
    if not there:
        raise UsageError(request.dataset, "no shards here", hint="srtui prepare --shard 1/N begins")
    if len(there) > 1:
        raise _several(request, there)
    return dataclasses.replace(request, shards=there[0])


def begun(dataset: Path) -> list[int]:
    """Numbers of shards that a dataset is being made in: one, if all machines were told the same."""
    names = [path.name for path in (dataset / "shards").glob("*-of-*")]
    return sorted({int(found[1]) for name in names if (found := re.fullmatch(r"\d{4}-of-(\d{4})", name))})


def _numbers(shard: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", shard)
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (2 <= of <= MOST and 1 <= number <= of):
        raise UsageError("--shard", f"{shard!r} is not K/N with K from 1 to N, N from 2", hint="for example 3/16")
    return number, of


def _compare(request: PrepareRequest, of: int, there: list[int]) -> None:
    if there and there != [of]:
        raise _several(request, sorted({*there, of}))


def _several(request: PrepareRequest, there: list[int]) -> UsageError:
    fact = f"shards of {' and of '.join(map(str, there))} parts do not fit together"
    return UsageError(request.dataset, fact, hint="use one number, or remove the shards of the other from 'shards'")
