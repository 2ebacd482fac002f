"""Network faults: which requests they affect, and what a client sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given, settings
from requests.adapters import HTTPAdapter

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.network_faults import NetworkFault, NetworkFaultKind, NetworkFaults
from pytest_atomic_cards.sandbox import Sandbox, SandboxAdapter
from pytest_atomic_cards.sandbox.faulty_network import FaultyAdapter
from pytest_atomic_cards.sandbox.server import SandboxServer
from pytest_atomic_cards.strategies import network_faults
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from live_sandbox import Serve

    from pytest_atomic_cards.targets.cards_fixture import Cards

Kind = NetworkFaultKind
CANCEL = "/v1/sandbox/cards/cancel"


@dataclass
class Bed:
    """A user's own client, in plain ``requests``, and its sandbox."""

    http: requests.Session
    url: str
    sandbox: Sandbox
    faults: NetworkFaults

    def __post_init__(self) -> None:
        credential = self.sandbox.default.create_credential()
        answer = self.http.post(
            f"{self.url}{self.sandbox.token_path}",
            data={"grant_type": "client_credentials"},
            auth=(credential.client_id, credential.client_secret),
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.sandbox.default.seed([{"user_id": "ann"}])

    def cancel(self, timeout: float | None = 10.0) -> requests.Response:
        return self.http.put(f"{self.url}{CANCEL}?userId=ann", timeout=timeout)

    @property
    def is_cancelled(self) -> bool:
        return self.sandbox.default.cards()[0].status is Status.CANCELLED


@contextmanager
def in_process() -> Iterator[Bed]:
    """The client through the adapter of the sandbox."""
    sandbox = Sandbox()
    http = requests.Session()
    http.mount("http://sandbox.test", SandboxAdapter(sandbox))
    yield Bed(http, "http://sandbox.test", sandbox, sandbox.network)


@contextmanager
def on_loopback() -> Iterator[Bed]:
    """The client over a socket, with the faults in the server."""
    sandbox = Sandbox()
    with SandboxServer(sandbox) as server, requests.Session() as http:
        yield Bed(http, server.url, sandbox, sandbox.network)


@contextmanager
def client_side() -> Iterator[Bed]:
    """The client over a socket to a faultless server, with the faults on its own side."""
    sandbox, faults = Sandbox(), NetworkFaults()
    with SandboxServer(sandbox) as server, requests.Session() as http:
        http.mount("http://", FaultyAdapter(HTTPAdapter(), faults))
        yield Bed(http, server.url, sandbox, faults)


WAYS = [in_process, on_loopback, client_side]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def bed(request: pytest.FixtureRequest) -> Iterator[Bed]:
    """The same client and sandbox, with the faults in each possible place."""
    way: Callable[[], Any] = request.param
    with way() as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "status", "processed"),
    [
        (Kind.UNAUTHORIZED, 401, False),
        (Kind.RATE_LIMITED, 429, False),
        (Kind.UNAVAILABLE, 503, False),
        (Kind.ERROR_AFTER_WRITE, 500, True),
    ],
)
def test_a_response_replaces_the_targets(
    bed: Bed, kind: NetworkFaultKind, status: int, *, processed: bool
) -> None:
    """The status is that of the fault, the write has happened or not, the next request passes."""
    bed.faults.inject(kind, retry_after=7)
    answer = bed.cancel()
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("7" if kind is Kind.RATE_LIMITED else None)
    assert answer.json()["message"] == f"network fault: {kind}"
    assert bed.is_cancelled is processed
    assert bed.cancel().json()["summary"]["updated"] == (not processed)
    assert [(one.kind, one.method, one.path) for one in bed.faults.fired] == [(kind, "PUT", CANCEL)]
    assert not bed.faults.pending


@pytest.mark.parametrize("kind", [Kind.RESET_BEFORE, Kind.RESET_AFTER])
def test_a_reset_leaves_no_response(bed: Bed, kind: NetworkFaultKind) -> None:
    """The client sees a broken connection, whether the write has happened or not."""
    bed.faults.inject(kind)
    with pytest.raises(requests.ConnectionError, match=r"reset by peer"):
        bed.cancel()
    assert bed.is_cancelled is (kind is Kind.RESET_AFTER)
    assert bed.cancel().ok


def test_a_body_is_cut_off(bed: Bed) -> None:
    """The write has happened, and its response ends before its length is reached."""
    bed.faults.inject(Kind.CUT_OFF)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        bed.cancel()
    assert bed.is_cancelled


def test_a_slow_response_is_late_or_missed(bed: Bed) -> None:
    """A patient client gets the response, an impatient one a timeout; the write has happened."""
    bed.faults.inject(Kind.SLOW, delay=0.01)
    assert bed.cancel().json()["summary"]["updated"] == 1
    bed.faults.inject(Kind.SLOW, delay=0.5)
    with pytest.raises(requests.ReadTimeout):
        bed.cancel(timeout=0.1)
    bed.sandbox.default.seed([{"user_id": "bob"}])


def test_token_requests_meet_faults_only_if_named(bed: Bed) -> None:
    """Faults of the API do not affect token requests, but faults of their path do."""
    url = f"{bed.url}{bed.sandbox.token_path}"
    bed.faults.inject(Kind.UNAVAILABLE)
    assert bed.http.post(url, timeout=10).status_code != 503
    bed.faults.inject(Kind.RATE_LIMITED, path="/oauth2/token")
    assert bed.http.post(url, timeout=10).status_code == 429
    assert bed.cancel().status_code == 503


