"""Time: everything that becomes due happens in order and at its own time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox import Sandbox, SandboxClock
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox_api import Api

_MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("spec", "states"),
    [
        ({"embargo_until": _MINUTE}, ["embargoed", "active", "active"]),
        ({"snooze_until": _MINUTE}, ["snoozed", "active", "active"]),
        ({"expires_at": _MINUTE}, ["active", "expired", "expired"]),
        (
            {"embargo_until": _MINUTE, "expires_at": 3 * _MINUTE},
            ["embargoed", "active", "expired"],
        ),
        ({"embargo_until": _MINUTE, "expires_at": _MINUTE}, ["embargoed", "expired", "expired"]),
        ({"status": "dismissed", "expires_at": _MINUTE}, ["dismissed"] * 3),
        ({"status": "embargoed"}, ["embargoed"] * 3),
    ],
)
def test_states_change_when_their_time_comes(
    spec: dict[str, timedelta], states: list[str], api: Api
):
    """Embargo and snooze end, and cards expire, by the sandbox's clock."""
    api.environment.seed([spec])
    seen = []
    for _ in states:
        seen.append(api.get().json["data"][0]["status"])
        api.sandbox.clock.advance(2 * _MINUTE)
    assert seen == states


def test_what_was_due_happened_at_its_own_time_and_in_order(api: Api):
    """After a long advance, events have the times at which they were due, in order."""
    clock = api.sandbox.clock
    clock.freeze()
    start = clock.now().replace(microsecond=0)
    api.environment.seed(
        [
            {
                "card_instance_id": "a",
                "embargo_until": start + _MINUTE,
                "expires_at": start + 3 * _MINUTE,
            },
            {"card_instance_id": "b", "snooze_until": start + 2 * _MINUTE},
        ]
    )
    clock.advance(timedelta(days=1))
    events = [
        (event["eventType"], event["cardInstanceId"], event["timestamp"])
        for event in api.environment.analytics_events()
    ]
    minutes = [f"{start + n * _MINUTE:%Y-%m-%dT%H:%M:%S}.000Z" for n in (1, 2, 3)]
    assert events == [
        ("card-published", "a", minutes[0]),
        ("card-unsnoozed", "b", minutes[1]),
        ("card-expired", "a", minutes[2]),
    ]
    api.log_in()
    assert api.get(status="expired").json["data"][0]["updated"] == minutes[2]


def test_a_closed_card_does_not_expire(api: Api):
    """A card that was completed in time stays completed after its expiry."""
    api.environment.seed([{"expires_at": _MINUTE}])
    api.put("complete")
    api.sandbox.clock.advance(2 * _MINUTE)
    assert api.environment.cards()[0].status is Status.COMPLETED


def test_a_snooze_hides_and_wakes_a_card(api: Api):
    """A snoozed card is listed as snoozed until its time, and active after it."""
    (card,) = api.environment.seed([{}])
    api.environment.snooze(card.card_instance_id, _MINUTE)
    assert api.get(status="snoozed").ids == [card.card_instance_id]
    api.sandbox.clock.advance(2 * _MINUTE)
    assert api.get(status="active").ids == [card.card_instance_id]
    kinds = [event["eventType"] for event in api.environment.analytics_events()]
    assert kinds == ["card-snoozed", "card-unsnoozed"]


def test_a_snooze_can_be_given_as_a_moment(api: Api):
    """A snooze ends at the given datetime."""
    (card,) = api.environment.seed([{}])
    until = api.sandbox.clock.now().replace(microsecond=0) + timedelta(hours=1)
    api.environment.snooze(card.card_instance_id, until)
    assert api.environment.card(card.card_instance_id).snooze_until == until


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ACTIVE])
def test_only_an_active_card_can_be_snoozed(status: Status, api: Api):
    """Snoozing a card in any other state is refused; the message names the state."""
    (card,) = api.environment.seed([{"status": status}])
    with pytest.raises(MisuseError, match=status):
        api.environment.snooze(card.card_instance_id, _MINUTE)


def test_a_snooze_must_end_in_the_future(api: Api):
    """A snooze into the past is refused."""
    (card,) = api.environment.seed([{}])
    with pytest.raises(MisuseError, match="future"):
        api.environment.snooze(card.card_instance_id, -_MINUTE)


def test_a_frozen_clock_stands_still_until_it_runs():
    """A frozen clock changes only by advance, and resumes from where it stopped."""
    clock = SandboxClock()
    clock.freeze()
    moment = clock.now()
    time.sleep(0.002)
    assert clock.now() == moment
    clock.advance(_MINUTE)
    clock.freeze()
    assert clock.now() == moment + _MINUTE
    clock.run()
    clock.run()
    time.sleep(0.002)
    assert moment + _MINUTE < clock.now() < moment + 2 * _MINUTE


def test_a_clock_starts_at_the_real_time_and_is_never_turned_back():
    """A new clock shows the time in UTC, and a negative advance is refused."""
    clock = SandboxClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().tzinfo is UTC
    with pytest.raises(MisuseError, match="forwards"):
        clock.advance(-_MINUTE)
    with pytest.raises(MisuseError, match="9999"):
        clock.advance(timedelta.max)


def test_cards_of_a_start_come_after_the_delay(new_api: Callable[..., Api]):
    """With a creation delay, a start creates its card only after the delay."""
    api = new_api(creation_delay=_MINUTE)
    api.sandbox.clock.freeze()
    reply = api.start({"flows": [{"target": {"usersById": ["u", "v"]}}]})
    assert api.get(**reply.json).ids == []
    assert api.environment.analytics_events() == []
    api.sandbox.clock.advance(_MINUTE)
    assert len(api.get(**reply.json).ids) == 2
    kinds = [event["eventType"] for event in api.environment.analytics_events()]
    assert kinds == ["card-published"] * 2


def test_two_sandboxes_can_share_a_clock():
    """A sandbox uses the clock that is passed to it."""
    clock = SandboxClock()
    assert Sandbox(clock=clock).clock is Sandbox(clock=clock).clock
