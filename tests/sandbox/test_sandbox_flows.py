"""Action Flows: start and test create the requested cards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.lifecycle import Status

if TYPE_CHECKING:
    from sandbox_api import Api


def _flow(users: Any = ("u",), **payload: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"flows": [{"target": {"usersById": users}, "payload": payload}]}


def test_a_card_with_an_expiry_in_the_past_expires_when_it_is_created(api: Api) -> None:
    """An expiry before the start takes effect at once; ``updated`` is never before ``created``."""
    api.start(_flow(["u"], cardOptions={"expires": "2000-01-01T00:00:00Z"}))
    (card,) = api.get(userId="u").json["data"]
    assert card["status"] == "expired"
    assert card["updated"] == card["created"]


def test_a_start_makes_one_card_a_target(api: Api):
    """Each target gets its own card, with the values of the request."""
    body = _flow(["u", "v"], variables={"n": 1}, metadata={"m": 2}, cardOptions={"priority": 3})
    reply = api.start(body)
    first, second = api.environment.cards()
    assert reply.json == {"flowInvocationId": first.flow_invocation_id}
    assert (first.user_id, second.user_id) == ("u", "v")
    assert first.flow_invocation_id == second.flow_invocation_id
    assert first.flow_instance_id != second.flow_instance_id
    assert first.lifecycle_id != second.lifecycle_id
    assert (first.variables, first.metadata, first.card_options) == (
        {"n": 1},
        {"m": 2},
        {"priority": 3},
    )
    assert (first.status, first.event_source) == (Status.ACTIVE, "live")


def test_a_user_can_be_given_as_a_bare_string(api: Api):
    """The usersById of a target may be one string instead of an array."""
    api.start(_flow("u"))
    assert [card.user_id for card in api.environment.cards()] == ["u"]


def test_a_given_invocation_id_is_kept(api: Api):
    """The flowInvocationId of a request is in the response, and finds the cards."""
    reply = api.start(_flow() | {"flowInvocationId": "mine"})
    assert reply.json == {"flowInvocationId": "mine"}
    assert len(api.get(flowInvocationId="mine").ids) == 1


def test_a_flow_sends_a_card_of_each_template(api: Api):
    """A flow of two templates gives each target two cards of one instance."""
    api.environment.define_flow("two", ("a", "b"))
    api.start(_flow(), flow="two")
    cards = api.environment.cards()
    assert [card.card_template_id for card in cards] == ["a", "b"]
    assert len({card.flow_instance_id for card in cards}) == 1


@pytest.mark.parametrize(
    ("options", "embargo", "expiry"),
    [
        ({"embargo": "2031-01-01T00:00:00Z"}, "2031-01-01T00:00:00+00:00", None),
        ({"embargo": "2031-01-01T00:00:00+02:00"}, "2030-12-31T22:00:00+00:00", None),
        ({"embargo": "2029-01-01T00:00:00Z"}, None, None),
        ({"expires": "2031-01-01T00:00:00.5Z"}, None, "2031-01-01T00:00:00.500000+00:00"),
        ({"expiresInterval": "PT90S"}, None, "2030-01-01T00:01:30+00:00"),
        ({"expiresInterval": "P1DT2H"}, None, "2030-01-02T02:00:00+00:00"),
        ({"expiresInterval": "P2W"}, None, "2030-01-15T00:00:00+00:00"),
        ({"expiresInterval": "P0.5Y"}, None, "2030-07-02T12:00:00+00:00"),
        (
            {"expiresInterval": "P1D", "expires": "2030-01-01T01:00:00Z"},
            None,
            "2030-01-01T01:00:00+00:00",
        ),
    ],
)
def test_delivery_options_are_honoured(
    options: dict[str, str], embargo: str | None, expiry: str | None, api: Api
):
    """Embargo and expiry are those of the request; the earlier of two expiries counts."""
    clock = api.sandbox.clock
    clock.freeze()
    clock.advance(datetime(2030, 1, 1, tzinfo=UTC) - clock.now())
    api.log_in()
    assert api.start(_flow(cardOptions=options)).status == 200
    (card,) = api.environment.cards()
    assert card.status is (Status.EMBARGOED if embargo else Status.ACTIVE)
    if embargo:
        assert card.embargo_until == datetime.fromisoformat(embargo)
    assert card.expires_at == (datetime.fromisoformat(expiry) if expiry else None)


def test_an_expiry_in_the_past_expires_the_card_at_once(api: Api):
    """A card whose expiry is over is expired as soon as it is created."""
    api.start(_flow(cardOptions={"expires": "2001-01-01T00:00:00Z"}))
    assert [card.status for card in api.environment.cards()] == [Status.EXPIRED]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"flows": []},
        {"flows": {}},
        {"flows": [1]},
        {"flows": [{}]},
        {"flows": [{"target": {}}]},
        {"flows": [{"target": {"usersById": [1]}}]},
        {"flows": [{"target": {"usersById": [""]}}]},
        {"flows": [{"target": {"usersById": ["\ud800"]}}]},
        {"flows": [{"target": {"usersById": ["u"]}, "payload": []}]},
        _flow(variables=[]),
        _flow(metadata="x"),
        _flow(cardOptions=1),
        _flow(cardOptions={"priority": 0}),
        _flow(cardOptions={"priority": 11}),
        _flow(cardOptions={"priority": True}),
        _flow(cardOptions={"priority": "5"}),
        _flow(cardOptions={"embargo": "2031-01-01"}),
        _flow(cardOptions={"embargo": "2031-13-01T00:00:00Z"}),
        _flow(cardOptions={"embargo": "2031-01-01T00:00:00"}),
        _flow(cardOptions={"embargo": 5}),
        _flow(cardOptions={"expires": "soon"}),
        _flow(cardOptions={"expires": "9999-12-31T23:59:59-23:59"}),
        _flow(cardOptions={"expiresInterval": "P"}),
        _flow(cardOptions={"expiresInterval": "PT"}),
        _flow(cardOptions={"expiresInterval": "1 day"}),
        _flow(cardOptions={"expiresInterval": "P999999999Y"}),
        _flow(cardOptions={"expiresInterval": "P9000Y"}),
        _flow() | {"flowInvocationId": 5},
        _flow() | {"flowInvocationId": ""},
        {"flows": [{"target": {"allTestUsers": "yes"}}]},
    ],
    ids=repr,
)
def test_a_malformed_start_is_refused_whole(body: Any, api: Api):  # noqa: ANN401
    """A start with an impossible value is a 400, and creates no card."""
    assert api.start(body).status == 400
    assert api.environment.cards() == []


def test_an_unknown_flow_is_not_found(api: Api):
    """Starting a flow that was never defined is a 404."""
    assert api.start(_flow(), flow="nope").status == 404


def test_a_draft_flow_can_be_tested_but_not_started(api: Api):
    """An unpublished flow is refused by start and served by test."""
    api.environment.test_users = frozenset({"u"})
    api.environment.define_flow("draft", published=False)
    assert api.start(_flow(), flow="draft").status == 400
    assert api.start(_flow(), flow="draft", mode="test").status == 200
    assert [card.event_source for card in api.environment.cards()] == ["test"]


def test_a_test_start_silently_ignores_others_than_test_users(api: Api):
    """A test start reaches test users only, and succeeds even if there are none."""
    assert api.start(_flow(["u", "v"]), mode="test").status == 200
    assert api.environment.cards() == []
    api.environment.test_users = frozenset({"v"})
    assert api.start(_flow(["u", "v"]), mode="test").status == 200
    assert [card.user_id for card in api.environment.cards()] == ["v"]
    assert api.start(_flow(["u", "v"])).status == 200
    assert len(api.environment.cards()) == 3


def test_all_test_users_get_one_card_each(api: Api):
    """A target may be all test users; those it names as well still get one card."""
    api.environment.test_users = frozenset({"u", "v"})
    body = {"flows": [{"target": {"usersById": ["u"], "allTestUsers": True}}]}
    assert api.start(body, mode="test").status == 200
    assert [card.user_id for card in api.environment.cards()] == ["u", "v"]


@pytest.mark.parametrize("mode", ["start", "test"])
@pytest.mark.parametrize("bulk", ["tags", "segments", "filters"])
def test_a_start_with_six_bulk_targets_is_not_processed(bulk: str, mode: str, api: Api):
    """A sixth flow with a bulk target gets 429, and no flow of the request creates a card."""
    api.environment.test_users = frozenset({"u"})
    flows = [{"target": {"usersById": ["u"]}}, *[{"target": {bulk: ["all"]}}] * 6]
    assert api.start({"flows": flows}, mode=mode).status == 429
    assert api.environment.cards() == []
    assert api.start({"flows": flows[:-1]}, mode=mode).status == 200
    assert len(api.environment.cards()) == 1


def test_any_number_of_flows_may_name_users(api: Api):
    """Targets of user ids, or of all test users, do not count as bulk targets."""
    api.environment.test_users = frozenset({"v"})
    flows = [{"target": {"usersById": ["u"]}}, {"target": {"allTestUsers": True}}] * 4
    assert api.start({"flows": flows}).status == 200
    assert len(api.environment.cards()) == 8


def test_a_delayed_start_expires_by_the_time_of_its_request(api: Api):
    """A relative expiry is counted from the request, even with an embargo."""
    api.sandbox.clock.freeze()
    now = api.sandbox.clock.now()
    api.start(_flow(cardOptions={"embargo": "2999-01-01T00:00:00Z", "expiresInterval": "PT1H"}))
    (card,) = api.environment.cards()
    assert card.expires_at is not None
    assert abs(card.expires_at - now - timedelta(hours=1)) <= timedelta(milliseconds=1)