# Which requests


def run(faults: NetworkFaults, *methods: str) -> list[str | None]:
    """The kinds of the faults that affect a series of requests."""
    met = [faults.take(method, CANCEL) for method in methods]
    return [fault.kind.value if fault else None for fault in met]


def test_a_fault_affects_the_next_requests_that_match() -> None:
    """Requests of another method or path do not count; the fault ends after its times."""
    faults = NetworkFaults()
    faults.inject("slow", times=2, method="put")
    faults.inject("cut-off", path="/cards/dismiss")
    assert run(faults, "GET", "put", "GET", "PUT", "PUT") == [None, "slow", None, "slow", None]
    assert [fault.kind for fault in faults.pending] == [Kind.CUT_OFF]


def test_a_fault_can_skip_requests() -> None:
    """As many matching requests pass before it as it skips."""
    faults = NetworkFaults()
    faults.inject("slow", skip=2, method="GET")
    assert run(faults, "GET", "PUT", "GET", "GET", "GET") == [None, None, None, "slow", None]


def test_faults_affect_requests_in_the_order_of_injection() -> None:
    """One fault affects one request, and the next fault the next request."""
    faults = NetworkFaults()
    faults.inject("slow")
    faults.inject("cut-off")
    assert run(faults, "GET", "GET", "GET") == ["slow", "cut-off", None]


def test_cleared_faults_affect_nothing() -> None:
    """After ``clear`` requests pass, and nothing has fired."""
    faults = NetworkFaults()
    faults.inject("slow", times=2)
    run(faults, "GET")
    faults.clear()
    assert run(faults, "GET") == [None]
    assert not faults.fired


def test_the_same_seed_scatters_the_same_faults() -> None:
    """Scattered faults depend only on the seed, and affect about the given share."""

    def scattered(seed: int) -> list[str | None]:
        faults = NetworkFaults()
        faults.scatter(seed, requests=300, share=0.3)
        return run(faults, *["GET"] * 300)

    assert scattered(1) == scattered(1) != scattered(2)
    assert {len([kind for kind in scattered(seed) if kind]) // 60 for seed in (1, 2, 3)} == {1}
    assert set(filter(None, scattered(1))) == set(NetworkFaultKind)


@given(faults=network_faults())
@settings(deadline=None)
def test_drawn_faults_affect_what_they_say(faults: list[NetworkFault]) -> None:
    """Each drawn fault affects as many requests as it says, if there are enough."""
    plan = NetworkFaults()
    plan.inject_all(faults)
    met = [kind for kind in run(plan, *["GET"] * 60) if kind]
    due = [fault.kind.value for fault in faults for _ in range(fault.times)]
    assert sorted(met) == sorted(due)
    assert not plan.pending
    assert len(plan.fired) == len(due)


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("flood", {}, "there is no network fault 'flood'; known: unauthorized, "),
        ("slow", {"times": 0}, "times must be a whole number from 1, not 0"),
        ("slow", {"times": True}, "times must be"),
        ("slow", {"skip": -1}, "skip must be"),
        ("slow", {"retry_after": 0.5}, "retry_after must be"),
        ("slow", {"delay": -1}, "delay must be from 0"),
        ("slow", {"delay": float("nan")}, "delay must be from 0"),
        ("slow", {"delay": "long"}, "delay must be from 0 to 3600 s, not 'long'"),
        ("slow", {"path": None}, "method and path must be text"),
        ("slow", {"method": 7}, "method and path must be text"),
        ("slow", {"colour": "red"}, "a network fault has no 'colour'; known: times"),
    ],
)
def test_impossible_faults_are_refused(kind: str, fields: dict[str, Any], message: str) -> None:
    """An unknown kind or a number out of range is one clear error, and nothing is injected."""
    faults = NetworkFaults()
    with pytest.raises(MisuseError, match=message):
        faults.inject(kind, **fields)
    assert not faults.pending


# In a user's tests


def test_each_test_begins_with_a_faultless_network(pytester: pytest.Pytester) -> None:
    """Faults of one test do not affect the next, even if they have not fired."""
    pytester.makepyfile(
        """
        import pytest
        from pytest_atomic_cards import OutcomeUnknownError, Status

        def test_lost_answer(cards):
            card = cards.seed()
            cards.faults.inject("reset-after", method="PUT", times=9)
            with pytest.raises(OutcomeUnknownError):
                cards.cancel(card)
            assert cards.get(card).status is Status.CANCELLED

        def test_sound(cards):
            assert not cards.faults.pending
            assert cards.cancel(cards.seed()).summary.updated == 1
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2)


@pytest.mark.parametrize("kind", list(NetworkFaultKind))
def test_faults_before_a_live_target_are_on_our_side(serve: Serve, kind: NetworkFaultKind) -> None:
    """Unprocessed requests never reach the target, and clean-up has a faultless network."""
    live = serve()
    cards: Cards = live.open_world()
    query = {"method": "GET", "path": "/cards"}
    cards.seed()
    cards.faults.inject(kind, delay=0.0, retry_after=0, **query)
    before = live.count("GET")
    cards.api.session.send("GET", f"/v1/{cards.api.environment_id}/cards")
    repeated = kind not in {Kind.SLOW, Kind.ERROR_AFTER_WRITE}
    assert live.count("GET") - before == 1 + (repeated and kind.is_processed)
    cards.faults.inject("unavailable", times=99)
    assert cards.clean_up().left_open == ()
    assert not live.open_cards
