"""A report section with what a failed test, or the application behind it, sent to the Cards API.

Registered when the first test asks for a target, and not imported before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

import pytest

from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange

_SHOWN: Final = 10
"""Exchanges of a section, the last ones: what a test did before its assertion fits a screen."""
_LONGEST: Final = 300
"""Characters of an exchange: method, query and status of any, and the beginning of its body."""


class TrafficSection:
    """Adds the last exchanges of a test to its report, if it fails."""

    def __init__(self) -> None:
        self._last: deque[Exchange] = deque(maxlen=_SHOWN)
        self._count = 0

    def observe(self, exchange: Exchange) -> None:
        """Keep an exchange."""
        self._last.append(exchange)
        self._count += 1

    def pytest_runtest_logstart(self) -> None:
        """Forget the exchanges of the test before."""
        self._last.clear()
        self._count = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show them if the test failed."""
        report = yield
        if report.failed and self._last:
            lines = list(map(_line, self._last))
            if left_out := self._count - len(lines):
                lines.insert(0, f"({left_out} earlier ones are left out)")
            report.sections.append(("Cards API exchanges", "\n".join(lines)))
        return report


def _line(exchange: Exchange) -> str:
    target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
    return printable(f"{exchange.method} {target} → {exchange.describe()}", limit=_LONGEST)
