"""ResultHooks: turn outcomes of tests into results, which reports carry between processes."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import fields
from typing import Any, ClassVar, Final, Generic, TypeVar

import pytest

from pytest_atomic_cards.rules.finding import Result, explain
from pytest_atomic_cards.rules.verdicts import Verdict, is_foreseen
from pytest_atomic_cards.support.errors import error_text
from pytest_atomic_cards.support.printable import printable

TROUBLE: Final = "atomic_cards_trouble"
_LONGEST_REPORT: Final = 100_000
"""Characters of a traceback, or of a result with all its lines: no usual one is cut."""

R = TypeVar("R", bound=Result)


class ResultHooks(ABC, Generic[R]):
    """Attaches the results of the tests with one marker, in the process that runs them."""

    marker: ClassVar[str]

    @abstractmethod
    def result(self, item: pytest.Item, call: pytest.CallInfo[None]) -> R | None:
        """The result of a phase before teardown; ``None`` if it decided nothing."""

    @abstractmethod
    def fails(self, result: R) -> bool:
        """Whether a result fails the run."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach a result to its report, and let it decide the outcome."""
        report = yield
        if item.get_closest_marker(self.marker) is None:
            return report
        error = call.excinfo.value if call.excinfo else None
        if call.when == "teardown":
            if error is not None:
                setattr(report, TROUBLE, f"{item.name}: {error_text(error)}")
                report.longrepr = readable(report.longreprtext)
            return report
        result = self.result(item, call)
        if result is not None:
            item.user_properties += (
                result.describe().properties
            )  # JUnit XML reads them after the teardown
            add_result(report, result)
            is_bug = isinstance(error, Exception) and not is_foreseen(error)
            self._decide(report, item, result, report.longreprtext if is_bug else explain(result))
        return report

    def _decide(self, report: pytest.TestReport, item: pytest.Item, result: R, text: str) -> None:
        if result.verdict is Verdict.NOT_EXERCISED:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {result.reason}")
        elif self.fails(result):
            report.outcome = "failed"
            report.longrepr = readable(text)
        elif result.verdict is not Verdict.HELD:
            report.outcome = "skipped"
            report.wasxfail = f"{result.verdict} ({result.describe().level}): {result.reason}"
            report.longrepr = readable(text)


def add_result(report: pytest.TestReport, result: Result) -> None:
    """Attach a result to a report, which may have others."""
    name = _property(type(result))
    texts = [*getattr(report, name, ()), json.dumps(_values(result))]
    setattr(report, name, texts)


def results_in(report: pytest.TestReport, kind: type[R]) -> list[R]:
    """The results of a kind that a report carries, from this process or another."""
    return [kind(**json.loads(text)) for text in getattr(report, _property(kind), ())]


def _property(kind: type[Result]) -> str:
    return f"atomic_cards_{kind.__name__.lower()}"


def _values(result: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    return {field.name: getattr(result, field.name) for field in fields(result)}


def readable(text: str) -> str:
    """The text of a failure, printable and not too long."""
    return printable(text, lines=True, limit=_LONGEST_REPORT)
