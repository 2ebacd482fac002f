"""Generated cases of a ``@given`` test: recorded in its cassette and replayed from there.

So a recording does not depend on the version of Hypothesis, on a seed or on strategies.
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.suite.generation.case_encoding import as_json, from_json
from pytest_atomic_cards.support.errors import CassetteError, MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from pytest_atomic_cards.recordings.cassettes.manager import OpenCassette

NAME: Final = "given"
"""The name of the cases of a property test in its cassette."""


def is_property_test(item: pytest.Item) -> bool:
    """Whether Hypothesis generates the cases of a test."""
    return hasattr(getattr(item, "obj", None), "hypothesis")


@contextmanager
def keeping_cases(item: Any, opened: OpenCassette) -> Iterator[None]:  # noqa: ANN401 - a function of pytest's
    """Record the cases of a property test, if it sends any request.

    Raises:
        CassetteError: A case cannot be recorded, so the test could not be replayed.
    """
    from hypothesis.errors import UnsatisfiedAssumption  # noqa: PLC0415 - slow to import

    handle = item.obj.hypothesis
    inner, fixtures, instance = handle.inner_test, _fixtures(item), _instance(item)
    kept: list[Any] = []
    refused: list[MisuseError] = []

    def run(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        own = (pair for pair in kwargs.items() if pair[0] not in fixtures)
        drawn = {name: value for name, value in own if value is not instance}
        try:
            case = as_json(drawn)
        except MisuseError as error:
            refused.append(error)
            return inner(*args, **kwargs)
        try:
            return inner(*args, **kwargs)
        except UnsatisfiedAssumption:
            case = None
            raise
        finally:
            if case is not None:
                kept.append([case])

    handle.inner_test = run
    try:
        yield
    finally:
        handle.inner_test = inner
        if opened.cassette:  # one without an exchange is falsy
            opened.cassette.cases[NAME] = kept
    if refused and opened.cassette:
        raise CassetteError(
            f"{item.nodeid} cannot be recorded: {refused[0]}; draw one of these, or leave the test "
            'out with @pytest.mark.cards_cassettes("off")'
        )


def run_over(item: Any, cases: Sequence[Any]) -> None:  # noqa: ANN401 - a function of pytest's
    """Run a property test over the cases of a recording.

    Each runs inside Hypothesis, so it can call ``note``, ``event`` and ``assume``.

    Args:
        item: The test.
        cases: As they were recorded.
    """
    inner, instance = item.obj.hypothesis.inner_test, _instance(item)
    if instance is not None:
        inner = partial(inner, instance)
    from hypothesis import Phase, given  # noqa: PLC0415 - slow to import
    from hypothesis import strategies as st  # noqa: PLC0415

    from pytest_atomic_cards.suite.generation.generated_cases import Effort  # noqa: PLC0415

    arguments = {name: item.funcargs[name] for name in _fixtures(item)}
    once = Effort(fixed=1).settings(1, phases=[Phase.generate])
    for number, (case,) in enumerate(cases, 1):
        drawn = from_json(case)
        try:
            once(given(st.just(drawn))(lambda case: inner(**arguments, **case)))()
        except Exception as error:
            shown = ", ".join(f"{name}={value!r}" for name, value in drawn.items())
            error.add_note(f"Recorded case {number} of {len(cases)}: {shown}")
            raise


def _fixtures(item: Any) -> list[str]:  # noqa: ANN401
    """The fixtures of a property test; Hypothesis hides its own arguments."""
    return list(inspect.signature(item.obj).parameters)


def _instance(item: Any) -> object:  # noqa: ANN401
    """The object that a property test is a method of, if any."""
    return getattr(item.obj, "__self__", None)
