"""The register of starts: what was started on one target, kept for its clean-up."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets.seeding.journal import Journal
from pytest_atomic_cards.targets.seeding.missing_cards import MissingCards
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.starts import Start


@dataclass(slots=True)
class StartRegister:
    """Remembers what was started on one target.

    Args:
        ownership: Decides which cards and ids are this run's own.
        journal: Keeps on disk what is remembered, if others share the target.
        most_cards: Most cards that starts may request in all.

    Attributes:
        starts: All starts that may have created cards.
        missing: Which of their cards were not seen yet.
        last: When the last of them was requested, by the clock of this process.
    """

    ownership: Ownership
    journal: Journal | None = None
    most_cards: float = math.inf
    starts: list[Start] = field(default_factory=list)
    missing: MissingCards = field(init=False)
    last: float = 0.0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.missing = MissingCards(self.ownership)

    def begin(
        self,
        users: Iterable[str],
        others: Iterable[str],
        states: Iterable[Status],
        before: Collection[str] = (),
    ) -> Start:
        """Record a start that is about to be requested.

        Args:
            users: Customers that exist for this run only, one per card.
            others: Further customers, one per card.
            states: The states that its cards may be in; only open ones matter.
            before: Keys of the cards that ``others`` hold already.

        Raises:
            NotAvailableError: There would be more cards than allowed.
            SettingsError: The journal cannot be written.
        """
        users, others = tuple(users), tuple(others)
        requested = sum(start.count for start in self.starts)
        if requested + len(users) + len(others) > self.most_cards:
            raise NotAvailableError(
                f"--cards-max-cards allows this process {self.most_cards:g} cards; {requested} "
                f"were created, and this needs {len(users) + len(others)} more"
            )
        start = Start(
            number=next(self._numbers),
            users=users,
            others=others,
            states=frozenset(state for state in states if state.is_open) | {Status.ACTIVE},
            before=frozenset(before),
            begun=REAL_CLOCK.monotonic(),
        )
        self.note(
            start,
            sync=True,
            users=start.users,
            others=start.others,
            states=sorted(start.states),
            before=self.journal.unknown(before) if self.journal else [],
        )
        self.starts.append(start)
        self.ownership.provenance.register(start)
        self.last = start.begun
        return start

    def confirm(self, start: Start, invocation: str) -> None:
        """Record the invocation that the response to a start named."""
        start.invocation = invocation
        self.note(start, sync=bool(start.others), invocation=invocation)

    def complete(self, start: Start) -> None:
        """Record that all cards of a start were seen."""
        start.complete = True
        self.missing.arrived(start)
        self.note(start, complete=True)

    def withdraw(self, start: Start) -> None:
        """Forget a start that the target did not carry out."""
        self.starts.remove(start)
        self.note(start)

    def name_of(self, start: Start) -> str:
        """The id of a start in reports, by which it can be discarded."""
        journal = self.journal.name if self.journal else ""
        return f"{journal}-{start.number}" if journal else str(start.number)

    def note(self, start: Start, *, sync: bool = False, **what: object) -> None:
        """Write something about a start into the journal, if there is one."""
        if self.journal:
            self.journal.write(sync=sync, start=start.number, **what)
