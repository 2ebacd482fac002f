"""The controls of a sandbox: what they change, and which input they refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.control_endpoint import Control


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A new sandbox whose clock is frozen."""
    sandbox = Sandbox()
    sandbox.clock.freeze()
    yield sandbox
    sandbox.close()


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    """A client of the sandbox with its controls."""
    return Client(Control(sandbox))


def post(client: Client, name: str, body: object) -> TestResponse:
    """Use a control."""
    return client.post(f"/_sandbox/{name}", json=body)


def test_the_clock_can_be_advanced(sandbox: Sandbox, client: Client) -> None:
    """The clock advances by the given seconds, including fractions; the response has the time."""
    before = sandbox.clock.now()
    reply = post(client, "clock", {"advance": 90.5})
    assert reply.status_code == 200
    assert sandbox.clock.now() - before == timedelta(seconds=90.5)
    assert reply.json["now"].startswith(sandbox.clock.now().strftime("%Y-%m-%dT%H:%M:%S"))


def test_cards_are_put_in_with_their_names_of_a_listing(sandbox: Sandbox, client: Client) -> None:
    """Every field of a listing can be set, and times are seconds from now."""
    fields = {
        "cardInstanceId": "card-1",
        "cardTemplateId": "template-1",
        "cardTemplateName": "Reminder",
        "eventName": "event-1",
        "eventSource": "test",
        "lifecycleId": "life-1",
        "flowInstanceId": "flow-1",
        "flowInvocationId": "invocation-1",
        "userId": "üser",
        "status": "snoozed",
    }
    more = {
        "variables": {"name": "John"},
        "metadata": {"a": [1]},
        "cardOptions": {"priority": 3},
        "snoozeUntil": 60,
        "expiresAt": 120,
        "created": -30,
        "embargoUntil": None,
    }
    reply = post(client, "cards", {"cards": [fields | more, {}]})
    assert reply.status_code == 200
    assert reply.json["data"][0] == fields
    record = sandbox.default.card("card-1")
    now = sandbox.clock.now()
    assert (record.variables, record.metadata) == ({"name": "John"}, {"a": [1]})
    assert record.card_options == {"priority": 3}
    assert [round((moment - now).total_seconds()) for moment in
            (record.snooze_until, record.expires_at, record.created)] == [60, 120, -30]  # fmt: skip
    assert record.embargo_until is None
    assert len(sandbox.default.cards()) == 2


def test_a_time_implies_the_state(sandbox: Sandbox, client: Client) -> None:
    """A card with an embargo is embargoed, and active once it has passed."""
    (card,) = post(client, "cards", {"cards": [{"embargoUntil": 60}]}).json["data"]
    assert card["status"] == "embargoed"
    post(client, "clock", {"advance": 61})
    assert sandbox.default.card(card["cardInstanceId"]).status is Status.ACTIVE


def test_an_active_card_is_snoozed(sandbox: Sandbox, client: Client) -> None:
    """The control does what a customer does in the app."""
    (card,) = sandbox.default.seed([{}])
    reply = post(client, "snooze", {"cardInstanceId": card.card_instance_id, "seconds": 60})
    assert reply.json["status"] == "snoozed"
    assert sandbox.default.card(card.card_instance_id).status is Status.SNOOZED


def test_controls_reach_the_environment_that_is_named(sandbox: Sandbox, client: Client) -> None:
    """Cards, snoozes and events are those of the given environment."""
    other = sandbox.create_environment("other")
    (card,) = post(client, "cards", {"environment": "other", "cards": [{}]}).json["data"]
    snooze = {"cardInstanceId": card["cardInstanceId"], "seconds": 1}
    assert post(client, "snooze", snooze).status_code == 400
    assert post(client, "snooze", snooze | {"environment": "other"}).status_code == 200
    assert not sandbox.default.cards()
    assert len(other.cards()) == 1
    events = client.get("/_sandbox/analytics?environment=other").json["data"]
    assert [event["eventType"] for event in events] == ["card-snoozed"]
    assert client.get("/_sandbox/analytics").json == {"data": []}


def test_everything_else_is_answered_by_the_sandbox(client: Client) -> None:
    """The controls do not shadow the API."""
    reply = client.get("/v1/sandbox/cards", headers={"User-Agent": "test"})
    assert reply.status_code == 401


