"""
Updates a second and memory of srtui's training, beside the loop that everybody writes, on the same noise in one run.

Every side is a process of its own (`training_side`), told in turn to make some updates, so that a drifting machine hits
all alike; medians of the rounds count. On a GPU there are two sides more: the plain loop with autocast and
channels-last, and srtui's own training with CUDA graphs, to see where they help.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass

import torch

from benchmarks.rows import Asked, Row
from benchmarks.training_cases import CASES, MERGED, Case
from benchmarks.training_side import Precision, Side, Way
from srtui.engine import cuda_graphs, networks
from srtui.engine.device import choose_precision, pick_device

ROUNDS = 5
ROUND = 1.0
"""Seconds that a side computes in a round, at least; one update may take longer."""
WARM_UP = cuda_graphs.WARM_UP + 1
"""Updates before anything is timed: allocators, oneDNN's and cuDNN's choices, and our graphs on a GPU."""
_TARGETS = {"cpu": {"fp32": 1.3, "bf16": 2.2}, "cuda": {"bf16": 2.0}}
_TARGET_TUNED = 1.3
_PLAIN, _TUNED, _CALLS = "plain loop", "plain loop, autocast, channels-last", "srtui without them"


@dataclass(frozen=True, slots=True)
class Measured:
    """One side of one case."""

    per_second: float
    gib: float
    flops: float
    """Of an update; 0 if nobody counted."""
    peak_flops: float
    """Of a matrix product, per second."""

    @property
    def roofline(self) -> str:
        """Share of the quickest arithmetic, in words."""
        share = 100 * self.flops * self.per_second / self.peak_flops
        return f"{share:.0f} % of {self.peak_flops / 1e12:.3g} TFLOP/s, which a matrix product reaches here"


def rows(asked: Asked) -> list[Row]:
    """All rows that are asked for, then geometric means over networks if all were measured."""
    device = pick_device(asked.device)
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    found = [row for name, case in CASES.items() for row in _case(name, case, device, threads, asked)]
    return [*found, *_means(found, device.type)]


def _case(name: str, case: Case, device: torch.device, threads: int, asked: Asked) -> Iterator[Row]:
    """Measure one network: a row for each arithmetic and each reference, then the memory."""
    wanted = {each: title for each in _arithmetics(device) if asked.wants(title := f"{name}, {each}")}
    if not wanted:
        return
    sides = [Side(way="plain", case=name, device=str(device), precision="fp32", threads=threads)]
    for each in wanted:
        sides.append(Side(way="ours", case=name, device=str(device), precision=each, threads=threads, flops=True))
        if device.type == "cuda":
            on_gpus: tuple[Way, Way] = ("tuned", "graphs")
            sides += [Side(way=way, case=name, device=str(device), precision=each, threads=1) for way in on_gpus]
    measured = _interleaved(sides, asked.rounds or ROUNDS)
    plain, notes = measured[sides[0]], (_about(name, case, device),)
    for side, ours in measured.items():
        if side.way != "ours":
            continue
        title = wanted[side.precision]
        roofline = (*notes, f"{title}: {ours.roofline}")
        least = 1.0 if device.type == "cuda" else None
        yield _row(title, _PLAIN, plain.per_second, ours.per_second, threads, roofline, least)
        others = {key.way: found for key, found in measured.items() if key.precision == side.precision}
        if device.type == "cuda":
            yield _row(title, _TUNED, others["tuned"].per_second, ours.per_second, threads, (), least)
            with_graphs = others["graphs"].per_second
            yield _row(f"{title}, CUDA graphs", _CALLS, ours.per_second, with_graphs, threads, (), None)
        yield Row(
            name=f"{title}, memory",
            reference=plain.gib,
            ours=ours.gib,
            against=_PLAIN,
            unit="GiB",
            ratio=plain.gib / ours.gib,
            threads=threads,
        )


def _row(
    name: str, against: str, reference: float, ours: float, threads: int, notes: tuple[str, ...], target: float | None
) -> Row:
    return Row(
        name=name,
        reference=reference,
        ours=ours,
        against=against,
        unit="updates/s",
        ratio=ours / reference,
        threads=threads,
        target=target,
        notes=notes,
    )


def _arithmetics(device: torch.device) -> tuple[Precision, ...]:
    """What is measured on a device: fp32, and bf16 where it is what the device is good at."""
    return ("fp32", "bf16") if choose_precision("auto", device) == "bf16" else ("fp32",)


def _about(name: str, case: Case, device: torch.device) -> str:
    stage = case.stage(device.type)
    crops = f"{stage.batch} crops of {stage.gt_size} pixels"
    title = networks.title(case.network, 4)
    gan = ", L1 and a relativistic GAN with the VGG-style discriminator, no perceptual loss" if case.gan else ", L1"
    return f"{name}: {title}, {crops}{gan}"


def _means(found: Sequence[Row], kind: str) -> Iterator[Row]:
    """Geometric means over the networks, with SPAN as published and with SPAN merged on both sides."""
    speeds = [row for row in found if row.unit == "updates/s"]
    for each in ("fp32", "bf16"):
        for against in (_PLAIN, _TUNED):
            by_case = {
                row.name.removesuffix(f", {each}"): row
                for row in speeds
                if row.against == against and row.name.endswith(each)
            }
            if set(by_case) != set(CASES):
                continue
            target = _TARGET_TUNED if against == _TUNED else _TARGETS[kind].get(each)
            for left_out, title in ((MERGED, "geometric mean"), ("SPAN", "geometric mean, SPAN merged on both sides")):
                ratios = [row.ratio for case, row in by_case.items() if case != left_out]
                ratio = math.prod(ratios) ** (1 / len(ratios))
                yield Row(
                    name=f"{title}, {each}",
                    reference=1.0,
                    ours=ratio,
                    against=against,
                    unit="×",
                    ratio=ratio,
                    threads=speeds[0].threads,
                    target=target if left_out == MERGED else None,
                )


def _interleaved(sides: Sequence[Side], rounds: int) -> dict[Side, Measured]:
    """Medians of every side over rounds that take turns."""
    with ExitStack() as stack:
        running = {side: stack.enter_context(_started(side)) for side in sides}
        updates = {}
        for side, process in running.items():
            _seconds(process, WARM_UP)
            updates[side] = max(math.ceil(ROUND / _seconds(process, 1)), 1)
        taken: dict[Side, list[float]] = {side: [] for side in sides}
        for turn in range(rounds):
            for side, process in running.items():
                taken[side].append(_seconds(process, updates[side]) / updates[side])
            print(f"{turn + 1}/{rounds} rounds of {sides[0].case}", file=sys.stderr, flush=True)
        return {side: _result(process, statistics.median(taken[side])) for side, process in running.items()}


@contextmanager
def _started(side: Side) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.training_side", json.dumps(asdict(side))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            _answer(process)
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _seconds(process: subprocess.Popen[str], updates: int) -> float:
    assert process.stdin is not None
    process.stdin.write(f"{updates}\n")
    return float(_answer(process))


def _result(process: subprocess.Popen[str], seconds: float) -> Measured:
    assert process.stdin is not None
    process.stdin.write("\n")
    about = json.loads(_answer(process))
    return Measured(1 / seconds, about["gib"], about["flops"], about.get("peak_flops", 1.0))


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"a side of the benchmark ended with code {process.wait()}; what it said is above")
    return line
