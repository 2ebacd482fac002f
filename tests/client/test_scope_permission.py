"""Who may pass the guard: the code of an open ``unguarded`` block, and nobody beside it."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager

import pytest
from contract_runs import OWN

from pytest_atomic_cards.client import Scope, ScopeWarning
from pytest_atomic_cards.support.errors import ScopeError

REASON = "a scratch environment"
pytestmark = pytest.mark.filterwarnings(f"ignore::{ScopeWarning.__module__}.ScopeWarning")


def passes(scope: Scope) -> bool:
    """Whether an action on cards of others passes the guard here and now."""
    try:
        scope.check("PUT", "https://cards.test/v1/env/cards/cancel?multiple=1")
    except ScopeError:
        return False
    return True


async def passes_later(scope: Scope) -> bool:
    """The same, in a coroutine that lets others run before."""
    await asyncio.sleep(0)
    return passes(scope)


class Admin:
    """A context manager of a class that holds the block open."""

    def __init__(self, scope: Scope) -> None:
        self._block = scope.unguarded(REASON)

    def __enter__(self) -> None:
        self._block.__enter__()

    def __exit__(self, *error: object) -> None:
        self._block.__exit__(None, None, None)


@contextmanager
def admin(scope: Scope) -> Iterator[None]:
    """A context manager of a generator that waits inside the block."""
    with scope.unguarded(REASON):
        yield


@asynccontextmanager
async def async_admin(scope: Scope) -> AsyncIterator[None]:
    """The same for ``async with``."""
    with admin(scope):
        yield


def generator(scope: Scope) -> Iterator[bool]:
    """Yields inside the block."""
    with scope.unguarded(REASON):
        yield passes(scope)
        yield passes(scope)


async def async_generator(scope: Scope) -> AsyncIterator[bool]:
    """Yields inside the block, in a coroutine."""
    with scope.unguarded(REASON):
        yield await passes_later(scope)
        yield await passes_later(scope)


@pytest.mark.parametrize("block", [lambda scope: scope.unguarded(REASON), Admin, admin])
def test_a_block_and_what_it_calls_pass(block: Callable[[Scope], Admin]) -> None:
    """Inside the block, however it was opened, every call passes; before and after it none does."""
    scope = Scope()
    assert not passes(scope)
    with block(scope):
        assert passes(scope)
        assert list(map(passes, [scope])) == [True]
    assert not passes(scope)
    with ExitStack() as stack:
        stack.enter_context(block(scope))
        assert passes(scope)
    assert not passes(scope)


def test_blocks_can_be_nested() -> None:
    """The end of an inner block does not end the outer one."""
    scope = Scope()
    with scope.unguarded(REASON):
        with scope.unguarded(REASON), Admin(scope):
            assert passes(scope)
        assert passes(scope)
    assert not passes(scope)


def test_a_suspended_generator_does_not_let_its_caller_pass() -> None:
    """A generator passes while it runs; the code that resumes it, or a nested one, does not."""
    scope = Scope()
    running = generator(scope)
    assert next(running)
    assert not passes(scope)
    assert next(running)
    other = generator(scope)
    assert next(other)
    running.close()
    assert not passes(scope)
    del other
    assert not passes(scope)


def test_a_block_that_stays_open_is_of_no_use_to_others() -> None:
    """When the function that opened a block has returned, its caller does not pass."""
    scope = Scope()

    def leave_open() -> ExitStack:
        stack = ExitStack()
        stack.enter_context(scope.unguarded(REASON))
        assert passes(scope)
        return stack

    with leave_open():
        assert not passes(scope)
        with pytest.raises(ScopeError, match="block of unguarded"):
            scope.check("PUT", "https://cards.test/v1/env/cards/cancel")


def test_other_tasks_do_not_pass() -> None:
    """Tasks that run while a block is open elsewhere do not pass, even if it started them."""
    scope = Scope()

    async def main() -> None:
        before = asyncio.create_task(passes_later(scope))
        with scope.unguarded(REASON):
            inside = asyncio.create_task(passes_later(scope))
            assert await passes_later(scope)
            assert await asyncio.gather(before, inside) == [False, False]
            after = asyncio.create_task(passes_later(scope))
            assert not await asyncio.create_task(passes_later(scope))
        assert not await after

    asyncio.run(main())


def test_async_context_managers_and_generators() -> None:
    """A block behind ``async with`` holds for that block; that of an async generator does not."""
    scope = Scope()

    async def main() -> None:
        async with async_admin(scope):
            assert await passes_later(scope)
            assert not await asyncio.create_task(passes_later(scope))
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(async_admin(scope))
            assert await passes_later(scope)
        running = async_generator(scope)
        assert await anext(running)
        assert not await passes_later(scope)
        assert await anext(running)
        await running.aclose()
        assert not passes(scope)

    asyncio.run(main())


def test_an_event_loop_inside_a_block_passes() -> None:
    """All tasks of a loop that the block itself runs are called by it."""
    scope = Scope()
    with scope.unguarded(REASON):
        assert asyncio.run(passes_later(scope))


def test_threads_started_inside_do_not_pass() -> None:
    """A thread that the block starts and waits for stays guarded."""
    scope = Scope()
    found: list[bool] = []
    with scope.unguarded(REASON):
        thread = threading.Thread(target=lambda: found.append(passes(scope)))
        thread.start()
        thread.join()
    assert found == [False]


def test_every_use_warns() -> None:
    """The same line warns each time, under the filter that shows a repeated warning only once."""
    scope = Scope()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            with scope.unguarded(REASON):
                pass
    assert [str(one.message) for one in caught] == [f"scope guard switched off: {REASON}"] * 3
    assert {one.filename for one in caught} == {__file__}


@pytest.mark.usefixtures("own_plugins")
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_every_use_is_shown_at_the_end_of_a_run(
    pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    """The summary counts each use under pytest's usual filters, also of worker processes."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_acts_on_others(cards, number):
            for _ in range(3):
                with cards.api.unguarded("a scratch environment"):
                    pass
        """
    )
    result = pytester.runpytest_subprocess(*OWN, *workers)
    result.assert_outcomes(passed=2, warnings=6)
    result.stdout.fnmatch_lines(["*ScopeWarning: scope guard switched off: a scratch environment"])