def test_network_faults_are_replaced(sandbox: Sandbox, client: Client) -> None:
    """A client in another process replaces or clears the pending faults."""
    sandbox.network.inject("slow")
    fault = {"kind": "rate-limited", "times": 2, "method": "PUT", "retryAfter": 7}
    assert post(client, "network", {"faults": [fault]}).json == {"data": ["rate-limited"]}
    (pending,) = sandbox.network.pending
    assert (pending.times, pending.method, pending.retry_after) == (2, "PUT", 7)
    assert post(client, "network", {"faults": []}).json == {"data": []}
    assert not sandbox.network.pending


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("clock", {}),
        ("clock", {"advance": -1}),
        ("clock", {"advance": "60"}),
        ("clock", {"advance": True}),
        ("clock", {"advance": 10**400}),
        ("clock", {"advance": 1e300}),
        ("clock", {"advance": 1, "then": 2}),
        ("clock", []),
        ("snooze", {}),
        ("snooze", {"cardInstanceId": "unknown", "seconds": 1}),
        ("snooze", {"cardInstanceId": 7, "seconds": 1}),
        ("snooze", {"cardInstanceId": "there", "seconds": 0}),
        ("snooze", {"cardInstanceId": "there", "seconds": None}),
        ("network", {}),
        ("network", {"faults": {}}),
        ("network", {"faults": ["slow"]}),
        ("network", {"faults": [{}]}),
        ("network", {"faults": [{"kind": "flood"}]}),
        ("network", {"faults": [{"kind": []}]}),
        ("network", {"faults": [{"kind": "slow", "times": 0}]}),
        ("network", {"faults": [{"kind": "slow", "delay": "1"}]}),
        ("network", {"faults": [{"kind": "slow", "colour": "red"}]}),
        ("cards", {}),
        ("cards", {"cards": {}}),
        ("cards", {"cards": ["card"]}),
        ("cards", {"cards": [{"colour": "red"}]}),
        ("cards", {"cards": [{"user_id": "u"}]}),
        ("cards", {"cards": [{"userId": 7}]}),
        ("cards", {"cards": [{"status": "gone"}]}),
        ("cards", {"cards": [{"status": []}]}),
        ("cards", {"cards": [{"variables": []}]}),
        ("cards", {"cards": [{"expiresAt": "2030-01-01T00:00:00Z"}]}),
        ("cards", {"cards": [{"expiresAt": 1e11}]}),
        ("cards", {"cards": [{"cardInstanceId": "there"}]}),
        ("cards", {"cards": [{"cardInstanceId": "new"}, {"cardInstanceId": "new"}]}),
        ("cards", {"cards": [{"userId": "\ud800"}]}),
        ("cards", {"environment": 7, "cards": []}),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(
    sandbox: Sandbox, client: Client, name: str, body: object
) -> None:
    """A bad use of a control is a 4xx with JSON and a reason."""
    sandbox.default.seed([{"card_instance_id": "there"}])
    before = sandbox.default.cards(), sandbox.clock.now()
    reply = post(client, name, body)
    assert 400 <= reply.status_code < 500
    assert reply.json["message"]
    assert (sandbox.default.cards(), sandbox.clock.now()) == before


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"advance": NaN}', b'{"advance": Infinity}', b"[" * 100_000]
)
def test_a_body_that_is_no_json_is_refused(client: Client, content: bytes) -> None:
    """Malformed and non-standard JSON gets 400."""
    assert client.post("/_sandbox/clock", data=content).status_code == 400


@pytest.mark.parametrize("field", ["metadata", "variables", "cardOptions", "completion"])
def test_a_number_that_json_does_not_have_is_refused(
    sandbox: Sandbox, client: Client, field: str
) -> None:
    """NaN inside a card is refused, as no listing could show it."""
    content = f'{{"cards": [{{"{field}": {{"a": NaN}}}}]}}'.encode()
    assert client.post("/_sandbox/cards", data=content).status_code == 400
    assert not sandbox.default.cards()


def test_an_endless_body_is_refused(client: Client) -> None:
    """A body beyond the limit gets 413."""
    assert client.post("/_sandbox/clock", data=b" " * 10_000_001).status_code == 413


def test_the_clock_has_an_end(sandbox: Sandbox, client: Client) -> None:
    """The clock cannot advance beyond the last dates that can be written."""
    statuses = {post(client, "clock", {"advance": 3e9}).status_code for _ in range(100)}
    assert statuses == {200, 400}
    assert sandbox.clock.now().year < 9_000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "clock", 405),
        ("PUT", "cards", 405),
        ("POST", "analytics", 405),
        ("GET", "unknown", 404),
        ("POST", "", 404),
        ("GET", "analytics?environment=unknown", 404),
        ("GET", "analytics?environment=", 404),
    ],
)
def test_an_unknown_control_is_refused(client: Client, method: str, path: str, status: int) -> None:
    """An unknown control or environment gets 404, a wrong method 405 with the right one."""
    reply = client.open(f"/_sandbox/{path}", method=method)
    assert reply.status_code == status
    assert reply.json["message"]
    assert ("Allow" in reply.headers) == (status == 405)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["cards", "environment", "advance", "seconds", "cardInstanceId",
                         "userId", "status", "expiresAt", "created", "metadata"]),
        inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


@given(name=st.sampled_from(["clock", "snooze", "cards", "analytics"]), body=anything)
@settings(deadline=None)
def test_no_input_makes_the_server_fail(name: str, body: object) -> None:
    """Any JSON gets a JSON response with a status below 500, and cards stay readable."""
    sandbox = Sandbox()
    client = Client(Control(sandbox))
    reply = client.post(f"/_sandbox/{name}", data=json.dumps(body))
    assert reply.status_code < 500
    assert isinstance(reply.json, dict)
    assert all(record.card_instance_id for record in sandbox.default.cards())
    sandbox.close()
