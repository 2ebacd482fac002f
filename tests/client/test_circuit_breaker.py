"""The circuit breaker: what a part of a target that is down costs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import freezegun
import pytest
import requests
from client_doubles import SECRET, TOKEN, TOKEN_URL, Reply, Target, session
from token_doubles import credentials

from pytest_atomic_cards.client import CardsSession, ClientCredentials, circuit_breaker
from pytest_atomic_cards.client.circuit_breaker import CircuitBreaker
from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.model.network_faults import NetworkFaults
from pytest_atomic_cards.sandbox.faulty_network import FaultyAdapter
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    OutcomeUnknownError,
    SettingsError,
    TimeLimitError,
    TransportError,
)
from pytest_atomic_cards.support.file_locks import lock_of

if TYPE_CHECKING:
    from client_doubles import Outcome

DOWN = requests.ConnectionError("down")


class Still(Clock):
    """A time that stands still until it is moved."""

    moment = 100.0

    def monotonic(self) -> float:
        return self.moment


def patient(target: Target, breaker: CircuitBreaker | None = None) -> CardsSession:
    """A session for whose circuit breaker time stands still."""
    return session(target, breaker=breaker or CircuitBreaker(clock=Still()))


def fail(client: CardsSession, times: int, method: str = "GET") -> str:
    """Send requests that all fail; what the last error says."""
    for _ in range(times):
        with pytest.raises(TransportError) as caught:
            client.send(method, "/v1/e/cards")
    return str(caught.value)


@pytest.mark.parametrize("outcome", [DOWN, Reply(503), Reply(429, headers={"Retry-After": "1e9"})])
def test_a_part_that_is_down_costs_each_test_one_attempt(outcome: Outcome) -> None:
    """After a whole cycle and one trial, requests fail unsent, and each test tries once."""
    target = Target(outcome)
    client = patient(target)
    fail(client, 1)
    cycle = len(target.requests)
    assert cycle > 1
    assert "not sent, as the listing of http://cards.test is down" in fail(client, 5)
    assert len(target.requests) == cycle + 1
    for test in range(1, 4):
        client.breaker.new_trial()
        fail(client, 5)
        assert len(target.requests) == cycle + 1 + test


def test_a_success_closes_the_circuit() -> None:
    """Once a trial is answered, all is as before, with retries."""
    target = Target(*[DOWN] * 8, Reply(), DOWN, Reply())
    client = patient(target)
    fail(client, 1)
    assert client.send("GET", "/v1/e/cards").status == 200
    assert client.send("GET", "/v1/e/cards").status == 200
    assert len(target.requests) == 11


def test_a_trial_comes_after_some_seconds_without_a_test() -> None:
    """Outside of pytest time alone lets another attempt through."""
    time, target = Still(), Target(DOWN)
    client = patient(target, CircuitBreaker(clock=time))
    fail(client, 5)
    before = len(target.requests)
    time.moment += 60
    fail(client, 5)
    assert len(target.requests) == before + 1


def test_parts_of_a_target_are_down_on_their_own() -> None:
    """Where listings time out, actions and starts still go out."""
    target = Target(lambda request: DOWN if request.method == "GET" else Reply())
    client = patient(target)
    fail(client, 3)
    assert client.send("PUT", "/v1/e/cards/cancel").status == 200
    assert client.send("POST", "/v1/e/action-flow/f/start").status == 200


def test_an_action_that_times_out_opens_the_circuit_of_actions() -> None:
    """A hanging action costs one time-out and one short trial, and listings go on."""
    hang = requests.ReadTimeout("slow")
    target = Target(lambda request: hang if request.method == "PUT" else Reply())
    client = patient(target)
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError):
            client.send("PUT", "/v1/e/cards/cancel")
    assert "not sent, as the actions of" in fail(client, 3, "PUT")
    assert target.methods == ["PUT", "PUT"]
    assert client.send("GET", "/v1/e/cards").status == 200


def test_single_failures_of_actions_hold_nothing_back() -> None:
    """A reset connection of an action that is not repeated says little about the target."""
    target = Target(requests.ConnectionError("reset"))
    client = patient(target)
    for _ in range(5):
        with pytest.raises(OutcomeUnknownError):
            client.send("PUT", "/v1/e/cards/cancel")
    assert len(target.requests) == 5


@pytest.mark.parametrize(
    "kind", ["unavailable", "rate-limited", "reset-before", "reset-after", "cut-off"]
)
def test_what_a_test_injects_opens_no_circuit(kind: str) -> None:
    """Faults of the network on purpose do not hold back the requests after them."""
    target, faults = Target(), NetworkFaults()
    http = target.http()
    http.mount("http://", FaultyAdapter(target, faults))
    client = session(target, http=http)
    faults.inject(kind, times=24)
    fail(client, 3)
    assert client.send("GET", "/v1/e/cards").status == 200
    assert not client.breaker.describe()


def test_an_injected_fault_of_a_trial_does_not_count() -> None:
    """A trial that a test makes fail does not shorten the next one."""
    target, faults = Target(DOWN), NetworkFaults()
    client = patient(target)
    fail(client, 1)
    part = "the listing of http://cards.test"
    client._http.mount("http://", FaultyAdapter(target, faults))
    faults.inject("cut-off")
    target.script[:] = [Reply()]
    fail(client, 1)
    assert client.breaker.circuit(part).trials == 0


def test_a_deadline_opens_no_circuit() -> None:
    """An exchange that the run's own deadline ended says nothing about the target."""
    deadline = Deadline()

    def hang(_: requests.PreparedRequest) -> Outcome:
        deadline.set(0.0, "interrupted")
        return requests.ReadTimeout("slow")

    client = patient(Target(hang))
    client.deadline = client._wire.deadline = deadline
    for method, kind in (("GET", TimeLimitError), ("PUT", OutcomeUnknownError)):
        deadline.set(60.0, "")
        with pytest.raises(kind):
            client.send(method, "/v1/e/cards")
    assert not client.breaker.describe()


