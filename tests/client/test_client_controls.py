"""The controls of a sandbox, used over HTTP by a client of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from pytest_atomic_cards.client.sandbox_controls import SandboxControls
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.sandbox import Sandbox, SandboxAdapter
from pytest_atomic_cards.sandbox.control_endpoint import Control
from pytest_atomic_cards.sandbox.server import SandboxServer
from pytest_atomic_cards.support.clock import EventClock
from pytest_atomic_cards.support.errors import MisuseError, NotAvailableError, TransportError
from pytest_atomic_cards.targets import open_target

URL = "http://sandbox.test"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A new sandbox whose clock stands still."""
    sandbox = Sandbox()
    sandbox.clock.freeze()
    yield sandbox
    sandbox.close()


@pytest.fixture
def http(sandbox: Sandbox) -> requests.Session:
    """Reaches it in this process."""
    http = requests.Session()
    http.mount(URL, SandboxAdapter(Control(sandbox)))
    return http


@pytest.fixture
def controls(http: requests.Session) -> SandboxControls:
    """Its controls."""
    return SandboxControls(http, URL)


def test_time_passes(http: requests.Session, sandbox: Sandbox) -> None:
    """The sandbox's clock is moved, and the controls know by how much."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    controls = SandboxControls(http, URL, clock=EventClock(began))
    before = sandbox.clock.now()
    controls.advance(timedelta(hours=1, microseconds=1))
    controls.advance(timedelta(seconds=1))
    assert sandbox.clock.now() - before == timedelta(hours=1, seconds=1, microseconds=1)
    assert controls.now() == began + timedelta(hours=1, seconds=1, microseconds=1)


def test_a_refused_advance_moves_no_clock(controls: SandboxControls, sandbox: Sandbox) -> None:
    """Time does not go backwards, there or here."""
    before, ahead = sandbox.clock.now(), controls._ahead
    with pytest.raises(MisuseError, match="only goes forwards"):
        controls.advance(timedelta(seconds=-1))
    assert (sandbox.clock.now(), controls._ahead) == (before, ahead)


def test_cards_are_put_in_looked_at_and_snoozed(
    controls: SandboxControls, sandbox: Sandbox
) -> None:
    """A card is seeded with its times, shows its true state, and wakes up again."""
    controls.seed([{"cardInstanceId": "one", "expiresAt": 7_200.0}, {"embargoUntil": 60}])
    assert controls.state("one") is Status.ACTIVE
    controls.snooze("one", timedelta(minutes=1))
    assert controls.state("one") is Status.SNOOZED
    assert [card.status for card in sandbox.default.cards()] == [Status.SNOOZED, Status.EMBARGOED]
    controls.advance(timedelta(minutes=2))
    assert {card.status for card in sandbox.default.cards()} == {Status.ACTIVE}


def test_environments_have_cards_and_credentials_of_their_own(
    controls: SandboxControls, sandbox: Sandbox
) -> None:
    """What is done in another environment is done there alone."""
    controls.create_environment("other")
    controls.seed([{"cardInstanceId": "theirs"}], "other")
    credential = controls.create_credential("workbench", "other")
    assert controls.state("theirs", "other") is Status.ACTIVE
    with pytest.raises(MisuseError, match="has no card 'theirs'"):
        controls.state("theirs")
    assert credential.environment_id == "other"
    assert credential.client_secret not in repr(credential)
    assert sandbox._tokens.credentials[credential.client_id].role == "workbench"
    with pytest.raises(MisuseError, match="has no credential"):
        controls.delete_credential(credential.client_id)


def test_controls_of_an_environment_mean_that_one(
    http: requests.Session, controls: SandboxControls, sandbox: Sandbox
) -> None:
    """Controls that name an environment seed, snooze and make credentials there."""
    controls.create_environment("other")
    theirs = SandboxControls(http, URL, environment_id="other")
    theirs.seed([{"cardInstanceId": "theirs"}])
    theirs.snooze("theirs", timedelta(minutes=1))
    credential = theirs.create_credential()
    assert sandbox.environments["other"].card("theirs").status is Status.SNOOZED
    assert credential.environment_id == "other"
    theirs.delete_credential(credential.client_id)
    assert not [one for one in sandbox._tokens.credentials if one == credential.client_id]


def test_analytics_show_completions_unless_they_are_kept_out(
    controls: SandboxControls, sandbox: Sandbox
) -> None:
    """Completion payloads are in the events, and not once they are not to be exported."""
    world = open_target(Settings()).open_world()
    world.complete(world.seed(), {"quantity": 2})
    (event,) = world.controls.analytics_events()
    assert event["properties"] == {"values": {"quantity": 2}}
    world.controls.export_card_responses(exported=False)
    (event,) = world.controls.analytics_events()
    assert event["properties"] == {}
    controls.export_card_responses(exported=False)
    assert not sandbox.default.export_card_responses


def test_test_users_are_named_for_one_environment(
    controls: SandboxControls, sandbox: Sandbox
) -> None:
    """The test users that are named replace earlier ones, and other settings stay as they are."""
    controls.export_card_responses(exported=False)
    controls.name_test_users("ann")
    controls.name_test_users("bob", "eve")
    assert sandbox.default.test_users == {"bob", "eve"}
    assert not sandbox.default.export_card_responses


@pytest.mark.parametrize(
    ("asked", "body", "status", "told"),
    [
        ("POST settings", '{"exportCardResponses": 1}', 400, "must be true or false"),
        ("POST settings", '{"testUsers": "ann"}', 400, "must be an array"),
        ("POST settings", '{"testUsers": [1]}', 400, "must be an array"),
        ("POST settings", '{"export": true}', 400, "unknown field 'export'"),
        ("POST credentials", '{"role": 1}', 400, "role must be a string"),
        ("POST credentials", '{"role": "king"}', 400, "there is no role 'king'"),
        ("DELETE credentials", "", 400, "clientId must be a string"),
        ("GET credentials", "", 405, "use POST, DELETE"),
        ("POST environments", "{}", 400, "environment must be a string"),
        ("POST environments", '{"environment": "sandbox"}', 400, "already"),
        ("GET card?cardInstanceId=none", "", 400, "has no card 'none'"),
        ("GET card?environment=none&cardInstanceId=none", "", 404, "no environment 'none'"),
    ],
)
def test_bad_requests_to_controls_are_explained(
    asked: str, body: str, status: int, told: str, http: requests.Session
) -> None:
    """A control that is used wrongly says what is wrong, and with which status."""
    method, name = asked.split()
    response = http.request(method, f"{URL}/_sandbox/{name}", data=body)
    assert response.status_code == status
    assert told in response.json()["message"]


def test_a_served_sandbox_is_steered_as_well(sandbox: Sandbox) -> None:
    """The same controls work through a socket, and a server that is gone is reported."""
    with SandboxServer(sandbox) as server, requests.Session() as http:
        controls = SandboxControls(http, server.url)
        controls.seed([{"cardInstanceId": "one"}])
        assert sandbox.default.card("one").status is Status.ACTIVE
    with requests.Session() as http, pytest.raises(TransportError, match="no response to POST"):
        SandboxControls(http, server.url).advance(timedelta(seconds=1))


def test_a_live_world_has_no_controls() -> None:
    """Where the target cannot be steered, to ask for its controls says so."""
    world = open_target(Settings()).open_world()
    assert world.is_steerable
    world._controls = world._sandbox = None
    assert not world.is_steerable
    for name in ("controls", "sandbox"):
        with pytest.raises(NotAvailableError, match="live target cannot be steered"):
            getattr(world, name)
