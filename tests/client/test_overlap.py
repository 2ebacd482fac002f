"""Overlap: independent requests share their waits, and nothing else changes."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
from client_doubles import Reply, Target, session

from pytest_atomic_cards.client.overlap import Overlap
from pytest_atomic_cards.support.errors import MisuseError, TransportError

if TYPE_CHECKING:
    import requests

    from pytest_atomic_cards.client import CardsSession
    from pytest_atomic_cards.model.exchange import Exchange

COUNT = 4


class Backwards(Target):
    """Holds the responses until all requests have arrived, and sends the last one first."""

    def __init__(self, count: int = COUNT) -> None:
        super().__init__(self._last_first)
        self._turn = threading.Condition()
        self._arrived: list[str] = []
        self._left = count

    def _last_first(self, request: requests.PreparedRequest) -> Reply:
        path = str(request.url).rpartition("/")[2]
        with self._turn:
            self._arrived.append(path)
            self._turn.notify_all()
            assert self._turn.wait_for(lambda: self._is_next(path), timeout=10)
            self._left -= 1
            self._turn.notify_all()
        return Reply(body=path)

    def _is_next(self, path: str) -> bool:
        return len(self._arrived) >= COUNT and int(path) == self._left - 1


def calls(sent: CardsSession, count: int = COUNT) -> list[partial[Exchange]]:
    """Listings, each of a path of its own."""
    return [partial(sent.send, "GET", f"/v1/{number}") for number in range(count)]


def paths(exchanges: list[Exchange]) -> list[str]:
    """The last parts of their paths."""
    return [one.path.rpartition("/")[2] for one in exchanges]


def test_requests_overlap_and_come_in_the_order_asked() -> None:
    """Results and exchanges are in the given order, in one thread, whichever response is first."""
    seen: list[Exchange] = []
    threads = set()
    sent = session(Backwards(), at_once=COUNT)
    sent.listeners += [seen.append, lambda _: threads.add(threading.get_ident())]
    results = sent.overlap.results(calls(sent))
    assert paths(results) == paths(seen) == ["0", "1", "2", "3"]
    assert threads == {threading.get_ident()}


def test_no_more_requests_than_allowed_are_on_their_way() -> None:
    """Requests beyond the bound wait for one that is on its way."""
    lock, busy, most = threading.Lock(), 0, 0
    barrier = threading.Barrier(2)

    def reply(_: requests.PreparedRequest) -> Reply:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        barrier.wait(timeout=10)
        with lock:
            busy -= 1
        return Reply()

    sent = session(Target(reply), at_once=2)
    assert len(sent.overlap.results(calls(sent, 6))) == 6
    assert most == 2


def test_one_at_a_time_follows_the_order() -> None:
    """Without overlap each request is sent by the calling thread after the one before."""
    target, threads = Target(), []
    sent = session(target, at_once=1)
    sent.listeners.append(lambda _: threads.append(threading.get_ident()))
    sent.overlap.results(calls(sent))
    assert [one.url[-1] for one in target.requests if one.url] == ["0", "1", "2", "3"]
    assert threads == [threading.get_ident()] * COUNT


@pytest.mark.parametrize("at_once", [1, COUNT])
def test_the_first_error_in_the_order_asked_is_raised(at_once: int) -> None:
    """A later call that fails sooner does not hide an earlier error; what was sent is seen."""
    failed = threading.Event()

    def fails_last() -> None:
        failed.wait(timeout=10 if at_once > 1 else 0)
        raise TransportError("the first")

    def fails_first() -> None:
        failed.set()
        raise MisuseError("the second")

    seen: list[Exchange] = []
    sent = session(Target(), at_once=at_once)
    sent.listeners.append(seen.append)
    (listing,) = calls(sent, 1)
    with pytest.raises(TransportError, match="the first"):
        sent.overlap.results([listing, fails_last, fails_first])
    assert paths(seen) == ["0"]


@pytest.mark.parametrize("at_once", [1, COUNT])
def test_errors_may_stand_in_for_results(at_once: int) -> None:
    """An outcome is a result, or the error of the call in its place."""
    error = TransportError("lost")

    def fail() -> None:
        raise error

    sent = session(Target(), at_once=at_once)
    listing, last = calls(sent, 2)
    first, second, third = sent.overlap.outcomes([listing, fail, last])
    assert second is error
    assert paths([first, third]) == ["0", "1"]  # type: ignore[list-item]


def test_calls_within_a_call_do_not_overlap() -> None:
    """A call that makes calls keeps to its own thread, and its exchanges to their place."""
    seen: list[Exchange] = []
    sent = session(Target(), at_once=COUNT)
    sent.listeners.append(seen.append)

    def several(number: int) -> set[int]:
        threads = []
        inner = [partial(sent.send, "GET", f"/v1/{number}{place}") for place in range(2)]
        sent.overlap.results([*inner, lambda: threads.append(threading.get_ident())])
        return {*threads, threading.get_ident()}

    made = sent.overlap.results([partial(several, number) for number in range(COUNT)])
    assert [len(threads) for threads in made] == [1] * COUNT
    assert paths(seen) == [f"{number}{place}" for number in range(COUNT) for place in range(2)]


def test_what_was_begun_goes_on_and_is_shown_when_its_result_is_asked_for() -> None:
    """Requests overlap in a call that was begun, and no listener sees them before its result."""
    seen: list[Exchange] = []
    sent = session(Backwards(), at_once=COUNT)
    sent.listeners.append(seen.append)
    answered = threading.Event()

    def several() -> list[Exchange]:
        with sent.overlap.noted() as noted:
            made = sent.overlap.results(calls(sent))
        assert noted == made
        answered.set()
        return made

    begun = sent.overlap.begin(several)
    assert answered.wait(10)
    assert not seen
    assert begun.result() == begun.result() == seen
    assert paths(seen) == ["0", "1", "2", "3"]


def test_what_was_begun_fails_when_its_result_is_asked_for() -> None:
    """An error of a call that was begun is raised each time, and not by waiting for its end."""
    sent = session(Target(), at_once=COUNT)

    def fail() -> None:
        raise TransportError("lost")

    begun = sent.overlap.begin(fail)
    begun.finish()
    for _ in range(2):
        with pytest.raises(TransportError, match="lost"):
            begun.result()


def test_nothing_is_begun_before_its_result_is_asked_for_with_one_at_a_time() -> None:
    """Where requests follow each other, a call is made when its result is needed, or never."""
    made: list[int] = []
    begun = session(Target(), at_once=1).overlap.begin(lambda: made.append(1))
    begun.finish()
    assert made == []
    begun.result()
    assert made == [1]


@pytest.mark.parametrize("way", ["results", "begin"])
def test_a_signal_while_a_thread_starts_leaves_no_thread(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread whose start a signal interrupts ends, or the process would wait for it forever."""
    start, started = threading.Thread.start, []

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        started.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    overlap = Overlap(2, [])
    with pytest.raises(KeyboardInterrupt) as raised:  # its traceback keeps the pool, as in a run
        overlap.results([int, int]) if way == "results" else overlap.begin(int)
    started[0].join(timeout=5)
    assert not started[0].is_alive(), raised
