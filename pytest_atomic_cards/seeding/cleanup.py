"""Cleaning up: every card that was seeded is cancelled at the end."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Self, TypeVar

from pytest_atomic_cards.cards import Card
from pytest_atomic_cards.client.api import CardsApi
from pytest_atomic_cards.errors import (
    AtomicCardsError,
    NotAvailableError,
    OutcomeUnknownError,
    ScopeError,
    SettingsError,
)
from pytest_atomic_cards.exchange import Exchange
from pytest_atomic_cards.lifecycle import Action, Status
from pytest_atomic_cards.progress import activity
from pytest_atomic_cards.query import CardQuery
from pytest_atomic_cards.seeding.arranging import act_on_state
from pytest_atomic_cards.seeding.journal import Journal, Start
from pytest_atomic_cards.seeding.reader import LARGEST_PAGE, Reader
from pytest_atomic_cards.timeline import REAL_TIME

Outcome = TypeVar("Outcome")
Steps = Generator[None, None, Outcome]
"""Something done step by step, with time for listings to catch up in between."""

_MOST_REPEATS: Final = 6
_FEW_REPEATS: Final = 2
_FIRST_PAUSE: Final = 0.05
_SAMPLE: Final = 10
_MOST_IN_VAIN: Final = 5


@dataclass(frozen=True, slots=True)
class CleanUp:
    """What became of the cards that were seeded.

    Args:
        invocations: How many invocations were seeded.
        left_open: What may still hold active cards, and why.
        waiting: What still holds embargoed or snoozed cards, as whether those can be cancelled is
            an open question; and starts for customers of the settings whose answer was lost.
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
        reader: Lists cards.
        journal: Keeps on disk what is remembered, where others share the target.

    Attributes:
        starts: All starts that may have made cards.
        cancelled: How many cards the target said it has cancelled.
        unsteadiness: Seconds until listings surely show what has happened; 0 where they never went
            back.
        straggling: Seconds in which a start may send further cards; 0 where each sends one.
    """

    api: CardsApi
    reader: Reader
    journal: Journal | None = None
    starts: list[Start] = field(default_factory=list)
    cancelled: int = 0
    unsteadiness: float = 0.0
    straggling: float = 0.0
    _started: float = 0.0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _futile: bool = False

    def begin(self, users: Iterable[str], others: Iterable[str], states: Iterable[Status]) -> Start:
        """Take down a start that is about to be asked for.

        Args:
            users: Customers that exist for this run only.
            others: Further customers.
            states: The states that its cards may be in; only open ones matter.

        Raises:
            SettingsError: The journal cannot be written.
        """
        start = Start(
            number=next(self._numbers),
            users=tuple(users),
            others=tuple(others),
            states=frozenset(state for state in states if state.is_open) | {Status.ACTIVE},
        )
        self._note(
            start, sync=True, users=start.users, others=start.others, states=sorted(start.states)
        )
        self.starts.append(start)
        self._started = REAL_TIME.monotonic()
        return start

    def confirm(self, start: Start, invocation: str) -> None:
        """Take down which invocation a start has become."""
        start.invocation = invocation
        self._note(start, sync=bool(start.others), invocation=invocation)

    def complete(self, start: Start) -> None:
        """Take down that all cards of a start were seen."""
        start.complete = True
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
        for _ in range(_MOST_REPEATS):
            before = self.cancelled
            report = self._clean_together(starts)
            if not self.unsteadiness or (settled and self.cancelled == before):
                break
            self.api.session.timeline.sleep(self.unsteadiness)
            settled = True
        return report

    def _clean_together(self, starts: Sequence[Start]) -> CleanUp:
        """Cancel until nothing is listed as open.

        Listings may lag behind, so all starts are given time together, until that was in vain once.
        """
        running = dict(enumerate(map(self._clean, starts)))
        reports: dict[int, CleanUp] = {}
        with activity("cleaning up invocations", len(starts)) as update:
            for attempt in range(_MOST_REPEATS + 1):
                if 1 < attempt < _MOST_REPEATS and running and not self._futile:
                    self.api.session.timeline.sleep(_FIRST_PAUSE * 2**attempt)
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
        since = REAL_TIME.monotonic() - self._started
        self.api.session.timeline.sleep(max(0.0, self.straggling - since))
        sound = [start for start in self.starts if start.complete and start.cleaned]
        asked = sound[-_SAMPLE:] + sound[:: max(1, len(sound) // _SAMPLE)]
        unasked = set() if self.unsteadiness or self.straggling else {*sound} - {*asked}
        before = self.cancelled
        report = self.clean_up([start for start in self.starts if start not in unasked])
        if self.cancelled > before:
            rest = self.clean_up([start for start in sound if start in unasked])
            report = CleanUp.of([report, rest])
        if self.journal:
            self.journal.close(keep=bool(report.left_open or report.waiting))
        return report

    def _clean(self, start: Start) -> Steps[CleanUp]:
        waiting, left = yield from _together(
            [
                self._cancelled(pin, state, _FEW_REPEATS)
                for pin in start.pins
                for state in sorted(start.states - {Status.ACTIVE})
            ],
            [self._cancelled(pin, Status.ACTIVE, _MOST_REPEATS) for pin in start.pins],
        )
        if start.untraceable:
            customers = ", ".join(dict.fromkeys(start.untraceable))
            waiting.append(
                f"cards of {customers}: the answer to a start was lost, and which of their cards "
                "are of this run cannot be told; look in the Workbench, then remove the journal"
            )
        report = CleanUp(
            int(start.invocation is not None),
            tuple(filter(None, left)),
            tuple(filter(None, waiting)),
        )
        clean = not (report.left_open or report.waiting)
        if clean and not (start.cleaned or self.unsteadiness):
            with suppress(SettingsError):  # a mark that is missing only makes others look again
                self._note(start, cleaned=True)
        start.cleaned = clean
        return report

    def _note(self, start: Start, *, sync: bool = False, **what: object) -> None:
        if self.journal:
            self.journal.write(sync=sync, start=start.number, **what)

    def _cancel_singly(self, cards: Iterable[Card]) -> None:
        """Cancel cards one by one, where they cannot be together, until that is in vain too."""
        in_vain = 0
        for card in cards:
            if in_vain == _MOST_IN_VAIN:
                return
            if card.flow_instance_id:
                with suppress(ScopeError, NotAvailableError, OutcomeUnknownError):
                    alone = CardQuery(flow_instance_id=card.flow_instance_id, multiple=True)
                    updated = _updated(self.api.act_exchange(Action.CANCEL, alone))
                    self.cancelled += updated
                    in_vain = 0 if updated else in_vain + 1

    def _listed(self, pin: CardQuery, state: Status) -> Sequence[Card]:
        """Some cards that a pin selects and that are in a state; none if there are none.

        A target that joins attributes by *or* lists others as well. There the pin is asked alone.
        """
        listed = self.reader.page(pin.replace(status=state)).cards
        if len(_in_state(pin, state, listed)) == len(listed):
            return listed
        return self._all_listed(pin, state)

    def _all_listed(self, pin: CardQuery, state: Status) -> Sequence[Card]:
        """The cards that a pin selects, whatever else it lists, and that are in a state."""
        return _in_state(pin, state, self.reader.find(pin).cards)

    def _cancel(self, pin: CardQuery, state: Status) -> tuple[bool, str]:
        """Cancel at once what a pin selects; whether the target did, and what came."""
        batch = pin.replace(multiple=True, limit=LARGEST_PAGE)
        try:
            exchange = act_on_state(self.api, Action.CANCEL, batch, state)
        except NotAvailableError as error:
            return False, str(error)
        self.cancelled += _updated(exchange)
        return exchange.succeeded, exchange.describe()

    def _cancelled(self, pin: CardQuery, state: Status, repeats: int) -> Steps[str]:
        """Cancel what is in a state of what a pin selects; empty, or what may be left and why.

        An answer that is lost does no harm: the next listing shows what is left.
        """
        query, answer = pin.replace(status=state), "no answer"
        try:
            for _ in range(repeats):
                listed = self._listed(pin, state)
                if not listed:
                    return ""
                with suppress(OutcomeUnknownError):
                    done, answer = self._cancel(pin, state)
                    if not done:
                        self._cancel_singly(self._all_listed(pin, state))
                yield
        except AtomicCardsError as error:
            return f"cards of {query}: {error}"
        self._futile |= repeats == _MOST_REPEATS
        return f"cards of {query}: still listed after {repeats} cancels, {answer}"


def _in_state(pin: CardQuery, state: Status, cards: Iterable[Card]) -> Sequence[Card]:
    """The cards among some that a pin selects and that are in a state, or may be."""
    return [card for card in cards if card.status in {state, None} and pin.matches(card.attributes)]


def _together(*groups: Sequence[Steps[str]]) -> Steps[tuple[list[str], ...]]:
    """Take the steps of several cancels in turn; what came of those of each group."""
    running = [steps for group in groups for steps in group]
    ends: dict[Steps[str], str] = {}
    while True:
        for steps in running:
            try:
                next(steps)
            except StopIteration as end:
                ends[steps] = end.value
        running = [steps for steps in running if steps not in ends]
        if not running:
            return tuple([ends[steps] for steps in group] for group in groups)
        yield


def _updated(exchange: Exchange) -> int:
    """How many cards an answer says were changed; at least one if it was a success."""
    if not exchange.succeeded:
        return 0
    try:
        return max(int(exchange.json()["summary"]["updated"]), 1)
    except (TypeError, KeyError, ValueError):
        return 1
