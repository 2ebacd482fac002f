"""Cleaning up: every card that was seeded is cancelled at the end."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
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
from pytest_atomic_cards.lifecycle import Action, Status
from pytest_atomic_cards.progress import activity
from pytest_atomic_cards.query import Attribute, CardQuery
from pytest_atomic_cards.seeding.arranging import act_on_state
from pytest_atomic_cards.seeding.effects import updated
from pytest_atomic_cards.seeding.journal import Journal, Start
from pytest_atomic_cards.seeding.ownership import Ownership
from pytest_atomic_cards.seeding.reader import LARGEST_PAGE
from pytest_atomic_cards.timeline import REAL_TIME

Outcome = TypeVar("Outcome")
Steps = Generator[None, None, Outcome]
"""Something done step by step, with time for listings to catch up in between."""

_MOST_REPEATS: Final = 6
_FEW_REPEATS: Final = 2
_FIRST_PAUSE: Final = 0.05
_SAMPLE: Final = 10
_MOST_IN_VAIN: Final = 5
"""Single cancels without effect after which no more are tried in one go."""
_CREATION: Final = 3
"""How many times as long as any other start one may take whose response was lost."""
_LEAST_CREATION: Final = 2.0
"""Seconds for such a start at least, where the others were seen at once."""
_LATE_PAUSE: Final = 1.0
"""Seconds between looks for cards that are late."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """What became of the cards that were seeded.

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
        cancelled: How many cards the target said it has cancelled.
        unsteadiness: Seconds until listings surely show what has happened; 0 where they never went
            back.
        straggling: Seconds in which a start may send further cards; 0 where each sends one.
    """

    api: CardsApi
    ownership: Ownership
    journal: Journal | None = None
    patience: float = 0.0
    starts: list[Start] = field(default_factory=list)
    cancelled: int = 0
    unsteadiness: float = 0.0
    straggling: float = 0.0
    _started: float = 0.0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _futile: bool = False
    _slowest: float = 0.0

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
            begun=REAL_TIME.monotonic(),
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
        self.ownership.register(start)
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
            self._slowest = max(self._slowest, REAL_TIME.monotonic() - start.begun)
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
        before = self.cancelled
        late = self._clean_late([start for start in self.starts if not start.complete])
        known = [start for start in self.starts if start.complete]
        sound = [start for start in known if start.cleaned]
        asked = sound[-_SAMPLE:] + sound[:: max(1, len(sound) // _SAMPLE)]
        unasked = set() if self.unsteadiness or self.straggling else {*sound} - {*asked}
        report = self.clean_up([start for start in known if start not in unasked])
        if self.cancelled > before:
            rest = self.clean_up([start for start in sound if start in unasked])
            report = CleanUp.of([report, rest])
        report = CleanUp.of([report, late])
        if self.journal:
            self.journal.close(keep=bool(report.left_open or report.waiting))
        return report

    def name_of(self, start: Start) -> str:
        """The id of a start in reports, by which it can be discarded."""
        journal = self.journal.name if self.journal else ""
        return f"{journal}-{start.number}" if journal else str(start.number)

    def _clean_late(self, starts: Sequence[Start]) -> CleanUp:
        """Clean up starts that were not seen completely; names those that still are not."""
        until = REAL_TIME.monotonic() + self.patience
        report = self.clean_up(starts)
        while (left := self._time_left(starts, until)) > 0:
            self.api.session.timeline.sleep(min(left, _LATE_PAUSE))
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
        return max(moments) - REAL_TIME.monotonic() if missing else 0.0

    @property
    def _creation(self) -> float:
        """Seconds after which the cards of a start are listed; 0 while that is not known."""
        return max(_LEAST_CREATION, _CREATION * self._slowest) if self._slowest else 0.0

    def _is_missing(self, start: Start) -> bool:
        """Whether cards of a start may still come to light."""
        if start.complete or start.untraceable:
            return False
        gone = self._creation and REAL_TIME.monotonic() > start.begun + self._creation
        return not (_is_lost(start) and gone)

    def _missing(self, start: Start) -> str:
        """What of a start was not seen, and why."""
        seen = self.ownership.seen(start)
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
            if self.ownership.seen(start) < start.count and start.invocation:
                more = yield from self._cleaned_by(start, start.pins_by_customer)
                waiting, left = waiting + more[0], left + more[1]
            if self.ownership.seen(start) >= start.count:
                with suppress(SettingsError):
                    self.complete(start)
        if start.untraceable:
            customers = ", ".join(dict.fromkeys(start.untraceable))
            waiting.append(
                f"start {self.name_of(start)}: cards of {customers}: the answer to a start was "
                "lost, and which of their cards are of this run cannot be told; look in the "
                "Workbench, then discard it"
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
            yield from _together(
                [
                    self._cancelled(pin, state, _FEW_REPEATS)
                    for pin in pins
                    for state in sorted(start.states - {Status.ACTIVE})
                ],
                [self._cancelled(pin, Status.ACTIVE, _MOST_REPEATS) for pin in pins],
            )
        )

    def _note(self, start: Start, *, sync: bool = False, **what: object) -> None:
        if self.journal:
            self.journal.write(sync=sync, start=start.number, **what)

    def _cancel_singly(self, cards: Iterable[Card]) -> str:
        """Cancel cards one by one, without ``multiple``, until that is in vain; what came last."""
        answer = "no query selects a single one of them that is shown to be of this run"
        in_vain = 0
        for card in cards:
            if in_vain == _MOST_IN_VAIN:
                break
            with suppress(OutcomeUnknownError):
                exchange = self.ownership.effects.act_alone(Action.CANCEL, card)
                if exchange:
                    answer = exchange.describe()
                    self.cancelled += updated(exchange)
                in_vain = 0 if exchange and updated(exchange) else in_vain + 1
        return answer

    def _listed(self, pin: CardQuery, state: Status) -> Sequence[Card]:
        """The cards of this run that a pin selects and that are in a state.

        A target that joins attributes by *or* lists others as well. There the pin is asked alone.
        """
        found = self.ownership.look(pin.replace(status=state))
        if not all(pin.matches(card.attributes) for card in found.cards):
            found = self.ownership.look(pin)
        return [card for card in _in_state(pin, state, found.cards) if self.ownership.is_ours(card)]

    def _cancel(self, pin: CardQuery, state: Status, cards: Sequence[Card]) -> str:
        """Cancel cards: a single one first, and the rest at once only if that is shown to be safe.

        A single card's id without ``multiple`` fails closed: a target that does not heed the id
        has more than one card to choose from, and must refuse.
        """
        if len(cards) == 1 or not self.ownership.effects.was_carried_out(Action.CANCEL):
            answer = self._cancel_singly(cards[:1])
            if len(cards) == 1 or not self.ownership.effects.was_carried_out(Action.CANCEL):
                return answer
            cards = cards[1:]
        batch = pin.replace(multiple=True, limit=LARGEST_PAGE)
        try:
            exchange = act_on_state(self.api, Action.CANCEL, batch, state)
        except (NotAvailableError, ScopeError):
            return self._cancel_singly(cards)
        self.cancelled += updated(exchange)
        return exchange.describe() if exchange.succeeded else self._cancel_singly(cards)

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
                    answer = self._cancel(pin, state, listed)
                yield
        except AtomicCardsError as error:
            return f"cards of {query}: {error}"
        self._futile |= repeats == _MOST_REPEATS
        return f"cards of {query}: still listed after {repeats} cancels, {answer}"


def _is_lost(start: Start) -> bool:
    """Whether the response to a start of this process was lost."""
    return start.invocation is None and start.begun > 0


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
