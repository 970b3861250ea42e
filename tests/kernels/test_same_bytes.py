"""Every machine and any number of threads give the same bytes: emulated by telling Numba what the processor has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from llvmlite import binding

from tests.cases import noise
from tests.kernels import processes
from tests.kernels.every_kernel import USES, digests
from tests.kernels.verbs import assert_same_bytes

HOST = binding.get_host_cpu_features()
AVX2 = (
    "+64bit,+avx,+avx2,+bmi,+bmi2,+cmov,+cx16,+cx8,+f16c,+fma,+fxsr,+lzcnt,+mmx,+movbe,+popcnt,"
    "+sse,+sse2,+sse3,+sse4.1,+sse4.2,+ssse3"
)
MACHINES = {
    "AVX2": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": AVX2},
    "no AVX": {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+64bit,+cmov,+cx8,+fxsr,+mmx,+sse,+sse2"},
    "generic": {"NUMBA_CPU_NAME": "generic"},
    "less optimised": {"NUMBA_OPT": "1"},
}


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    """The bytes of this machine."""
    return digests()


def others(request: pytest.FixtureRequest, machine: str, *arguments: str) -> dict[str, str]:
    """The bytes of another machine, whose machine code is kept for the next time."""
    needed = {feature[1:] for feature in MACHINES[machine].get("NUMBA_CPU_FEATURES", "").split(",") if feature}
    if missing := {feature for feature in needed if not HOST.get(feature)}:
        pytest.skip(f"this processor lacks {', '.join(sorted(missing))}")
    assert request.config.cache is not None
    kept = request.config.cache.mkdir(f"kernels-{machine.replace(' ', '-')}")
    (found,) = processes.digests_of(*arguments, **MACHINES[machine], NUMBA_CACHE_DIR=str(Path(kept)))
    return found


def test_a_machine_with_avx2_gives_the_same_bytes(request: pytest.FixtureRequest, here: dict[str, str]) -> None:
    """Without what takes long to compile and has no paths of its own for other processors."""
    found = others(request, "AVX2", "--without", "dead_leaves", "read_png", "unfilter")
    assert found == {use: here[use] for use in found}
    assert len(found) > len(here) * 0.9


@pytest.mark.exhaustive
@pytest.mark.parametrize("machine", MACHINES)
def test_other_machines_give_the_same_bytes(request: pytest.FixtureRequest, machine: str, here: dict[str, str]) -> None:
    assert others(request, machine) == here


def test_eight_threads_give_the_bytes_of_one() -> None:
    tasks = [(use, noise(57, 75, channels)) for use in USES for channels in use.channels]
    alone = [use.run(picture) for use, picture in tasks]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(2):
            together = threads.map(lambda task: task[0].run(task[1]), tasks)
            for (use, _), ours, expected in zip(tasks, together, alone, strict=True):
                assert_same_bytes(ours, expected, use)


def test_the_emulation_reaches_the_compiler() -> None:
    """Else the tests above would compare this machine with itself."""
    code = """
import numba, sys
@numba.njit
def add(a, b):
    for i in range(a.size):
        a[i] += b[i]
import numpy as np
add(np.ones(64, np.float32), np.ones(64, np.float32))
print(int("zmm" in "".join(add.inspect_asm().values())), int("ymm" in "".join(add.inspect_asm().values())))
"""
    seen = {name: processes.run("-c", code, **MACHINES[name]).stdout.split() for name in ("AVX2", "generic")}
    assert seen == {"AVX2": ["0", "1"], "generic": ["0", "0"]}
