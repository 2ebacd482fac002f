"""The time experiment: cards with an embargo, a snooze and an expiry, and a single wait for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pytest_atomic_cards.client.action_flows import duration
from pytest_atomic_cards.client.overlap import Begun
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.suite.probing.expected_states import States, all_in, left
from pytest_atomic_cards.suite.probing.group_selection import of_user, only, several
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError, SeedingError
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.targets import Target, world_on
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.seeder import Seeder

SOON: Final = timedelta(seconds=4)
"""Long enough to seed cards and close them first, short enough to wait for on a live target."""
LONG: Final = timedelta(hours=1)
"""An embargo or snooze that outlasts every run."""
_EARLY: Final = timedelta(seconds=1.2)
"""How long before the end of a timer to look whether it has ended: as a target may cut times to
whole seconds, it may end up to a second early."""
_WHOLE_SECOND: Final = timedelta(seconds=1)
"""The resolution of the ``Date`` of a response."""
UNDER_EMBARGO: Final = timedelta(seconds=3)
"""An embargo that ends before :data:`SOON`. The longer it is, the clearer the difference between an
expiry that counts from its end and one that is only late."""
_ROUNDING: Final = timedelta(milliseconds=100)
"""Added to the wait, so rounding and small clock skew do not matter."""
_MARGIN: Final = timedelta(minutes=1)
"""A card whose shown expiry is later than this after its creation did not take the requested one;
a minute covers clock skew and slow flows."""
CLOSED_IN_TIME: Final = ("closed before expiry", "cancelled under embargo")
"""Groups that are closed before their timer is due."""
AFTER_EMBARGO: Final = "expiry after embargo"
"""Two cards that are to expire, of which one is embargoed at first."""
_TIMERS: Final[Mapping[str, tuple[CardSpec, ...]]] = {
    "closed before expiry": tuple(CardSpec(status=one.outcome, expires=SOON) for one in Action),
    "cancelled under embargo": (CardSpec(embargo=SOON),),
    "snooze": (CardSpec(snooze=SOON),),
    "long embargo": (CardSpec(embargo=LONG),),
    AFTER_EMBARGO: (CardSpec(expires=SOON), CardSpec(embargo=UNDER_EMBARGO, expires=SOON)),
    "embargo": (CardSpec(embargo=SOON),),
    "expiry": (CardSpec(expires=SOON), CardSpec(expires=SOON, expiry_as="timestamp")),
}


class TimeExperiment:
    """Groups by the name of their timer.

    They are seeded together: once a timer was due that began when the last one was listed, so were
    all that are not :data:`LONG`.

    Args:
        probe: Sends requests to their environment.
        timers: The cards of each group.
        seeder: Seeds them; that of the environment if left out.

    Attributes:
        groups: The groups that could be seeded.
        absent: Why the others could not.
        before: The states of some groups shortly before their timers were due, and the exchanges
            that showed them.
        postponed: How many seconds later than another card of its start one expired that was
            embargoed at first; ``None`` if the other one did not.
    """

    def __init__(
        self,
        probe: Probe,
        timers: Mapping[str, tuple[CardSpec, ...]],
        seeder: Seeder | None = None,
    ) -> None:
        self.probe = probe
        self.groups: dict[str, Group] = {}
        self.absent: dict[str, NotAvailableError | SeedingError] = {}
        self.before: dict[str, tuple[States, Sequence[Exchange]]] = {}
        self.postponed: float | None = None
        self._begun: dict[str, tuple[float, datetime]] = {}
        seeder = seeder or probe.cards.seeder
        made = seeder.seed_each(self._begin(timers))
        for name, group in zip(timers, made, strict=True):
            if isinstance(group, NotAvailableError | SeedingError):
                self.absent[name] = group
            elif isinstance(group, AtomicCardsError):
                raise group
            else:
                self.groups[name] = group
        self._last = probe.cards.clock.monotonic()

    def _begin(self, timers: Mapping[str, tuple[CardSpec, ...]]) -> Iterator[Population]:
        """The cards of each group, which are requested right then."""
        for name, specs in timers.items():
            self._begun[name] = self.probe.cards.clock.monotonic(), self.probe.cards.clock.now()
            yield Population(specs)

    def group(self, name: str) -> Group:
        """One of the groups, as it was seeded.

        Raises:
            NotAvailableError: The target cannot provide such cards, or did not.
            SeedingError: They could not be seeded.
        """
        if name in self.absent:
            raise self.absent[name]
        return self.groups[name]

    def pass_time(self) -> None:
        """Wait until all timers but the long ones are due, and look shortly before some are."""
        cards = self.probe.cards
        if not cards.is_steerable and cards.backend.knows_target_time:
            for name in ("embargo", "expiry"):
                if name in self.groups:
                    self._look_before(name)
        passed = timedelta(seconds=cards.clock.monotonic() - self._last)
        cards.pass_time(max(timedelta(0), SOON + _ROUNDING - passed))

    def _look_before(self, name: str) -> None:
        """Look at a group, if that is still before its timer is due.

        The timer ends a certain time after the request, at the earliest, and by the target's own
        clock.
        """
        clock, (begun, date) = self.probe.cards.clock, self._begun[name]
        clock.sleep(max(0.0, (SOON - _EARLY).total_seconds() - (clock.monotonic() - begun)))
        with self.probe.overlap.noted() as seen:
            states = self.probe.states(self.groups[name])
        passed = timedelta(seconds=clock.monotonic() - begun)
        there = _latest_there(seen, self.groups[name].cards, passed)
        if passed < SOON and there and there <= date + SOON:
            self.before[name] = states, seen

    def compare_expiry(self) -> None:
        """Measure how much later a card expires that was embargoed at first.

        At once, as it has expired in any case when contracts get to look.
        """
        group = self.groups.get(AFTER_EMBARGO)
        if group is None:
            return
        probe, clock = self.probe, self.probe.cards.clock
        plain, embargoed = (only(group, *of_user(group, user)) for user in group.users[:2])
        if not all_in(Status.EXPIRED)(probe.states_once(plain, left(Status.ACTIVE))):
            return
        expired, most = clock.monotonic(), 2 * UNDER_EMBARGO.total_seconds()
        states = probe.states(embargoed)
        if left(Status.ACTIVE)(states):
            self.postponed = 0.0
        elif left(Status.ACTIVE)(
            poll(lambda: probe.states(embargoed), left(Status.ACTIVE), most, clock)
        ):
            self.postponed = clock.monotonic() - expired

    def is_to_expire(self, card: Card) -> bool:
        """Whether a card is known to have the requested expiry.

        It is if the payload shows the expiry and the target also accepted an embargo. Neither is
        enough alone: the payload may be echoed although the flow's own options override it.
        """
        if self.probe.cards.backend.delivery_is_certain:
            return True
        if "embargo" in self.absent:
            return False
        options = card.payload.get("cardOptions")
        shown = options if isinstance(options, dict) else {}
        if shown.get("expiresInterval") == duration(SOON):
            return True
        try:
            expires = datetime.fromisoformat(str(shown.get("expires")))
            return card.created is not None and expires < card.created + _MARGIN
        except (ValueError, TypeError):
            return False


def _latest_there(
    seen: Sequence[Exchange], cards: Sequence[Card], passed: timedelta
) -> datetime | None:
    """What the target's own clocks showed at the latest when it sent some responses.

    Timers may run by another clock than what is in front of the target.

    Args:
        seen: The responses, whose ``Date`` headers show the time.
        cards: Their creation times show it, too.
        passed: How long before the responses the cards were requested.

    Returns:
        The time; ``None`` if it is unknown.
    """
    shown = [card.created + passed for card in cards if card.created]
    with suppress(KeyError, ValueError, TypeError):
        dates = [parsedate_to_datetime(one.response_headers["date"]) for one in seen]
        shown += [date.replace(tzinfo=date.tzinfo or UTC) + _WHOLE_SECOND for date in dates]
    return max(shown, default=None)


def let_time_pass(probe: Probe) -> TimeExperiment:
    """Seed all groups of the contracts, and wait until their timers are due."""
    timed = TimeExperiment(probe, _TIMERS)
    _cancel_embargoed(timed, "cancelled under embargo")
    timed.pass_time()
    with suppress(AtomicCardsError):  # one contract needs it
        timed.compare_expiry()
    return timed


def _cancel_embargoed(timed: TimeExperiment, name: str) -> None:
    """Cancel a group under embargo, which a target may refuse."""
    group = timed.groups.pop(name, None)
    if group is None:
        return
    cancelled = all_in(Status.CANCELLED)
    try:
        timed.probe.act(Action.CANCEL, several(group), group)
        states = timed.probe.states_once(group, cancelled)
    except AtomicCardsError as error:
        timed.absent[name] = NotAvailableError(str(error))
        return
    if cancelled(states):
        cards = tuple(replace(card, status=Status.CANCELLED) for card in group.cards)
        timed.groups[name] = replace(group, cards=cards)
    else:
        timed.absent[name] = NotAvailableError("an embargoed card was not cancelled")


@contextmanager
def begun_timers(
    probe: Probe, target: Target, follow: Callable[[Probe], object]
) -> Iterator[Begun[TimeExperiment]]:
    """The time experiment, begun in a separate environment.

    Args:
        probe: Of the shared environment, whose seeder knows how cards appear.
        target: Opens the environment.
        follow: Is called with the probe of that, before anything is seeded.
    """
    with world_on(target) as cards:
        cards.seeder.learn_from(probe.cards.seeder)
        timed = Probe(cards)
        follow(timed)

        def experiment() -> TimeExperiment:
            made = let_time_pass(timed)
            again = cards.seeder.learn_rest_from(probe.cards.seeder)
            return let_time_pass(timed) if again else made

        begun = timed.overlap.begin(experiment)
        yield begun
        begun.finish()