def test_threads_share_what_is_known() -> None:
    """While a part is down, threads together make one trial a test."""
    target = Target(DOWN)
    client = patient(target)
    fail(client, 2)
    before = len(target.requests)
    client.breaker.new_trial()
    threads = [threading.Thread(target=fail, args=(client, 3)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(target.requests) == before + 1


def test_processes_share_what_is_known(tmp_path: Path) -> None:
    """What one process found down costs another one trial, and both counts are reported."""
    file, target = tmp_path / "circuits", Target(DOWN)
    first, second = (CircuitBreaker(file, Still()) for _ in range(2))
    fail(patient(target, first), 3)
    before = len(target.requests)
    fail(patient(target, second), 3)
    assert len(target.requests) == before + 1
    first.new_trial()
    second.new_trial()
    (line,) = CircuitBreaker(file).describe()
    assert line.startswith("the listing of http://cards.test is down: no response (")
    assert line.endswith("; 3 requests were not sent")


def test_a_file_that_is_held_ends_in_a_frozen_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process goes by what it sees itself if another holds the file, even if time is faked."""
    monkeypatch.setattr(circuit_breaker, "_LONGEST_WRITE", 0.05)
    breaker = CircuitBreaker(tmp_path / "circuits")
    with lock_of(tmp_path / "circuits"), freezegun.freeze_time("2031-05-05"):
        breaker.failed("a part", "no response")
    assert not (tmp_path / "circuits").exists()


def test_a_damaged_file_is_passed_over(tmp_path: Path) -> None:
    """A breaker whose file holds anything else works by what it sees itself."""
    (tmp_path / "circuits").write_text('["odd"]')
    target = Target(DOWN)
    fail(patient(target, CircuitBreaker(tmp_path / "circuits", Still())), 5)
    assert len(target.requests) == 9


# Tokens


def fetch(source: ClientCredentials, times: int) -> AtomicCardsError:
    """Ask for tokens, none of which is issued; the last error."""
    for _ in range(times):
        with pytest.raises(AtomicCardsError) as caught:
            source.token()
    return caught.value


def test_a_token_endpoint_that_is_down_costs_each_test_one_attempt() -> None:
    """Eight tests that each want a token make one cycle and then one attempt each."""
    breaker, target = CircuitBreaker(clock=Still()), Target(DOWN)
    source = credentials(target, breaker=breaker)
    fetch(source, 1)
    cycle = len(target.requests)
    for _ in range(7):
        breaker.new_trial()
        fetch(source, 10)
    assert len(target.requests) == cycle + 7
    (line,) = breaker.describe()
    assert line == (
        f"the token endpoint {TOKEN_URL} is down: ConnectionError: down; 63 requests were not sent"
    )


def test_a_refused_credential_is_asked_for_once() -> None:
    """Fifty calls with a wrong secret are one token request, and fail alike; a test asks anew."""
    breaker = CircuitBreaker(clock=Still())
    target = Target(Reply(401, {"error": "invalid_client"}))
    source = credentials(target, breaker=breaker)
    error = fetch(source, 50)
    assert isinstance(error, SettingsError)
    assert "refuses the credentials" in str(error)
    assert len(target.requests) == 1
    breaker.new_trial()
    fetch(source, 50)
    assert len(target.requests) == 2


def test_another_credential_is_not_held_back() -> None:
    """A refusal is of one client id: the next may be accepted."""
    breaker = CircuitBreaker(clock=Still())
    target = Target(Reply(401), Reply(body={"access_token": TOKEN}))
    fetch(credentials(target, breaker=breaker), 2)
    assert credentials(target, breaker=breaker, client_id="client-2").token() == TOKEN


def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    """What processes share holds neither the client secret nor its encoding."""
    breaker = CircuitBreaker(tmp_path / "circuits", Still())
    source = credentials(Target(Reply(401, SECRET.encode())), breaker=breaker)
    fetch(source, 2)
    content = (tmp_path / "circuits").read_text()
    assert "client-1" in content
    assert not any(secret in content for secret in source.secrets)
