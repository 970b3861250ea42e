"""Work in threads, results in order: how pictures are prepared and samples are cut."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int, ahead: int | None = None
) -> Generator[Result, None, None]:
    """Results of ``function`` for each item, in the order of the items, computed by ``threads`` threads.

    Parameters
    ----------
    items
        May be endless: they are taken as they are needed.
    ahead
        Items in work or done but not yet taken, at most; default twice the threads. It bounds the memory.

    Notes
    -----
    An error of ``function`` appears where its result would. Close the iterator (``contextlib.closing``) to leave early:
    what has not begun is dropped, what has begun is waited for.
    """
    ahead = 2 * threads if ahead is None else ahead
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) >= ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def thread_count(asked: int) -> int:
    """Threads to use: as asked, or for 0 one per core that this process may use."""
    return asked or len(os.sched_getaffinity(0))
