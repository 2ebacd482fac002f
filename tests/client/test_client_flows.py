"""Starting an Action Flow, and the invocation id in the response."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
import requests
from client_doubles import BASE, FakeTime, Reply, Target, session

from pytest_atomic_cards.client import ActionFlows, FlowTarget
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    MisuseError,
    OutcomeUnknownError,
    RefusedError,
    SettingsError,
)

STARTED = Reply(body={"flowInvocationId": "inv-1"})


def flows(target: Target, time: FakeTime | None = None) -> ActionFlows:
    """The operations over a scripted target."""
    return ActionFlows(session(target, time), "env")


def body_sent(target: Target) -> object:
    """The JSON body of the only request."""
    (request,) = target.requests
    return json.loads(request.body or b"")


def test_starting_sends_only_what_is_set() -> None:
    """The smallest request has the users and nothing else."""
    target = Target(STARTED)
    flows(target).start("flow 1", [FlowTarget(users=["u-1", "u-2"])])
    assert target.methods == ["POST"]
    assert target.urls == [f"{BASE}/v1/env/action-flow/flow%201/start"]
    assert body_sent(target) == {"flows": [{"target": {"usersById": ["u-1", "u-2"]}}]}


def test_starting_sends_all_that_is_set() -> None:
    """Options are inside the payload, times are UTC with Z, and an interval is a duration."""
    target = Target(STARTED)
    moment = datetime(2030, 1, 2, 3, 4, 5, 6000, tzinfo=timezone(timedelta(hours=13)))
    everything = FlowTarget(
        users=["u"],
        variables={"name": "Zoë"},
        metadata={"run": 1},
        priority=3,
        embargo=moment,
        expires=datetime(2031, 1, 1, tzinfo=UTC),
        expires_interval=timedelta(days=1, seconds=90, milliseconds=500),
    )
    flows(target).start("f", [everything, FlowTarget(users=["v"])], mode="test")
    assert target.urls == [f"{BASE}/v1/env/action-flow/f/test"]
    assert body_sent(target) == {
        "flows": [
            {
                "target": {"usersById": ["u"]},
                "payload": {
                    "variables": {"name": "Zoë"},
                    "cardOptions": {
                        "priority": 3,
                        "embargo": "2030-01-01T14:04:05.006Z",
                        "expires": "2031-01-01T00:00:00.000Z",
                        "expiresInterval": "P1DT90.5S",
                    },
                    "metadata": {"run": 1},
                },
            },
            {"target": {"usersById": ["v"]}},
        ]
    }


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (timedelta(seconds=90), "PT90S"),
        (timedelta(days=2), "P2D"),
        (timedelta(milliseconds=250), "PT0.25S"),
        (timedelta(hours=1), "PT3600S"),
    ],
)
def test_an_interval_is_an_iso_8601_duration(interval: timedelta, text: str) -> None:
    """Whole days and seconds, with a fraction only where there is one."""
    body = FlowTarget(users=["u"], expires_interval=interval).as_body()
    assert body["payload"]["cardOptions"] == {"expiresInterval": text}


@pytest.mark.parametrize(
    "body",
    [
        {"flowInvocationId": "inv-1"},
        {"data": {"flowInvocationId": "inv-1", "more": 1}},
        {"data": [{"other": 1}, {"flowInvocationId": "inv-1"}]},
        {"flowInvocationId": None, "data": {"flowInvocationId": "inv-1"}},
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_the_invocation_id_is_found_wherever_it_is(body: object, status: int) -> None:
    """The documentation promises the id, and not its place."""
    started = flows(Target(Reply(status, body))).start("f", [FlowTarget(users=["u"])])
    assert started.flow_invocation_id == "inv-1"
    assert started.exchange.status == status


def test_an_id_may_be_named_several_times() -> None:
    """A response that repeats its id names one."""
    body = {"flowInvocationId": "inv-1", "data": [{"flowInvocationId": "inv-1"}]}
    started = flows(Target(Reply(body=body))).start("f", [FlowTarget(users=["u"])])
    assert started.flow_invocation_id == "inv-1"


def test_different_ids_are_none() -> None:
    """Which of several ids belongs to the start is not documented, so none is believed."""
    body = {"flowInvocationId": "inv-0", "data": [{"flowInvocationId": "inv-1"}]}
    with pytest.raises(ContractBrokenError, match=r"2 different flowInvocationIds.*inv-0, inv-1"):
        flows(Target(Reply(body=body))).start("f", [FlowTarget(users=["u"])])


@pytest.mark.parametrize("body", [{}, {"data": []}, [], "inv-1", {"flowInvocationId": ""}, None])
def test_an_answer_without_an_invocation_id_breaks_the_contract(body: object) -> None:
    """The id is documented as always being there."""
    with pytest.raises(ContractBrokenError, match="flowInvocationId"):
        flows(Target(Reply(body=body))).start("f", [FlowTarget(users=["u"])])


def test_a_429_is_repeated_as_nothing_was_started() -> None:
    """The limit on bulk tasks is documented to leave the whole request unprocessed."""
    time, target = FakeTime(), Target(Reply(429, headers={"Retry-After": "2"}), STARTED)
    flows(target, time).start("f", [FlowTarget(users=["u"])])
    assert time.sleeps == [2.0]
    assert len(target.requests) == 2


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Reply(400), RefusedError),
        (Reply(404), RefusedError),
        (Reply(500), OutcomeUnknownError),
        (Reply(503), OutcomeUnknownError),
        (requests.ReadTimeout("slow"), OutcomeUnknownError),
    ],
)
def test_a_start_that_may_have_happened_is_not_repeated(
    outcome: Reply | Exception, error: type[AtomicCardsError]
) -> None:
    """Any other failure ends after one request and says whether it may have been processed."""
    target = Target(outcome)
    with pytest.raises(error):
        flows(target).start("f", [FlowTarget(users=["u"])])
    assert len(target.requests) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: FlowTarget(users=[]),
        lambda: FlowTarget(users="user"),
        lambda: FlowTarget(users=["u", ""]),
        lambda: FlowTarget(users=["u"], embargo=datetime(2030, 1, 1)),  # noqa: DTZ001
        lambda: FlowTarget(users=["u"], expires=datetime(2030, 1, 1)),  # noqa: DTZ001
        lambda: FlowTarget(users=["u"], expires_interval=timedelta(0)),
    ],
)
def test_a_target_that_cannot_be_meant_is_refused(make: Callable[[], FlowTarget]) -> None:
    """Missing users, times without a zone and empty intervals are named when they are written."""
    with pytest.raises(MisuseError):
        make()


def test_a_start_for_nobody_is_refused() -> None:
    """Without a target nothing is sent."""
    target = Target(STARTED)
    with pytest.raises(MisuseError):
        flows(target).start("f", [])
    assert not target.requests


@pytest.mark.parametrize("flow_id", ["", ".", ".."])
def test_a_flow_id_that_is_no_segment_names_its_setting(flow_id: str) -> None:
    """An id that would change the path is refused before anything is sent."""
    target = Target(STARTED)
    with pytest.raises(SettingsError, match="ATOMIC_CARDS_FLOW_ID"):
        flows(target).start(flow_id, [FlowTarget(users=["u"])])
    assert not target.requests
