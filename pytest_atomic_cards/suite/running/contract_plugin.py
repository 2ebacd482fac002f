"""The contract suite as pytest sees it: contracts, their order, and their findings.

A contract is a test that is marked with the requirement it decides. Registered by the suite's
``conftest.py``; nothing here touches other tests.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Generator
from functools import partial
from typing import Any, Final

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import FORBIDDEN, Level
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.requirements import Requirement, catalogue
from pytest_atomic_cards.rules.verdicts import Inconclusive, Verdict, Violation
from pytest_atomic_cards.suite.probing.listing_history import History
from pytest_atomic_cards.suite.probing.listing_stability import comes_and_goes, shows_otherwise
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.probing.retrying import LOST_RESPONSES
from pytest_atomic_cards.suite.probing.unasked_changes import UnaskedChange
from pytest_atomic_cards.suite.running.failed_setup import FailedSetup
from pytest_atomic_cards.suite.running.result_hooks import ResultHooks
from pytest_atomic_cards.suite.supply.existing_cards import ExistingCards
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    NotAvailableError,
    OutcomeUnknownError,
    SeedingError,
    error_text,
)

MARKER: Final = "requirement"


def requirement(requirement_id: str) -> pytest.MarkDecorator:
    """Mark a test as the contract of one requirement.

    Raises:
        MisuseError: The catalogue has no such requirement.
    """
    return getattr(pytest.mark, MARKER)(catalogue()[requirement_id].id)  # type: ignore[no-any-return]


each_forbidden: Final = pytest.mark.parametrize(
    ("state", "action"),
    [pytest.param(cell.before, cell.action, id=cell.name) for cell in FORBIDDEN],
)
"""Runs a contract on each action in each state that does not allow it."""


_IN_THE_END: Final = "in_the_end"


def in_the_end(contract: Callable[..., None]) -> Callable[..., None]:
    """Mark a contract that changes the cards of others, so that these run before it."""
    # Not a constant: the mark is unknown to a project's own tests, which import this for a summary.
    return getattr(pytest.mark, _IN_THE_END)(contract)  # type: ignore[no-any-return]


_SHOWN_EXCHANGES: Final = 4
"""Exchanges of a finding, the last ones: they show it, and a report stays readable."""


def _shown(exchanges: tuple[Exchange, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(exchange.as_dict() for exchange in exchanges[: -_SHOWN_EXCHANGES - 1 : -1])


def _requirement_of(item: pytest.Item) -> Requirement:
    marker = item.get_closest_marker(MARKER)
    if marker is None:
        raise pytest.UsageError(f"contract {item.nodeid} names no requirement")
    return catalogue()[marker.args[0]]


def arrange(config: pytest.Config, items: list[pytest.Item], only: Collection[str]) -> None:
    """Put contracts in the order of the catalogue, and deselect all but those of some requirements.

    Args:
        config: Is notified of deselected tests.
        items: All collected tests; contracts among them are selected and put in order.
        only: Ids of the requirements to keep; all if empty.

    Raises:
        MisuseError: The catalogue has no such requirement.
    """
    wanted = {catalogue()[requirement_id].id for requirement_id in only}
    places = {name: place for place, name in enumerate(catalogue().areas)}
    contracts = [item for item in items if item.get_closest_marker(MARKER)]
    contracts.sort(
        key=lambda item: (
            item.get_closest_marker(_IN_THE_END) is not None,
            places[_requirement_of(item).area],
        )
    )
    if wanted:
        kept = [item for item in contracts if _requirement_of(item).id in wanted]
        config.hook.pytest_deselected(items=[item for item in contracts if item not in kept])
        contracts = kept
    items[:] = [item for item in items if not item.get_closest_marker(MARKER)] + contracts


def is_grave(finding: Finding, *, strict: bool) -> bool:
    """Whether a finding makes the run fail."""
    if finding.verdict not in {Verdict.VIOLATED, Verdict.DRIFTED, Verdict.INCONCLUSIVE}:
        return False
    return strict or catalogue()[finding.requirement].level is Level.DOCUMENTED


class ContractHooks(ResultHooks[Finding]):
    """Turns outcomes of contracts into findings, in the process that runs them."""

    marker = MARKER

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self.failed_setup = FailedSetup()
        self.existing: ExistingCards | None = None
        self.histories: list[History] = []

    def result(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Finding | None:
        """What a phase of a contract found; ``None`` if it decided nothing."""
        found = partial(Finding, item.name, _requirement_of(item).id)
        error = call.excinfo.value if call.excinfo else None
        if call.when == "setup" and isinstance(error, SeedingError | ContractBrokenError):
            cause = self.failed_setup.cause
            error = Inconclusive(cause) if cause else error
        if error is None:
            return found(Verdict.HELD) if call.when == "call" else None
        if isinstance(error, Violation):
            notes = "; ".join(getattr(error, "__notes__", ()))
            reason = f"{error} ({notes})" if notes else str(error)
            exchanges = _shown(error.exchanges)
            return found(Verdict.VIOLATED, reason, error.expected, error.actual, exchanges)
        if isinstance(error, (pytest.skip.Exception, NotAvailableError)):
            return found(Verdict.NOT_EXERCISED, str(error))
        if isinstance(error, AtomicCardsError):
            error = Inconclusive.because_of(error)
        if isinstance(error, Inconclusive):
            return found(Verdict.INCONCLUSIVE, str(error), exchanges=_shown(error.exchanges))
        if isinstance(error, Exception):
            return found(Verdict.INCONCLUSIVE, error_text(error))
        return None

    def fails(self, result: Finding) -> bool:
        """Whether a finding fails the run."""
        return is_grave(result, strict=self._strict)

    def _may_be_ours(self, error: BaseException, again: Callable[[], None]) -> None:
        """Raise unless the target is to blame for a violation, as far as listings show.

        Args:
            error: Why a contract failed.
            again: Runs the contract once more. Somebody else hardly acts on its cards twice, but
                a target whose actions reach too far does it again.

        Raises:
            Inconclusive: Somebody else acted on a card that the violation is about.
        """
        if not isinstance(error, Violation) or not (foreign := self._unasked(error)):
            return
        change, history = foreign
        if history.is_shared and not (change.is_doubtful and _fails(again)):
            raise Inconclusive(f"{change}; before that: {error}", error.exchanges) from None
        error.add_note(str(change))

    def _unasked(self, error: Violation) -> tuple[UnaskedChange, History] | None:
        """A change that this run did not ask for, of a card that a violation is about."""
        for history in self.histories:
            for change in history.changes.found():
                if change.concerns(error):
                    return change, history
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
        """Run a contract again if a response was lost, or a listing has changed since."""
        if pyfuncitem.get_closest_marker(MARKER) is None:
            return (yield)
        parameters = inspect.signature(pyfuncitem.obj).parameters
        arguments = {name: pyfuncitem.funcargs[name] for name in parameters}
        try:
            return (yield)
        except (OutcomeUnknownError, Violation) as error:
            if self.existing and isinstance(error, Violation) and self.existing.have_changed():
                raise Inconclusive(
                    f"cards that others own have changed meanwhile; before that: {error}",
                    error.exchanges,
                ) from None
            self._may_be_ours(error, lambda: pyfuncitem.obj(**arguments))
            doubtful = _doubtful(error, arguments)
            restless = _is_restless(error, arguments)
        for _ in range(LOST_RESPONSES):
            try:
                pyfuncitem.obj(**arguments)
            except (OutcomeUnknownError, Violation) as error:
                doubtful = _doubtful(error, arguments)
            else:
                if restless:
                    raise Inconclusive(
                        "a card comes and goes in listings while nothing is written; "
                        f"before that: {doubtful}",
                        getattr(doubtful, "exchanges", ()),
                    )
                return True
        raise doubtful


def _doubtful(
    error: OutcomeUnknownError | Violation, arguments: dict[str, Any]
) -> OutcomeUnknownError | Violation:
    """An error that may not occur again; any other is raised."""
    if isinstance(error, Violation) and not any(
        shows_otherwise(probe, error.exchanges) for probe in _probes(arguments)
    ):
        raise error
    return error


def _fails(contract: Callable[[], None]) -> bool:
    """Whether a contract is violated."""
    try:
        contract()
    except Violation:
        return True
    except (AtomicCardsError, Inconclusive, pytest.skip.Exception):
        return False
    return False


def _is_restless(error: OutcomeUnknownError | Violation, arguments: dict[str, Any]) -> bool:
    """Whether a listing that broke a contract shows something else now, which no lag explains."""
    return isinstance(error, Violation) and any(
        comes_and_goes(probe, error.exchanges) for probe in _probes(arguments)
    )


def _probes(arguments: dict[str, Any]) -> list[Probe]:
    """The probe that a contract asks for, if it asks for one."""
    return [one for one in arguments.values() if isinstance(one, Probe)][:1]
