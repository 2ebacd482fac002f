"""FailedSetup: what the exchanges of a failed seeding show about the target.

If not even a first card appears, most contracts cannot run. But the responses that were seen while
waiting may violate requirements by themselves, and then they are the cause to report.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.rules import parse_response
from pytest_atomic_cards.rules.monitor import Monitor
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.support.errors import ContractBrokenError, SeedingError

if TYPE_CHECKING:
    from pytest_atomic_cards.client.session import Listener
    from pytest_atomic_cards.model.exchange import Exchange

START_THERE: Final = "; start there"
"""The end of a reason that names the violations behind it."""
_JUDGED: Final = 1_000
"""Exchanges to judge, the first ones: later ones repeat them if a target never lists a card."""


class FailedSetup:
    """Judges the exchanges of seedings that failed.

    Attributes:
        violations: The first violation of each requirement, if a seeding failed.
        cause: The reason to give for contracts that could not run; empty if nothing was violated.
    """

    def __init__(self) -> None:
        self.violations: dict[str, Violation] = {}
        self.cause = ""

    @contextmanager
    def judging(self, listeners: list[Listener]) -> Iterator[None]:
        """Judge the exchanges of a block that seeds, if that fails.

        Args:
            listeners: Those of the session.
        """
        seen: list[Exchange] = []

        def observe(exchange: Exchange) -> None:
            if len(seen) < _JUDGED:
                seen.append(exchange)

        listeners.append(observe)
        try:
            yield
        except (SeedingError, ContractBrokenError):
            self._judge(seen)
            raise
        finally:
            listeners.remove(observe)

    def _judge(self, exchanges: list[Exchange]) -> None:
        monitor = Monitor()
        for exchange in exchanges:
            response = parse_response(exchange)
            for rule, found in monitor.see(response) if response else ():
                violation = Violation(found.expected, found.actual, (exchange,))
                self.violations.setdefault(rule.requirement, violation)
        if names := [name for name in catalogue().requirements if name in self.violations]:
            self.cause = (
                "no card of this run was listed, and the responses meanwhile violate "
                f"{', '.join(names)} ({self.violations[names[0]].actual}){START_THERE}"
            )
