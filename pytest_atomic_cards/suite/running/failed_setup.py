"""FailedSetup: why contracts cannot run if not even a first card of this run is listed.

The responses that were seen while waiting may violate requirements by themselves, and then they are
the cause to report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.support.errors import ContractBrokenError, SeedingError

if TYPE_CHECKING:
    from pytest_atomic_cards.rules.verdicts import Violation

START_THERE: Final = "; start there"
"""The end of a reason that names the violations behind it."""


class FailedSetup:
    """Why the first seeding failed.

    Attributes:
        cause: The reason to give for contracts that could not run; empty if nothing was violated.
    """

    def __init__(self) -> None:
        self.cause = ""

    @contextmanager
    def explained_by(self, violations: Mapping[str, Violation]) -> Iterator[None]:
        """Explain the failure of a block that seeds, if it fails.

        Args:
            violations: What the rules have found by then, by requirement.
        """
        try:
            yield
        except (SeedingError, ContractBrokenError):
            if names := [name for name in catalogue().requirements if name in violations]:
                self.cause = (
                    "no card of this run was listed, and the responses meanwhile violate "
                    f"{', '.join(names)} ({violations[names[0]].actual}){START_THERE}"
                )
            raise
