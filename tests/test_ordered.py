"""Work in threads comes back in order, bounded, and ends cleanly."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import count, islice

import pytest

from srtui.ordered import in_order


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_results_keep_the_order_of_the_items(threads: int) -> None:
    gate = threading.Event()

    def slow_first(item: int) -> int:
        if item == 0 and threads > 1:
            gate.wait(10)
        if item == 1:
            gate.set()
        return item

    assert list(in_order(slow_first, range(20), threads)) == list(range(20))


def test_no_more_than_asked_is_in_work() -> None:
    begun = []
    with closing(in_order(begun.append, count(), 2, ahead=5)) as results:
        for taken, _ in enumerate(islice(results, 50), start=1):
            assert len(begun) <= taken + 5


def test_an_error_appears_where_its_result_would() -> None:
    results = in_order(lambda item: 6 // item, [1, 2, 0, 3], 2)
    assert next(results) == 6
    assert next(results) == 3
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_leaves_no_threads() -> None:
    before = threading.active_count()
    results = in_order(str, count(), 4)
    assert next(results) == "0"
    assert threading.active_count() > before
    results.close()
    assert threading.active_count() == before
