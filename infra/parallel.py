"""Work done by several threads whose results come in the order in which it was given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def in_order(work: Iterable[Callable[[], Result]], threads: int) -> Iterator[Result]:
    """The results of ``work``, in its order; at most ``2 * threads`` of them are under way or waiting.

    What raises ends it: nothing further is begun, and what is under way is waited for.
    """
    if threads <= 1:
        for task in work:
            yield task()
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="assay-pieces") as pool:
        try:
            for task in work:
                waiting.append(pool.submit(task))
                if len(waiting) >= 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
