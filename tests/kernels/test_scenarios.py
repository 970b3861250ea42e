"""The six classic scenarios give the bytes of the chain Pillow BICUBIC → OpenCV → Pillow JPEG."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from srtui_kernels import run_scenario

from tests.cases import NO_PHOTOGRAPHS, Case, Picture, noise, photograph_cases
from tests.kernels import oracles
from tests.kernels.classic import SCENARIOS, steps_of
from tests.kernels.verbs import assert_same_bytes


def assert_gives_the_chains_bytes(scenario: str, case: Case) -> None:
    picture = case.make()
    steps = steps_of(scenario, picture.shape[1], picture.shape[0])
    assert_same_bytes(run_scenario(picture, steps, key=1), oracles.chain(picture, steps), (scenario, case))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_gives_the_chains_bytes_on_noise(scenario: str) -> None:
    assert_gives_the_chains_bytes(scenario, Case(name="noise", make=lambda: noise(208, 320, 3)))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_gives_the_chains_bytes_on_photographs(scenario: str) -> None:
    cases = list(photograph_cases(256))[:3] or pytest.skip(NO_PHOTOGRAPHS)
    for case in cases:
        assert_gives_the_chains_bytes(scenario, case)


@pytest.mark.exhaustive
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_gives_the_chains_bytes_on_whole_photographs(scenario: str) -> None:
    cases = list(photograph_cases()) or pytest.skip(NO_PHOTOGRAPHS)
    for case in cases:
        assert_gives_the_chains_bytes(scenario, case)


def test_threads_give_the_bytes_of_one_thread() -> None:
    picture = noise(128, 160, 3)
    jobs: list[Callable[[], Picture]] = [
        lambda scenario=scenario: run_scenario(picture, steps_of(scenario, 160, 128), key=1) for scenario in SCENARIOS
    ] * 4
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda job: job(), jobs))
    for job, result in zip(jobs, together, strict=True):
        assert_same_bytes(result, job(), "a thread's picture")


def test_no_steps_are_a_copy() -> None:
    picture = noise(5, 6, 3)
    result = run_scenario(picture, (), key=0)
    assert_same_bytes(result, picture, "nothing done")
    assert not np.shares_memory(result, picture)


@pytest.mark.parametrize("key", [-1, 1 << 64])
def test_keys_have_64_bits(key: int) -> None:
    with pytest.raises(ValueError, match=f"key is {key}"):
        run_scenario(noise(4, 4, 3), (), key)


def test_unknown_steps_are_refused() -> None:
    with pytest.raises(TypeError, match="step is 'blur'"):
        run_scenario(noise(4, 4, 3), ["blur"], key=0)
