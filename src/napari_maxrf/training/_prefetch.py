"""Make the next batch while the present one is being trained on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from torch import Tensor

    Batch = tuple[Tensor, ...]


class Prefetch:
    """Hands out batches in any order, and begins the one likely to come next.

    Since a batch is a pure function of its number, a batch made in vain costs
    time only.
    """

    def __init__(
        self, make: Callable[[int], Batch], stride: int, pool: ThreadPoolExecutor
    ) -> None:
        self._make = make
        self._stride = stride
        self._pool = pool
        self._begun: tuple[int, Future[Batch]] | None = None

    def take(self, index: int) -> Batch:
        """Return batch `index` and begin the next one of this process."""
        if self._begun is not None and self._begun[0] == index:
            future = self._begun[1]
        else:
            future = self._pool.submit(self._make, index)
        batch = future.result()
        following = index + self._stride
        self._begun = (following, self._pool.submit(self._make, following))
        return batch


@contextmanager
def prefetch(make: Callable[[int], Batch], stride: int) -> Iterator[Prefetch]:
    """Open a `Prefetch` with one thread of its own, and close it."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="maxrf-batch")
    try:
        yield Prefetch(make, stride, pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
