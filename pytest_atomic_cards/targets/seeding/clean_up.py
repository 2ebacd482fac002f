"""Clean-up: every card that was seeded is cancelled at the end.

It does not use ``CardsApi.drain``, which trusts the target: a drain acts on all cards of a query at
once, and believes the counts in the responses. A clean-up runs on environments that others share.
It acts on a single card first (or on those of one flow instance that nothing tells apart), on
several only once the target was seen to honour their ids, and believes nothing but what is listed;
and it takes turns among starts, so that all of them wait for listings together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Self

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.model.lifecycle import CLOSED, Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.progress import activity
from pytest_atomic_cards.targets.seeding.cancel_cards import (
    MOST_REPEATS,
    Canceller,
    Steps,
    together,
)
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.start_register import StartRegister
from pytest_atomic_cards.targets.seeding.starts import Start

_FEW_REPEATS: Final = 2
"""Cancels of embargoed or snoozed cards, which the target may refuse: the second is for a response
that was lost, or a listing that lagged."""
_FIRST_PAUSE: Final = 0.05
"""Seconds until the next listing, doubled with each one: 3 s in all until
``MOST_REPEATS``, for listings that lag."""
_SAMPLE: Final = 5
"""Starts to look at again at the end, and as many of the last: a flow that sends further cards is
noticed by them, at the price of 10 listings."""
_LONGEST_WAIT: Final = 15.0
"""Seconds to wait for further cards of the last starts, once an earlier start sent one late: a
sixth of the time for clean-up, which also has to cancel them."""
_LATE_PAUSE: Final = 1.0
"""Seconds between looks for late cards, each of which is several requests."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """The outcome of a clean-up.

    Args:
        invocations: How many invocations were seeded.
        left_open: What may still hold active cards, and why.
        waiting: What still holds embargoed or snoozed cards, as the documentation does not say
            whether those can be cancelled; and starts of which not all cards were seen, or shown
            to be ours.
    """

    invocations: int
    left_open: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[CleanUp]) -> Self:
        """The outcomes of several clean-ups as one."""
        return cls(
            sum(part.invocations for part in parts),
            tuple(text for part in parts for text in part.left_open),
            tuple(text for part in parts for text in part.waiting),
        )


@dataclass(slots=True)
class Cleaner:
    """Cancels what is still open of what was started on one target.

    Args:
        api: Client of the target.
        register: Remembers what was started.
        final_wait: Seconds to wait at the end for cards that were not listed yet.

    Attributes:
        ownership: Decides which cards and ids are this run's own.
        listing_lag: Seconds until listings reliably show a change; 0 if they were never seen to go
            back.
        late_card_window: Seconds in which a start may send further cards; 0 if each sends one.
    """

    api: CardsApi
    register: StartRegister
    final_wait: float = 0.0
    listing_lag: float = 0.0
    late_card_window: float = 0.0
    ownership: Ownership = field(init=False)
    _canceller: Canceller = field(init=False)

    def __post_init__(self) -> None:
        self.ownership = self.register.ownership
        self._canceller = Canceller(self.api, self.ownership)

    @property
    def cancelled(self) -> int:
        """How many cards the target said it has cancelled."""
        return self._canceller.count

    def clean_up(self, starts: Iterable[Start], *, anew: bool = False) -> CleanUp:
        """Cancel every card of some starts that is listed as open.

        If listings go back, an empty one counts only if it is still empty after their lag.

        Args:
            starts: The starts.
            anew: Whether to list also cards that were listed as closed before.
        """
        starts = list(starts)
        settled = all(start.cleaned for start in starts)
        for _ in range(MOST_REPEATS):
            before = self.cancelled
            report = self._clean_together(starts, anew=anew)
            if not self.listing_lag or (settled and self.cancelled == before):
                break
            self.api.session.clock.sleep(self.listing_lag)
            settled = True
        return report

    def _clean_together(self, starts: Sequence[Start], *, anew: bool) -> CleanUp:
        """Cancel until nothing is listed as open.

        Listings may lag, so all starts wait together, until that has once not helped.
        """
        words = {start.number: [] if anew else self._known_words(start) for start in starts}
        active = {
            start.invocation: words[start.number].count(Status.ACTIVE)
            for start in starts
            if start.invocation and Status.ACTIVE in words[start.number]
        }
        self._canceller.roll_call.begin(active)
        running = {
            number: self._clean(start, words[start.number]) for number, start in enumerate(starts)
        }
        reports: dict[int, CleanUp] = {}
        with activity("cleaning up invocations", len(starts)) as update:
            for attempt in range(MOST_REPEATS + 1):
                if 1 < attempt < MOST_REPEATS and running and not self._canceller.was_futile:
                    self.api.session.clock.sleep(_FIRST_PAUSE * 2**attempt)
                for number, report in zip(tuple(running), self._advance(running), strict=True):
                    if report is not None:
                        reports[number] = report
                        del running[number]
                        update(len(reports))
        return CleanUp.of([reports[number] for number in sorted(reports)])

    def _advance(self, running: Mapping[int, Steps[CleanUp]]) -> list[CleanUp | None]:
        """Take one step of each clean-up; returns the reports of those that are over.

        They follow each other until a cancel was seen to change one card alone.
        """
        left = deque(running.values())
        made = []
        while left and not self.ownership.action_semantics.was_carried_out(Action.CANCEL):
            made.append(_report_of(left.popleft()))
        return made + self.api.session.overlap.results(partial(_report_of, one) for one in left)

    def finish(self) -> CleanUp:
        """Look again at the end of a run, as a flow may send a card after its clean-up.

        Each start with missing or open cards is checked, and a sample of the others, including the
        last ones. The rest is checked only if a late card appears, if listings go back, or if
        starts send several cards one after the other.
        """
        since = REAL_CLOCK.monotonic() - self.register.last
        self.api.session.clock.sleep(max(0.0, self.late_card_window - since))
        before = self.cancelled
        late = self._clean_late([start for start in self.register.starts if not start.complete])
        known = [start for start in self.register.starts if start.complete]
        sound = [start for start in known if start.cleaned]
        asked = sound[-_SAMPLE:] + sound[:: max(1, len(sound) // _SAMPLE)]
        unasked = set() if self.listing_lag or self.late_card_window else {*sound} - {*asked}
        report = self.clean_up([start for start in known if start not in unasked], anew=True)
        if self.cancelled > before:
            self._await_late_cards(known)
            report = self.clean_up(known, anew=True)
        report = CleanUp.of([report, late])
        if self.register.journal:
            self.register.journal.close(keep=bool(report.left_open or report.waiting))
        return report

    def _await_late_cards(self, starts: Sequence[Start]) -> None:
        """Wait until the last start is as old as the one whose card was late."""
        begun = [start.begun for start in starts if start.begun]
        if begun:
            oldest = REAL_CLOCK.monotonic() - min(begun)
            age = REAL_CLOCK.monotonic() - max(begun)
            self.api.session.clock.sleep(min(oldest - age, _LONGEST_WAIT))

    def _clean_late(self, starts: Sequence[Start]) -> CleanUp:
        """Clean up starts of which cards are missing; reports those of which they still are."""
        until = REAL_CLOCK.monotonic() + self.final_wait
        report = self.clean_up(starts)
        while (left := self.register.missing.time_left(starts, until)) > 0:
            self.api.session.clock.sleep(min(left, _LATE_PAUSE))
            report = self.clean_up(starts)
        missing = tuple(
            f"start {self.register.name_of(start)}: {self.register.missing.describe(start)}"
            for start in filter(self.register.missing.may_appear, starts)
        )
        return CleanUp.of([report, CleanUp(0, waiting=missing)])

    def _clean(self, start: Start, words: Sequence[str | None]) -> Steps[CleanUp]:
        waiting, left = yield from self._cleaned_by(start, start.pins, words)
        if not start.complete:
            if start.invocation:  # its cards may be listed under a different invocation
                more = yield from self._cleaned_by(start, start.pins_by_customer, [])
                waiting, left = waiting + more[0], left + more[1]
            if self.ownership.provenance.count_of(start) >= start.count:
                with suppress(SettingsError):
                    self.register.complete(start)
        if start.untraceable:
            customers = ", ".join(dict.fromkeys(start.untraceable))
            waiting.append(
                f"start {self.register.name_of(start)}: cards of {customers}: the response to the "
                "start was lost, so that nothing shows which of their cards belong to this run; "
                "look in the Workbench, then discard it"
            )
        report = CleanUp(
            int(start.invocation is not None),
            tuple(filter(None, left)),
            tuple(filter(None, waiting)),
        )
        clean = not (report.left_open or report.waiting)
        if clean and start.complete and not (start.cleaned or self.listing_lag):
            with suppress(SettingsError):  # without the mark another run only looks again
                self.register.note(start, cleaned=True)
        start.cleaned = clean
        return report

    def _known_words(self, start: Start) -> list[str | None]:
        """The states of all cards of a start if listings have shown them and cannot go back."""
        may_differ = start.cleaned or self.listing_lag or self.late_card_window
        is_known = start.complete and not may_differ
        words = self.ownership.provenance.words_of(start) if is_known else []
        return words if len(words) >= start.count else []

    def _cleaned_by(
        self, start: Start, pins: Sequence[CardQuery], words: Sequence[str | None]
    ) -> Steps[tuple[list[str], ...]]:
        """Cancel what is open of a start by some pins; returns what waits, and what is left.

        Args:
            start: The start.
            pins: Select its cards.
            words: The states of all its cards, if they are known: no action opens a closed card.
        """
        if words and {*words} <= CLOSED:
            return [], []
        is_known = bool(words) and {*words} <= {*Status}
        is_plain = is_known or (start.complete and start.states == {Status.ACTIVE})
        others = start.states - {Status.ACTIVE}
        return (
            yield from together(
                [
                    self._canceller.cancelled(pin, state, _FEW_REPEATS, known=words.count(state))
                    for pin in pins
                    for state in sorted(others)
                    if state in words or not is_known
                ],
                [
                    self._canceller.cancelled(
                        pin,
                        Status.ACTIVE,
                        MOST_REPEATS,
                        shows_plainly=is_plain and not self.listing_lag,
                        known=words.count(Status.ACTIVE),
                    )
                    for pin in pins
                ],
            )
        )


def _report_of(steps: Steps[CleanUp]) -> CleanUp | None:
    """Take a step of a clean-up; returns its report if it is over."""
    try:
        next(steps)
    except StopIteration as end:
        report: CleanUp = end.value
        return report
    return None
