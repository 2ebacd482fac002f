"""Faults: named switches that each break a sandbox in one way, to prove what the checks catch."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.faults import (
    access_faults,
    completion_faults,
    concurrency_faults,
    isolation_faults,
    limit_faults,
    multiple_faults,
    pagination_faults,
    protocol_faults,
    query_faults,
    result_faults,
    shape_faults,
    state_faults,
    timestamp_faults,
    timing_faults,
    value_faults,
)
from pytest_atomic_cards.sandbox.faults.fault import Fault, install
from pytest_atomic_cards.sandbox.faults.narrow_fault import SEPARATOR, conditions_in, narrowed
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.suggestions import nearby

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "SEPARATOR", "Fault", "fault_named", "install"]

_AREAS: Final = (
    query_faults,
    value_faults,
    isolation_faults,
    pagination_faults,
    multiple_faults,
    state_faults,
    limit_faults,
    result_faults,
    completion_faults,
    access_faults,
    shape_faults,
    timestamp_faults,
    timing_faults,
    concurrency_faults,
    protocol_faults,
)
FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {fault.name: fault for area in _AREAS for fault in area.FAULTS}
)
"""Every fault by name."""


def fault_named(name: str) -> Fault:
    """The fault with a name; narrowed if conditions follow, as in ``limit-ignored@by=userId``.

    Raises:
        MisuseError: There is no such fault or condition.
    """
    broad, *conditions = name.split(SEPARATOR)
    fault = FAULTS.get(broad)
    if fault is None:
        hint = nearby(broad, FAULTS) or "; 'atomic-cards faults' lists all"
        raise MisuseError(f"there is no fault {broad!r}{hint}")
    return narrowed(fault, conditions_in(conditions)) if conditions else fault
