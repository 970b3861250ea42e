"""What ranks compute on is compared before the work begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from srtui.engine.ranks.introductions import Introduction, check, shared_threads, unequal
from srtui.errors import MachineError

CORES = tuple(range(8))
LARGE = Introduction(
    pid=1, host="a", cores=CORES, device="cuda:0", name="NVIDIA RTX A6000", memory=48 << 30, id="GPU-1"
)
SMALL = replace(LARGE, device="cuda:1", name="NVIDIA GeForce RTX 3060", memory=12 << 30, id="GPU-2")
CPU = Introduction(pid=1, host="a", cores=CORES, device="cpu")


def test_equal_gpus_and_cpus_are_no_news() -> None:
    for pair in ([LARGE, replace(LARGE, device="cuda:1", id="GPU-2")], [CPU, CPU]):
        check(pair)
        assert unequal(pair) == ""


def test_unequal_gpus_are_told() -> None:
    check([LARGE, SMALL])
    text = unequal([LARGE, SMALL])
    assert "rank 0: cuda:0 NVIDIA RTX A6000, 48 GiB; rank 1: cuda:1 NVIDIA GeForce RTX 3060, 12 GiB" in text
    assert "waits for the slowest" in text


def test_two_ranks_on_one_gpu_are_refused() -> None:
    with pytest.raises(MachineError, match="GPU-1: ranks 0 and 2 both compute on it"):
        check([LARGE, SMALL, LARGE])
    check([LARGE, replace(LARGE, host="b", id="cuda-0"), replace(LARGE, host="c", id="cuda-0")])


def test_a_rank_that_fell_back_to_the_cpu_is_refused() -> None:
    with pytest.raises(MachineError, match=r"rank 0 computes on cuda:0, rank 1 on cpu \(a\)"):
        check([LARGE, CPU])


def test_ranks_on_the_same_cores_share_them() -> None:
    bound = replace(CPU, cores=(0, 1))
    elsewhere = replace(CPU, host="b")
    assert shared_threads([CPU, CPU, bound, elsewhere]) == [4, 4, 2, 8]
    assert shared_threads([bound] * 3) == [1, 1, 1]
