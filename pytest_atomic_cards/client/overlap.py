"""Overlap: requests that do not depend on each other are on their way at the same time.

On a live target most of a run is waiting for responses. Requests that overlap share that wait, and
nothing else changes: results, errors and exchanges come in the order in which they were asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final, Generic, TypeVar

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.support.errors import AtomicCardsError

Listener = Callable[[Exchange], None]
Result = TypeVar("Result")
Errors = tuple[type[AtomicCardsError], ...]

AT_ONCE: Final = 8
"""Requests of a live run that are on their way at once: at 100 ms a request that is 80 a
second, a lot for one client and little for a service. If the target limits the rate,
``AcceptedRate`` spaces them."""


class Begun(Generic[Result]):
    """A call that was begun.

    Args:
        result: Waits for its result, or makes the call.
        is_under_way: Whether the call is being made.
    """

    def __init__(self, result: Callable[[], Result], *, is_under_way: bool = False) -> None:
        self._result = result
        self._is_under_way = is_under_way
        self._lock = threading.Lock()

    def result(self) -> Result:
        """Wait until the call is over; returns its result, or raises its error, every time."""
        with self._lock:
            return self._result()

    def finish(self) -> None:
        """Wait until the call is over if it is under way, whether or not its result is needed."""
        if self._is_under_way:
            with suppress(AtomicCardsError):
                self.result()


class Overlap:
    """Makes independent calls, several at a time. Threads may share it.

    Args:
        most: Calls to make at once. With one they follow each other in the calling thread, as
            they must where a recording keeps their order.
        listeners: Called with each exchange, in the thread that asked for the calls.
    """

    def __init__(self, most: int, listeners: Sequence[Listener]) -> None:
        self._most = most
        self._listeners = listeners
        # Calls that were begun share the turns, so that there are never more of these at once.
        self._turns = threading.BoundedSemaphore(max(1, most))
        self._here = threading.local()

    @property
    def is_used(self) -> bool:
        """Whether more than one call is made at a time."""
        return self._most > 1

    def show(self, exchange: Exchange) -> None:
        """Show an exchange to the listeners, in its turn if it was made by one of several calls."""
        if (noted := getattr(self._here, "noted", None)) is not None:
            noted.append(exchange)
        kept: list[Exchange] | None = getattr(self._here, "kept", None)
        if kept is not None:
            kept.append(exchange)
            return
        for listener in tuple(self._listeners):
            listener(exchange)

    @contextmanager
    def noted(self) -> Iterator[list[Exchange]]:
        """The exchanges of the calling thread in a ``with`` block, even if they are kept."""
        noted: list[Exchange] = []
        self._here.noted = noted
        try:
            yield noted
        finally:
            del self._here.noted

    def begin(self, call: Callable[[], Result]) -> Begun[Result]:
        """Begin a call that sends requests and waits, and go on meanwhile.

        Calls that it makes in turn overlap as well. Its exchanges are shown once its result is
        asked for; with one request at a time the call is made only then.
        """
        if self._most <= 1:
            return Begun(call)
        kept: list[Exchange] = []
        pool = ThreadPoolExecutor(1, thread_name_prefix="atomic-cards-begun")
        try:
            future = pool.submit(self._kept, call, kept)
        finally:  # also if a signal interrupts it: a thread would wait for work at the end
            pool.shutdown(wait=False)

        def result() -> Result:
            try:
                return future.result()
            finally:
                self._show_all(kept)
                kept.clear()

        return Begun(result, is_under_way=True)

    def outcomes(
        self, calls: Iterable[Callable[[], Result]], errors: Errors = (AtomicCardsError,)
    ) -> list[Result | AtomicCardsError]:
        """Like :meth:`results`, with the error instead of the result of each call that failed.

        Args:
            calls: Each sends one request or a few.
            errors: What may fail for one call; other errors are raised.
        """
        return self.results([partial(outcome_of, call, errors) for call in calls])

    def results(self, calls: Iterable[Callable[[], Result]]) -> list[Result]:
        """Make calls that send requests, none of which depends on another; returns the results.

        A call should do no more than send and read: what is learned from responses belongs after
        it, where it comes in the given order. Calls that a call makes in turn do not overlap.

        Args:
            calls: Each sends one request or a few.

        Raises:
            AtomicCardsError: The first one that a call raises, in the given order, as if the calls
                followed each other; later ones may have been made as well.
        """
        calls = list(calls)
        count = min(self._most, len(calls))
        if count <= 1 or hasattr(self._here, "is_one_of_several"):
            return [call() for call in calls]
        kept: list[list[Exchange]] = [[] for _ in calls]
        pool = ThreadPoolExecutor(count, thread_name_prefix="atomic-cards-overlap")
        results: list[Result] = []
        try:  # around all of it, as a signal may interrupt the start of a thread
            made = [
                pool.submit(self._made, call, exchanges)
                for call, exchanges in zip(calls, kept, strict=True)
            ]
            for future, exchanges in zip(made, kept, strict=True):
                results.append(future.result())
                self._show_all(exchanges)
        finally:
            pool.shutdown(cancel_futures=True)
            for exchanges in kept[len(results) :]:
                self._show_all(exchanges)
        return results

    def _made(self, call: Callable[[], Result], kept: list[Exchange]) -> Result:
        self._here.is_one_of_several = True
        with self._turns:
            return self._kept(call, kept)

    def _kept(self, call: Callable[[], Result], kept: list[Exchange]) -> Result:
        """Make a call in a thread of its own, and keep its exchanges."""
        self._here.kept = kept
        try:
            return call()
        finally:
            del self._here.kept

    def _show_all(self, exchanges: Sequence[Exchange]) -> None:
        for exchange in exchanges:
            self.show(exchange)


def outcome_of(call: Callable[[], Result], errors: Errors) -> Result | AtomicCardsError:
    """The result of a call, or the error that it failed with."""
    try:
        return call()
    except errors as error:
        return error
