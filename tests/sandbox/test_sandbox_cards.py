"""Listings and actions: filters against an oracle, pages, batches, results."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_api import Api

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.sandbox import CardRecord, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

_FIELDS = [attribute.field for attribute in Attribute]
_ANY_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def grid() -> tuple[Api, list[CardRecord]]:
    """A sandbox with cards in many combinations of few values, and its cards."""
    api = Api(Sandbox())
    api.log_in()
    moduli = dict(zip(_FIELDS[:-1], (2, 3, 5, 7, 11, 4), strict=True))
    records = api.environment.seed(
        {field: f"{field}-{number % modulus}" for field, modulus in moduli.items()}
        | {"status": list(Status)[number % 7]}
        for number in range(400)
    )
    return api, records


@pytest.mark.parametrize(
    "fields", [pick for count in range(8) for pick in itertools.combinations(_FIELDS, count)]
)
def test_every_combination_of_attributes_finds_exactly_the_matching_cards(
    fields: tuple[str, ...], grid: tuple[Api, list[CardRecord]]
):
    """A listing by any combination has exactly the matching cards, the oldest first."""
    api, records = grid
    model = records[123]
    query = CardQuery(limit=1_000, **{field: getattr(model, field) for field in fields})
    expected = [
        record.card_instance_id
        for record in records
        if all(getattr(record, field) == getattr(model, field) for field in fields)
    ]
    assert api.request("GET", f"{api.prefix}/cards", query.encode()).ids == expected


@pytest.mark.parametrize("order", ["oldest-first", "newest-first", "by-id"])
@pytest.mark.parametrize("filters", [{}, {"status": "active"}, {"userId": "u0"}])
def test_pages_partition_a_listing(
    order: str, filters: dict[str, str], new_api: Callable[..., Api]
):
    """Pages of any size add up to the whole listing, even far from its beginning."""
    api = new_api(order=order)
    states = ["active", "active", "dismissed"]
    api.environment.seed(
        {"user_id": f"u{number % 2}", "status": states[number % 3]} for number in range(3_000)
    )
    pages = [api.get(limit=350, offset=offset, **filters).ids for offset in range(0, 3_050, 350)]
    again = api.get(limit=350, offset=2_450 if not filters else 1_050, **filters).ids
    whole = list(itertools.chain(*pages))
    matching = {
        record.card_instance_id
        for record in api.environment.cards()
        if filters.get("status", record.status) == record.status
        and filters.get("userId", record.user_id) == record.user_id
    }
    assert len(whole) == len(matching)
    assert set(whole) == matching
    assert again in pages


def test_a_write_between_two_deep_pages_is_seen(api: Api):
    """A page far from the beginning is correct even after cards before it have changed."""
    api.environment.seed({"user_id": f"u{number % 2}"} for number in range(2_400))
    before = api.get(status="active", limit=10, offset=1_500).ids
    api.put("dismiss", userId="u0", limit=100, multiple=1)
    after = api.get(status="active", limit=10, offset=1_400).ids
    assert before == after


@given(value=_ANY_TEXT, other=_ANY_TEXT)
@settings(deadline=None, max_examples=150)
def test_any_text_finds_only_itself(value: str, other: str):
    """A value of any characters is found by itself and by no other value."""
    sandbox = Sandbox()
    api = Api(sandbox)
    api.log_in()
    api.environment.seed([{"user_id": value, "card_instance_id": "it"}])
    for wanted in (value, other):
        query = CardQuery(user_id=wanted).encode()
        found = api.request("GET", f"{api.prefix}/cards", query).ids
        assert found == (["it"] if wanted == value else [])
    sandbox.close()


@pytest.mark.parametrize(("status", "action"), list(TRANSITIONS))
def test_an_action_does_what_the_lifecycle_table_says(status: Status, action: Action, api: Api):
    """For every state and action, the card ends in the state of the table."""
    (card,) = api.environment.seed([{"status": status}])
    transition = TRANSITIONS[status, action]
    reply = api.put(action)
    assert reply.counts == ((1, 1) if transition.allowed else (0, 0))
    assert api.environment.card(card.card_instance_id).status is transition.after


def test_a_refused_action_changes_nothing(api: Api):
    """Without multiple=1 an action on two cards is refused, and both stay as they were."""
    before = api.environment.seed([{}, {}])
    for action in Action:
        assert api.put(action).status == 400
    assert api.environment.cards() == before


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [({}, 500), ({"limit": 3}, 3), ({"limit": 1_000}, 1_000), ({"limit": 5_000}, 1_000)],
)
def test_an_action_changes_a_batch(parameters: dict[str, int], expected: int, api: Api):
    """An action changes 500 cards, or up to 1000 with a limit, the oldest first."""
    records = api.environment.seed({} for _ in range(1_100))
    reply = api.put("cancel", multiple=1, **parameters)
    assert reply.counts == (expected, expected)
    assert reply.ids == [record.card_instance_id for record in records[:expected]]
    assert len(api.get(status="cancelled", limit=1_000).ids) == expected


def test_repeating_a_cancel_drains(api: Api):
    """Repeated cancels end with an empty result, and leave no open card."""
    api.environment.seed({"status": list(Status)[number % 3]} for number in range(1_201))
    counts = [api.put("cancel", multiple=1).counts[1] for _ in range(4)]
    assert counts == [500, 500, 201, 0]


def test_a_card_body_shows_what_was_seeded(api: Api):
    """Every sampled field of a listed card has the value of the card."""
    (record,) = api.environment.seed(
        [
            {
                "variables": {"name": "Zoë", "n": 1.5},
                "metadata": {"a": [None]},
                "card_options": {"priority": 2},
                "card_template_id": "abc",
                "card_template_name": "My card",
                "event_source": "test",
            }
        ]
    )
    created = record.created.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert api.get().json == {
        "data": [
            {
                "eventName": "",
                "eventSource": "test",
                "cardTemplateId": "abc",
                "cardInstanceId": record.card_instance_id,
                "cardTemplateName": "My card",
                "lifecycleId": record.lifecycle_id,
                "flowInstanceId": record.flow_instance_id,
                "flowInvocationId": record.flow_invocation_id,
                "definition": {},
                "payload": {
                    "detail": {"name": "Zoë", "n": 1.5},
                    "target": {"usersById": [record.user_id]},
                    "cardOptions": {"priority": 2},
                    "metadata": {"a": [None]},
                },
                "status": "active",
                "userId": record.user_id,
                "created": created,
                "updated": created,
            }
        ]
    }


def test_an_action_result_shows_the_card(api: Api):
    """The response to an action has the sampled fields of each card, and the counts."""
    (record,) = api.environment.seed([{}])
    assert api.put("complete").json == {
        "data": [
            {
                "eventName": "",
                "eventSource": "live",
                "lifecycleId": record.lifecycle_id,
                "cardTemplateId": record.card_template_id,
                "cardInstanceId": record.card_instance_id,
                "userId": record.user_id,
                "action": "complete",
            }
        ],
        "summary": {"total": 1, "updated": 1},
    }


def test_environments_do_not_see_each_other(api: Api):
    """Cards of one environment are neither listed nor changed in another."""
    other = api.sandbox.create_environment("other")
    other.seed([{"user_id": "u"}])
    api.environment.seed([{"user_id": "u"}])
    assert len(api.get(userId="u").ids) == 1
    assert api.put("dismiss", userId="u").counts == (1, 1)
    assert [card.status for card in other.cards()] == [Status.ACTIVE]


@pytest.mark.parametrize("payload", [b'{"a": {"b": [1, 2.5, null, "\xc3\xa9"]}}', b"{}", b""])
def test_a_completion_payload_is_kept_for_every_card(payload: bytes, api: Api):
    """The payload of a completion is in the event of each card that it completed."""
    api.environment.seed([{}, {}])
    assert api.put("complete", payload, multiple=1).counts == (2, 2)
    events = api.environment.analytics_events()
    expected: dict[str, Any] = {
        b"": {},
        b"{}": {"values": {}},
    }.get(payload, {"values": {"a": {"b": [1, 2.5, None, "é"]}}})
    assert [event["properties"] for event in events] == [expected] * 2
    assert {event["eventType"] for event in events} == {"card-completed"}


def test_a_completion_payload_is_not_exported_against_the_setting(api: Api):
    """Without export of card responses, events have no payload, but the card does."""
    (card,) = api.environment.seed([{}])
    api.environment.export_card_responses = False
    api.put("complete", b'{"a": 1}')
    assert api.environment.analytics_events()[0]["properties"] == {}
    assert api.environment.card(card.card_instance_id).completion == {"a": 1}


def test_each_card_is_actioned_once_by_racing_clients(api: Api):
    """If several clients act on the same cards at once, one of them changes each card."""
    api.environment.seed({"user_id": "u"} for _ in range(200))
    done: list[str] = []

    def work(action: Action) -> None:
        while ids := api.put(action, userId="u", limit=7, multiple=1).ids:
            done.extend(ids)

    threads = [threading.Thread(target=work, args=(action,)) for action in Action for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(set(done)) == 200
