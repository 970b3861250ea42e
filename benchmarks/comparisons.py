"""One comparison: who runs what on which inputs, and how a row is measured from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row, seconds

Input = TypeVar("Input")
Run = Callable[[Input], object]

OURS = "ours"
_BATCH = 0.01  # seconds that each thread works before the two meet again; starting them takes 0.00005


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Generic[Input]):
    """What one row times; the inputs are taken in turn."""

    references: Mapping[str, Run[Input]]
    """Who → what they run; the fastest counts."""
    ours: Callable[[Input], NDArray[np.generic]]
    inputs: Sequence[Input]
    oracle: Callable[[Input], NDArray[np.generic]] | None = None
    """Whose bytes ours must be."""
    amount: Callable[[Input], float]
    """How many units an input is."""
    unit: str = "MPix/s"
    traffic: Callable[[Input], float]
    """Bytes that must at least be read and written for an input."""
    target: float | None = None
    stretch: float | None = None
    notes: tuple[str, ...] = ()


def check(name: str, comparison: Comparison[Input]) -> None:
    """Compare ours with the oracle on the first input; raise AssertionError when a byte differs."""
    if comparison.oracle is None:
        return
    ours, expected = comparison.ours(comparison.inputs[0]), comparison.oracle(comparison.inputs[0])
    assert ours.shape == expected.shape, f"{name}: shape {ours.shape}, not {expected.shape}"
    wrong = np.count_nonzero(ours != expected)
    assert not wrong, f"{name}: {wrong} of {ours.size} values are not the oracle's"


def single(name: str, comparison: Comparison[Input], rounds: int, memcpy: float) -> Row:
    """Time one thread: for each input the quickest of the rounds; ``memcpy`` is in bytes read and written a second."""
    sides = {**comparison.references, OURS: comparison.ours}
    calls = {
        (side, number): partial(run, each)
        for side, run in sides.items()
        for number, each in enumerate(comparison.inputs)
    }
    taken = seconds(calls, rounds=rounds, pick=min)
    totals = {side: sum(taken[side, number] for number in range(len(comparison.inputs))) for side in sides}
    return _row(name, comparison, totals, 1, memcpy, comparison.target)


def double(name: str, comparison: Comparison[Input], rounds: int, memcpy: float, alone: Row) -> Row:
    """Time two threads, each with every second input; ``alone`` is the row of one thread."""
    amount = sum(map(comparison.amount, comparison.inputs))
    with ThreadPoolExecutor(2) as threads:
        calls, times = {}, {}
        for side, run in {**comparison.references, OURS: comparison.ours}.items():
            speed = alone.ours if side == OURS else alone.reference
            times[side] = max(math.ceil(_BATCH * 2 * speed / amount), 1)
            calls[side] = partial(_together, threads, run, comparison.inputs, times[side])
        taken = seconds(calls, rounds=rounds, pick=min)
    return _row(name, comparison, {side: each / times[side] for side, each in taken.items()}, 2, memcpy, None)


def memcpy_speed(pictures: Sequence[NDArray[np.uint8]], rounds: int) -> dict[int, float]:
    """Bytes that copying the pictures reads and writes in a second, with one thread and with two."""
    targets = [np.zeros_like(each) for each in pictures]
    pairs = list(zip(targets, pictures, strict=True))
    with ThreadPoolExecutor(2) as threads:
        calls: dict[int, Callable[[], object]] = {
            1: partial(_work, _copy, pairs),
            2: partial(_together, threads, _copy, pairs, 1),
        }
        taken = seconds(calls, rounds=rounds, pick=min)
    return {count: 2 * sum(each.nbytes for each in pictures) / each for count, each in taken.items()}


def _copy(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    np.copyto(*pair)


def _together(threads: ThreadPoolExecutor, run: Run[Input], inputs: Sequence[Input], times: int) -> None:
    list(threads.map(lambda first: _work(run, inputs[first::2], times), range(2)))


def _work(run: Run[Input], inputs: Sequence[Input], times: int = 1) -> None:
    for _ in range(times):
        for each in inputs:
            run(each)


def _row(
    name: str, comparison: Comparison[Input], taken: dict[str, float], threads: int, memcpy: float, target: float | None
) -> Row:
    ours = taken.pop(OURS)
    against = min(taken, key=lambda name: taken[name])
    amount = sum(map(comparison.amount, comparison.inputs))
    return Row(
        name=name,
        reference=amount / taken[against],
        ours=amount / ours,
        against=against,
        unit=comparison.unit,
        ratio=taken[against] / ours,
        threads=threads,
        target=target,
        stretch=comparison.stretch if target is not None else None,
        bandwidth=sum(map(comparison.traffic, comparison.inputs)) / ours / memcpy,
        notes=comparison.notes,
    )
