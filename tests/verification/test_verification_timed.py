"""The time experiment: what a card that does not expire shows."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.experiments.time_experiment import (
    TimeExperiment,
    _latest_there,
    let_time_pass,
)
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.targets.seeding.listing_reader import Group
from pytest_atomic_cards.targets.seeding.server_clock import ServerClock

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = pytest.mark.usefixtures("time_flies")

Options = dict[str, Any]
CREATED = "2030-01-02T03:04:05.678Z"
SOON = "2030-01-02T03:04:09.678Z"


def group(options: Options | None) -> Group:
    """A card with some delivery options in its payload."""
    body = {"cardInstanceId": "card", "created": CREATED, "payload": {"cardOptions": options}}
    card = Card.from_body(body)
    return Group(CardQuery(flow_invocation_id="invocation"), (card,), ("customer",))


@pytest.mark.parametrize(
    ("certain", "options", "honoured"),
    [
        (True, {}, True),
        (False, {}, False),
        (False, {"embargo": SOON}, False),
        (False, {"expiresInterval": "PT4S"}, True),
        (False, {"expiresInterval": "P7D"}, False),
        (False, {"expires": SOON}, True),
        (False, {"expires": "2031-01-02T03:04:05.678Z"}, False),
        (False, {"expires": "2030-01-02T03:04:09.678"}, False),
        (False, {"expires": "soon"}, False),
        (False, None, False),
    ],
    ids=[
        "known",
        "not shown",
        "another option shown",
        "shown",
        "another interval shown",
        "shown as a time",
        "another time shown",
        "no time zone",
        "no time",
        "no options",
    ],
)
def test_whether_an_expiry_was_taken(
    certain: bool,  # noqa: FBT001
    options: Options | None,
    honoured: bool,  # noqa: FBT001
) -> None:
    """An expiry was accepted if that is certain, or if the card shows the requested one."""
    card = group(options).cards[0]
    backend = SimpleNamespace(delivery_is_certain=certain)
    cards = SimpleNamespace(
        backend=backend, seeder=SimpleNamespace(seed_each=list), clock=REAL_CLOCK
    )
    probe: Any = SimpleNamespace(cards=cards)
    assert TimeExperiment(probe, {}).is_to_expire(card) == honoured


@pytest.mark.parametrize(
    ("headers", "latest"),
    [
        ({"date": "Wed, 02 Jan 2030 03:04:10 GMT"}, "2030-01-02T03:04:11Z"),
        ({"date": "Wed, 02 Jan 2030 03:04:10 -0000"}, "2030-01-02T03:04:11Z"),
        ({"date": "Wed, 02 Jan 2030 03:04:06 GMT"}, "2030-01-02T03:04:08.678Z"),
        ({"date": "yesterday"}, "2030-01-02T03:04:08.678Z"),
        ({}, "2030-01-02T03:04:08.678Z"),
    ],
    ids=[
        "its date",
        "a date without a zone",
        "a date before when cards were created",
        "no date that can be read",
        "when cards were created",
    ],
)
def test_the_clock_of_a_target_shows(headers: dict[str, str], latest: str) -> None:
    """How late it is for a target is in its responses, or follows from when it created cards."""
    sent = exchange_with(headers)
    found = _latest_there([sent], group(None).cards, timedelta(seconds=3))
    assert found == datetime.fromisoformat(latest)
    assert headers or _latest_there([sent], [Card.from_body({})], timedelta(0)) is None


def exchange_with(headers: dict[str, str]) -> Exchange:
    """A response with some headers."""
    now = datetime.fromisoformat(CREATED)
    return Exchange("GET", "http://cards.test", now, 0.0, status=200, response_headers=headers)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("faults", "embargoed"), [((), "embargoed"), (("embargo-ends-early",), "active")]
)
def test_live_timers_are_looked_at_before_they_end(
    serve: Serve, faults: tuple[str, ...], embargoed: str
) -> None:
    """What a live target shows shortly before timers are due is kept, by its own clock as well."""
    cards = serve(faults=faults).open_world()
    cards.seeder.calibrate()
    timed = let_time_pass(Probe(cards))
    cards.clean_up()
    shown = {name: {*states.values()} for name, (states, _) in timed.before.items()}
    assert shown == {"embargo": {embargoed}, "expiry": {"active"}}


@pytest.mark.slow
def test_timers_are_not_looked_at_if_the_time_of_a_target_is_a_guess(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If only creation times show the target's time, nothing is said of timers that end early."""
    monkeypatch.setattr(ServerClock, "is_guessed", True)
    cards = serve(faults=("embargo-ends-early",)).open_world()
    cards.seeder.calibrate()
    timed = let_time_pass(Probe(cards))
    cards.clean_up()
    assert timed.groups.keys() >= {"embargo", "expiry"}
    assert timed.before == {}
