"""What the kernels' tests say: two pictures have the same bytes, a kernel and its references agree on all cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from tests.cases import Case, Picture


def assert_same_bytes(ours: NDArray[np.generic], expected: NDArray[np.generic], what: object) -> None:
    """Compare shape, type and every value; say where and by how much they differ first."""
    assert (ours.shape, ours.dtype) == (expected.shape, expected.dtype), f"{what}: shape or type"
    places = np.argwhere(ours != expected)
    if len(places):
        first = tuple(places[0].tolist())
        report = f"{what}: {len(places)} of {ours.size} differ, first at {first}: {ours[first]}, not {expected[first]}"
        raise AssertionError(report)


def assert_matches(
    kernel: Callable[[Picture], Picture], reference: Callable[[Picture], Picture], cases: Iterable[Case]
) -> None:
    """Run both on every case; the kernel must leave its source alone and give the reference's bytes."""
    for case in cases:
        picture = case.make()
        before = picture.copy()
        result = kernel(picture)
        assert_same_bytes(picture, before, f"source of {case}")
        assert not np.shares_memory(result, picture), f"{case}: the result is the source"
        assert_same_bytes(result, reference(picture), case)
