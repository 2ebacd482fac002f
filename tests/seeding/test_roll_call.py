"""One listing of all active cards verifies many cancels, if it is shown to be complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.targets.seeding.roll_call import FEWEST

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve


STARTS = 5 * FEWEST


def cleaned(live: LiveSandbox, starts: int = STARTS) -> list[str]:
    """The requests of a clean-up of some starts, after a card was cancelled in it."""
    world = live.open_world()
    world.seeder.calibrate()
    world.seeder.seed(*[Population.of(2)] * starts)
    world.cancel(world.seed())
    before = len(live.log)
    assert world.clean_up().left_open == ()
    return live.log[before:]


def test_many_cancels_are_verified_together(serve: Serve) -> None:
    """Listing all active cards before and after takes the place of a listing for each start."""
    live = serve()
    sent = cleaned(live)
    assert not live.open_cards
    assert sum(entry.startswith("PUT") for entry in sent) >= STARTS
    assert sum(entry.startswith("GET") for entry in sent) < STARTS


def test_a_few_are_listed_by_their_own_id(serve: Serve) -> None:
    """Few starts are not worth a listing of everything."""
    live = serve()
    cleaned(live, 1)
    assert not live.open_cards


def test_cards_of_many_others_are_not_listed(serve: Serve) -> None:
    """Where others have many active cards, each start is listed by its own id."""
    live = serve()
    live.environment.seed([{"user_id": "somebody-else"}] * 2_500)
    sent = cleaned(live)
    assert sum(entry.startswith("GET") for entry in sent) >= STARTS
    assert {card.user_id for card in live.open_cards} == {"somebody-else"}


def test_an_incomplete_listing_is_not_believed(serve: Serve) -> None:
    """A listing by status alone that leaves cards out does not leave them open."""
    live = serve(faults=["status-index-stale"])
    cleaned(live)
    assert not live.open_cards
