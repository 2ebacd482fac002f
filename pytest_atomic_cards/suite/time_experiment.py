"""The time experiment: cards with an embargo, a snooze and an expiry, and a single wait for all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pytest_atomic_cards.client.action_flows import duration
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.suite.probe import Probe, all_in
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError, SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group

SOON: Final = timedelta(seconds=4)
"""Long enough to seed cards and close them first, short enough to wait for on a live target."""
_MARGIN: Final = timedelta(minutes=1)
"""A card whose shown expiry is later than this after its creation did not take the requested one;
a minute covers clock skew and slow flows."""
_EXPIRING: Final = tuple(CardSpec(status=action.outcome, expires=SOON) for action in Action)
CLOSED_IN_TIME: Final = ("closed before expiry", "cancelled under embargo")
"""Groups that are closed before their timer is due."""
_SPECS: Final[dict[str, tuple[CardSpec, ...]]] = {
    "closed before expiry": _EXPIRING,
    "cancelled under embargo": (CardSpec(embargo=SOON),),
    "embargo": (CardSpec(embargo=SOON),),
    "snooze": (CardSpec(snooze=SOON),),
    "long embargo": (CardSpec(embargo=timedelta(hours=1)),),
    "expiry": (CardSpec(expires=SOON), CardSpec(expires=SOON, expiry_as="timestamp")),
}


@dataclass(frozen=True, slots=True)
class Timed:
    """Groups by the name of their timer, after it was due.

    Args:
        probe: Sends requests to their environment.
        groups: The groups that could be seeded.
        absent: Why the others could not.
    """

    probe: Probe
    groups: dict[str, Group]
    absent: dict[str, NotAvailableError | SeedingError]

    def group(self, name: str) -> Group:
        """One of the groups.

        Raises:
            NotAvailableError: The target cannot provide such cards.
            SeedingError: They could not be seeded.
        """
        if name in self.absent:
            raise self.absent[name]
        return self.groups[name]

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


def let_time_pass(probe: Probe) -> Timed:
    """Seed all groups, and wait until their timers are due."""
    timed = Timed(probe, {}, {})
    for name, specs in _SPECS.items():
        try:
            timed.groups[name] = probe.cards.seeder.seed(Population(specs))[0]
        except (NotAvailableError, SeedingError) as error:
            timed.absent[name] = error
    _cancel_embargoed(timed, "cancelled under embargo")
    probe.cards.pass_time(SOON)
    return timed


def _cancel_embargoed(timed: Timed, name: str) -> None:
    """Cancel a group under embargo, which a target may refuse."""
    group = timed.groups.pop(name, None)
    if group is None:
        return
    cancelled = all_in(Status.CANCELLED)
    try:
        timed.probe.act(Action.CANCEL, group.pin.replace(multiple=True), group)
        states = timed.probe.states_once(group, cancelled)
    except AtomicCardsError as error:
        timed.absent[name] = NotAvailableError(str(error))
        return
    if cancelled(states):
        cards = tuple(replace(card, status=Status.CANCELLED) for card in group.cards)
        timed.groups[name] = replace(group, cards=cards)
    else:
        timed.absent[name] = NotAvailableError("an embargoed card was not cancelled")
