"""Supply: fresh cards for one run of a machine after another, and patience with one target."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_atomic_cards.errors import NotAvailableError, SeedingError
from pytest_atomic_cards.lifecycle import Status
from pytest_atomic_cards.seeding.polling import poll
from pytest_atomic_cards.seeding.spec import CardSpec, Population
from pytest_atomic_cards.verification.reserve import Reserve
from pytest_atomic_cards.verification.verdicts import Violation

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.seeding.reader import Group
    from pytest_atomic_cards.world import Cards

Seen = TypeVar("Seen")

_SHRINKING: Final = 10.0
_LEAST_PATIENCE: Final = 0.25
_TIMES_AS_PATIENT: Final = 4.0
