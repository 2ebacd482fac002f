"""Flow batches: seed a population with as few starts of the flow as the target accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Final

from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.client.scope_guard import Scope
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    MisuseError,
    NotAvailableError,
    OutcomeUnknownError,
    SeedingError,
    TransportError,
)
from pytest_atomic_cards.targets.seeding.backend import Placement, SeedingBackend
from pytest_atomic_cards.targets.seeding.clean_up import Cleaner
from pytest_atomic_cards.targets.seeding.starts import Start

_PORTIONS: Final = (100, 20, 5, 1)
"""Cards of a start to try, if all at once are refused: few sizes, as each refusal costs a request,
and none below a quarter of the next, so that there are few more starts than needed."""
_NOT_FOR_SIZE: Final = frozenset({401, 403, 404})
"""Refusals that a smaller start would get as well."""
_NOT_FOR_JOINING: Final = _NOT_FOR_SIZE | {429}
"""Refusals that a start with an invocation of its own would get as well."""
_TRIES: Final = 5
"""Starts to send while responses are lost: if every third is, one in 240 populations fails."""
_FEW: Final = 20
"""Portions of a population that is started again as a whole if one response is lost. With more of
them the whole would hardly ever succeed on a network that loses responses, so a portion is repeated
alone, at the price of further cards in the invocation."""


class FlowStarter:
    """Starts populations, and registers every card that may result for clean-up and scope.

    Threads may share it.

    A target may limit the customers, the flows or the bytes of a start request. If it refuses a
    population as a whole, further starts join the invocation of the first; if it gives each start
    its own invocation, or refuses one that exists, the cards go to one customer of this run.

    Args:
        backend: Creates the cards.
        cleaner: Remembers what to clean up.
        scope: Learns which ids this run claims; ``None`` if no guard is needed.
    """

    def __init__(self, backend: SeedingBackend, cleaner: Cleaner, scope: Scope | None) -> None:
        self._ownership = cleaner.ownership if scope and scope.evidence else None
        self._backend = backend
        self._cleaner = cleaner
        self._scope = scope
        self._noting = Lock()
        self._can_join = True
        self._starts_without_options = False
        self.starts: list[Start] = []
        """Everything that was started here and may have created cards."""

    def learn_from(self, other: FlowStarter) -> None:
        """Take over that the same target accepts starts, so that a refusal is one of options."""
        self._starts_without_options |= other._starts_without_options

    def place(self, population: Population) -> Placement:
        """Start a population so that one query selects it.

        Raises:
            NotAvailableError: The target cannot create such cards, or not so many that belong
                together; or it refuses options, though it accepts starts without any.
            SeedingError: The target refused even one card, or gave no usable response.
        """
        if not population.specs:
            raise SeedingError("a population to seed must hold at least one card")
        options = {name for spec in population for name in _options(spec)}
        try:
            placed = self._in_largest_portions(population)
        except SeedingError as error:
            if options and self._starts_without_options and _refusal(error):
                text = f"a start with {' and '.join(sorted(options))} is refused: {error}"
                raise NotAvailableError(text, error.exchange) from None
            raise
        self._starts_without_options |= not options
        return placed

    def _in_largest_portions(self, population: Population) -> Placement:
        """Start a population at once, or else in the largest portions that are accepted."""
        sizes = [len(population), *(size for size in _PORTIONS if size < len(population))]
        for size in sizes:
            try:
                return self._placed_for_sure(population, size)
            except SeedingError as error:
                status = error.exchange.status if error.exchange else None
                if status is None or status in _NOT_FOR_SIZE:
                    raise
                refusal = error
        raise refusal

    def _placed_for_sure(self, population: Population, size: int) -> Placement:
        """Start anew if a response was lost, as cards that appear late belong to no group."""
        try:
            return until_known(partial(self._in_portions, population, size), tries=_TRIES)
        except OutcomeUnknownError as error:
            raise SeedingError(
                f"no usable response in {_TRIES} attempts: {error}", error.exchange
            ) from None

    def _in_portions(self, population: Population, size: int) -> Placement:
        head, *rest = population.portions(size)
        if rest and not self._can_join:
            return self._apart(population, size)
        first = self._start(head)
        if rest and self._ownership:
            self._ownership.refuse_strangers(first.invocation)
        parts = [first]
        for portion in rest:
            part = self._joined(portion, first.invocation, _tries(rest))
            if part is None:
                return self._apart(population, size)
            parts.append(part)
        return replace(
            first,
            users=tuple(user for part in parts for user in part.users),
            starts=tuple(start for part in parts for start in part.starts),
        )

    def _joined(self, portion: Population, invocation: str, tries: int) -> Placement | None:
        """Start what shall join an invocation; ``None`` if the target does not let it.

        The target accepted a start as large as this one, so a refusal is not about its size.
        """
        try:
            part = self._start(portion, invocation, tries=tries)
        except SeedingError as error:
            if _refusal(error) in {None, *_NOT_FOR_JOINING}:
                raise
            part = None
        self._can_join = part is not None and part.invocation == invocation
        return part if self._can_join else None

    def _apart(self, population: Population, size: int) -> Placement:
        """Start cards of several invocations for one customer who has no others."""
        reason = (
            "the target accepts no start for so many cards, and gives each start its own "
            "invocation or refuses to add to one, so that no query selects them together"
        )
        if any(spec.user_id for spec in population):
            raise NotAvailableError(f"{reason} for the customers that are wanted")
        try:
            user = self._backend.new_user()
        except NotAvailableError as error:
            raise NotAvailableError(f"{reason}; {error}") from None
        portions = population.with_fields(user_id=user).portions(size)
        first, *rest = [self._start(portion, tries=_tries(portions)) for portion in portions]
        further = frozenset(part.invocation for part in rest)
        starts = tuple(start for part in (first, *rest) for start in part.starts)
        return replace(first, users=(user,) * len(population), starts=starts, further=further)

    def _start(
        self, population: Population, invocation: str | None = None, *, tries: int = 1
    ) -> Placement:
        return until_known(partial(self._start_once, population, invocation), tries=tries)

    def _start_once(self, population: Population, invocation: str | None) -> Placement:
        users = self._backend.choose_users(population)
        own = [user for user in users if self._backend.owns(user)]
        others = [user for user in users if not self._backend.owns(user)]
        ownership = self._ownership
        before = ownership.provenance.look_before(others) if ownership else frozenset()
        with self._noting:
            start = self._cleaner.register.begin(
                own, others, (spec.status for spec in population), before
            )
            self.starts.append(start)
        if self._scope:
            for user in own:
                self._scope.adopt_user(user)
        try:
            started = self._backend.place(population, users, invocation)
        except (MisuseError, NotAvailableError, SeedingError, TransportError) as error:
            if not isinstance(error, OutcomeUnknownError):
                with self._noting:
                    self._cleaner.register.withdraw(start)
                    self.starts.remove(start)
            raise
        except ContractBrokenError as error:
            raise SeedingError(f"a start was accepted, but is unreliable: {error}") from None
        with self._noting:  # of two starts with one response the second is unreliable
            is_known = ownership is not None and ownership.provenance.knows(started)
            self._cleaner.register.confirm(start, started)
        if self._scope:
            self._scope.adopt_invocation(started)
        if is_known and started != invocation:
            raise SeedingError(
                f"the response to a new start names invocation {started}, which belongs to an "
                "earlier start of this run; it may be a cached or replayed response"
            )
        return Placement(
            started,
            users,
            users_are_ours=not others,
            starts=(start,),
            expire=any(spec.expires for spec in population),
            embargoed=sum(spec.embargo is not None for spec in population),
        )


def _options(spec: CardSpec) -> Iterator[str]:
    """What a start asks for that a target need not support."""
    if spec.embargo or spec.expires:
        yield "delivery options"
    if spec.lifecycle_id:
        yield "lifecycleId"


def _refusal(error: SeedingError) -> int | None:
    """The status with which a target refused a start; ``None`` if it did not."""
    exchange = error.exchange
    return exchange.status if exchange and not exchange.is_server_error else None


def _tries(portions: Sequence[Population]) -> int:
    """How often to try one portion: once, if starting the population again is likely to succeed."""
    return 1 if len(portions) <= _FEW else _TRIES
