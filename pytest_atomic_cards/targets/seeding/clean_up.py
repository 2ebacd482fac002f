"""Cleaning up: every card that was seeded is cancelled at the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Self

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import (
    SettingsError,
)
from pytest_atomic_cards.support.progress import activity
from pytest_atomic_cards.targets.seeding.cancel_cards import (
    MOST_REPEATS,
    Canceller,
    Steps,
    together,
)
from pytest_atomic_cards.targets.seeding.journal import Journal
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.starts import Start

_FEW_REPEATS: Final = 2
_FIRST_PAUSE: Final = 0.05
_SAMPLE: Final = 10
_CREATION: Final = 3
"""How many times as long as any other start one may take whose response was lost."""
_LEAST_CREATION: Final = 2.0
"""Seconds for such a start at least, where the others were seen at once."""
_MOST_STRAGGLING: Final = 15.0
"""Seconds to wait for further cards of the last starts, once an earlier start sent one late."""
_LATE_PAUSE: Final = 1.0
"""Seconds between looks for cards that are late."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """The outcome of a clean-up.

    Args:
        invocations: How many invocations were seeded.
        left_open: What may still hold active cards, and why.
        waiting: What still holds embargoed or snoozed cards, as whether those can be cancelled is
            an open question; and starts of which not all cards were seen, or shown to be ours.
    """

    invocations: int
    left_open: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[CleanUp]) -> Self:
        """Several clean-ups as one."""
        return cls(
            sum(part.invocations for part in parts),
            tuple(text for part in parts for text in part.left_open),
            tuple(text for part in parts for text in part.waiting),
        )


@dataclass(slots=True)
class Cleaner:
    """Remembers what was started on one target, and cancels what is still open of it.

    Args:
        api: Client of the target.
        ownership: Decides which cards and ids are this run's own.
        journal: Keeps on disk what is remembered, where others share the target.
        patience: Seconds to wait at the end for cards that were not listed yet.

    Attributes:
        starts: All starts that may have made cards.
        unsteadiness: Seconds until listings surely show what has happened; 0 where they never went
            back.
        straggling: Seconds in which a start may send further cards; 0 where each sends one.
    """

    api: CardsApi
    ownership: Ownership
    journal: Journal | None = None
    patience: float = 0.0
    starts: list[Start] = field(default_factory=list)
    unsteadiness: float = 0.0
    straggling: float = 0.0
    _started: float = 0.0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _slowest: float = 0.0
    _canceller: Canceller = field(init=False)

    def __post_init__(self) -> None:
        self._canceller = Canceller(self.api, self.ownership)

    @property
    def cancelled(self) -> int:
        """How many cards the target said it has cancelled."""
        return self._canceller.count

    def begin(
        self,
        users: Iterable[str],
        others: Iterable[str],
        states: Iterable[Status],
        before: Collection[str] = (),
    ) -> Start:
        """Take down a start that is about to be asked for.

        Args:
            users: Customers that exist for this run only, one a card.
            others: Further customers, one a card.
            states: The states that its cards may be in; only open ones matter.
            before: Keys of the cards that ``others`` hold already.

        Raises:
            SettingsError: The journal cannot be written.
        """
        start = Start(
            number=next(self._numbers),
            users=tuple(users),
            others=tuple(others),
            states=frozenset(state for state in states if state.is_open) | {Status.ACTIVE},
            before=frozenset(before),
            begun=REAL_CLOCK.monotonic(),
        )
        self._note(
            start,
            sync=True,
            users=start.users,
            others=start.others,
            states=sorted(start.states),
            before=self.journal.unknown(before) if self.journal else [],
        )
        self.starts.append(start)
        self.ownership.provenance.register(start)
        self._started = start.begun
        return start

    def confirm(self, start: Start, invocation: str) -> None:
        """Take down which invocation a start has become."""
        start.invocation = invocation
        self._note(start, sync=bool(start.others), invocation=invocation)

    def complete(self, start: Start) -> None:
        """Take down that all cards of a start were seen."""
        start.complete = True
        if start.begun:
            self._slowest = max(self._slowest, REAL_CLOCK.monotonic() - start.begun)
        self._note(start, complete=True)

    def withdraw(self, start: Start) -> None:
        """Forget a start that the target did not make."""
        self.starts.remove(start)
        self._note(start)

    def clean_up(self, starts: Iterable[Start]) -> CleanUp:
        """Cancel every card of some starts that is listed as open.

        Where listings go back, an empty one counts only if it is still empty when they surely show
        what has happened.
        """
        starts = list(starts)
        settled = all(start.cleaned for start in starts)
        for _ in range(MOST_REPEATS):
            before = self.cancelled
            report = self._clean_together(starts)
            if not self.unsteadiness or (settled and self.cancelled == before):
                break
            self.api.session.clock.sleep(self.unsteadiness)
            settled = True
        return report

    def _clean_together(self, starts: Sequence[Start]) -> CleanUp:
        """Cancel until nothing is listed as open.

        Listings may lag, so all starts are given time together, until that once did not help.
        """
        running = dict(enumerate(map(self._clean, starts)))
        reports: dict[int, CleanUp] = {}
        with activity("cleaning up invocations", len(starts)) as update:
            for attempt in range(MOST_REPEATS + 1):
                if 1 < attempt < MOST_REPEATS and running and not self._canceller.was_futile:
                    self.api.session.clock.sleep(_FIRST_PAUSE * 2**attempt)
                for number, steps in tuple(running.items()):
                    try:
                        next(steps)
                    except StopIteration as end:
                        reports[number] = end.value
                        del running[number]
                        update(len(reports))
        return CleanUp.of([reports[number] for number in sorted(reports)])

    def finish(self) -> CleanUp:
        """Look again at the end of a run, as a flow may send a card after its clean-up.

        Starts of which something was missing or left are looked at each, and of the others a few,
        the last ones among them. All others are looked at only if a late card comes to light, or
        where listings go back, or starts send several cards one after the other.
        """
        since = REAL_CLOCK.monotonic() - self._started
        self.api.session.clock.sleep(max(0.0, self.straggling - since))
        before = self.cancelled
        late = self._clean_late([start for start in self.starts if not start.complete])
        known = [start for start in self.starts if start.complete]
        sound = [start for start in known if start.cleaned]
        asked = sound[-_SAMPLE:] + sound[:: max(1, len(sound) // _SAMPLE)]
        unasked = set() if self.unsteadiness or self.straggling else {*sound} - {*asked}
        report = self.clean_up([start for start in known if start not in unasked])
        if self.cancelled > before:
            self._await_stragglers(known)
            report = self.clean_up(known)
        report = CleanUp.of([report, late])
        if self.journal:
            self.journal.close(keep=bool(report.left_open or report.waiting))
        return report

    def _await_stragglers(self, starts: Sequence[Start]) -> None:
        """Wait until the last start is as old as the one of which a card came to light late."""
        begun = [start.begun for start in starts if start.begun]
        if begun:
            oldest = REAL_CLOCK.monotonic() - min(begun)
            age = REAL_CLOCK.monotonic() - max(begun)
            self.api.session.clock.sleep(min(oldest - age, _MOST_STRAGGLING))

    def name_of(self, start: Start) -> str:
        """The id of a start in reports, by which it can be discarded."""
        journal = self.journal.name if self.journal else ""
        return f"{journal}-{start.number}" if journal else str(start.number)

    def _clean_late(self, starts: Sequence[Start]) -> CleanUp:
        """Clean up starts that were not seen completely; names those that still are not."""
        until = REAL_CLOCK.monotonic() + self.patience
        report = self.clean_up(starts)
        while (left := self._time_left(starts, until)) > 0:
            self.api.session.clock.sleep(min(left, _LATE_PAUSE))
            report = self.clean_up(starts)
        missing = tuple(
            f"start {self.name_of(start)}: {self._missing(start)}"
            for start in filter(self._is_missing, starts)
        )
        return CleanUp.of([report, CleanUp(0, waiting=missing)])

    def _time_left(self, starts: Sequence[Start], until: float) -> float:
        """Seconds for which waiting for missing cards may still help."""
        missing = list(filter(self._is_missing, starts))
        moments = [until, *(start.begun + self._creation for start in missing if _is_lost(start))]
        return max(moments) - REAL_CLOCK.monotonic() if missing else 0.0

    @property
    def _creation(self) -> float:
        """Seconds after which the cards of a start are listed; 0 while that is not known."""
        return max(_LEAST_CREATION, _CREATION * self._slowest) if self._slowest else 0.0

    def _is_missing(self, start: Start) -> bool:
        """Whether cards of a start may still come to light."""
        if start.complete or start.untraceable:
            return False
        gone = self._creation and REAL_CLOCK.monotonic() > start.begun + self._creation
        return not (_is_lost(start) and gone)

    def _missing(self, start: Start) -> str:
        """What of a start was not seen, and why."""
        seen = self.ownership.provenance.count_of(start)
        what = f"{seen} of its {start.count} card(s) were listed and shown to be of this run"
        if start.invocation is None:
            return f"its response was lost, and {what}; it may or may not have been made"
        stranger = self.ownership.stranger_under(Attribute.FLOW_INVOCATION_ID, start.invocation)
        if stranger:
            return (
                f"its response named invocation {start.invocation}, which also holds a card of "
                f"customer {stranger}, so that nothing is done by it; {what}"
            )
        return f"accepted as invocation {start.invocation}, but only {what}; others may come late"

    def _clean(self, start: Start) -> Steps[CleanUp]:
        waiting, left = yield from self._cleaned_by(start, start.pins)
        if not start.complete:
            if start.invocation:  # its cards may be listed under another one than it named
                more = yield from self._cleaned_by(start, start.pins_by_customer)
                waiting, left = waiting + more[0], left + more[1]
            if self.ownership.provenance.count_of(start) >= start.count:
                with suppress(SettingsError):
                    self.complete(start)
        if start.untraceable:
            customers = ", ".join(dict.fromkeys(start.untraceable))
            waiting.append(
                f"start {self.name_of(start)}: cards of {customers}: the response to the start "
                "was lost, so that nothing shows which of their cards belong to this run; look in "
                "the Workbench, then discard it"
            )
        report = CleanUp(
            int(start.invocation is not None),
            tuple(filter(None, left)),
            tuple(filter(None, waiting)),
        )
        clean = not (report.left_open or report.waiting)
        if clean and start.complete and not (start.cleaned or self.unsteadiness):
            with suppress(SettingsError):  # a mark that is missing only makes others look again
                self._note(start, cleaned=True)
        start.cleaned = clean
        return report

    def _cleaned_by(self, start: Start, pins: Sequence[CardQuery]) -> Steps[tuple[list[str], ...]]:
        """Cancel what is open of a start by some pins; what waits, and what is left open."""
        return (
            yield from together(
                [
                    self._canceller.cancelled(pin, state, _FEW_REPEATS)
                    for pin in pins
                    for state in sorted(start.states - {Status.ACTIVE})
                ],
                [self._canceller.cancelled(pin, Status.ACTIVE, MOST_REPEATS) for pin in pins],
            )
        )

    def _note(self, start: Start, *, sync: bool = False, **what: object) -> None:
        if self.journal:
            self.journal.write(sync=sync, start=start.number, **what)


def _is_lost(start: Start) -> bool:
    """Whether the response to a start of this process was lost."""
    return start.invocation is None and start.begun > 0
