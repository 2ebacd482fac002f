"""When a session sends a request again, and what it reports if that fails."""

from __future__ import annotations

import pytest
import requests
from client_doubles import (
    TOKEN,
    FakeTime,
    Reply,
    Target,
    raw_server,
    session,
)

from pytest_atomic_cards.client import (
    CardsSession,
    StaticToken,
)
from pytest_atomic_cards.support.errors import (
    OutcomeUnknownError,
    TransportError,
)

BUSY = [429, 502, 503, 504]


@pytest.mark.parametrize("status", BUSY)
def test_a_listing_is_repeated_until_it_is_answered(status: int) -> None:
    """A GET that meets a busy target waits and tries again."""
    time, target = FakeTime(), Target(Reply(status), Reply(status), Reply())
    assert session(target, time).send("GET", "/v1/env/cards").status == 200
    assert time.sleeps == [0.1, 0.2]


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        requests.ConnectTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
        OSError("odd"),
    ],
)
def test_a_listing_survives_a_broken_connection(error: Exception) -> None:
    """A GET whose connection fails is tried again."""
    target = Target(error, Reply())
    assert session(target).send("GET", "/v1/env/cards").status == 200


def test_retry_after_of_the_target_is_honoured() -> None:
    """The wait before a repeated GET is the one that the target asked for."""
    time, target = FakeTime(), Target(Reply(429, headers={"Retry-After": "3"}), Reply())
    session(target, time).send("GET", "/v1/env/cards")
    assert time.sleeps == [3.0]


@pytest.mark.parametrize("outcome", [Reply(503, b"down"), requests.ConnectionError("down")])
def test_a_listing_that_is_never_answered_is_a_transport_failure(
    outcome: Reply | Exception,
) -> None:
    """After the last attempt the error has the last exchange, and says how often it was tried."""
    target = Target(outcome)
    with pytest.raises(TransportError, match=r"8 attempts.*down") as caught:
        session(target).send("GET", "/v1/env/cards")
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert caught.value.exchange is not None
    assert len(target.requests) == 8


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    "outcome",
    [
        *map(Reply, BUSY),
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
def test_an_action_without_a_usable_answer_is_not_repeated(
    method: str, outcome: Reply | Exception
) -> None:
    """Whether the action was applied is unknown, and the error says to look first."""
    time, target = FakeTime(), Target(outcome)
    with pytest.raises(OutcomeUnknownError, match="list the cards") as caught:
        session(target, time).send(method, "/v1/env/cards/cancel", [("userId", "u")])
    assert caught.value.exchange is not None
    assert caught.value.exchange.query == "userId=u"
    assert len(target.requests) == 1
    assert not time.sleeps


def test_an_action_that_never_left_is_a_plain_transport_failure() -> None:
    """Where the connection was refused, nothing was applied for certain."""
    with raw_server() as server:
        gone = server.url
    cards = CardsSession(base_url=gone, tokens=StaticToken(TOKEN), retry=FakeTime().policy())
    with cards, pytest.raises(TransportError, match=r"(?i)refused") as caught:
        cards.send("PUT", "/v1/env/cards/cancel")
    assert type(caught.value) is TransportError


def test_a_repeatable_action_is_repeated() -> None:
    """The caller can say that sending an action again is harmless."""
    target = Target(Reply(503), Reply())
    exchange = session(target).send("PUT", "/v1/env/cards/cancel", repeatable=True)
    assert exchange.status == 200
    assert target.methods == ["PUT", "PUT"]


def test_a_repeatable_action_that_is_never_answered_stays_unknown() -> None:
    """Attempts that ended without a connection do not undo the doubt of an earlier one."""
    target = Target(Reply(503), requests.ConnectTimeout("no connection"))
    with pytest.raises(OutcomeUnknownError):
        session(target).send("PUT", "/v1/env/cards/cancel", repeatable=True)


def test_a_listing_that_must_not_be_repeated_is_not() -> None:
    """The caller can have a single attempt."""
    target = Target(Reply(503))
    with pytest.raises(TransportError):
        session(target).send("GET", "/v1/env/cards", repeatable=False)
    assert len(target.requests) == 1


def test_a_status_that_means_unprocessed_is_repeated_whatever_the_method() -> None:
    """A POST is repeated after the status by which the target says that it did nothing."""
    target = Target(Reply(429), Reply())
    exchange = session(target).send("POST", "/v1/env/action-flow/f/start", unprocessed={429})
    assert exchange.status == 200


def test_a_status_that_means_unprocessed_leaves_no_doubt() -> None:
    """When it stays, the error is a plain transport failure; another status is in doubt."""
    with pytest.raises(TransportError) as caught:
        session(Target(Reply(429))).send("POST", "/v1/x", unprocessed={429})
    assert type(caught.value) is TransportError
    with pytest.raises(OutcomeUnknownError):
        session(Target(Reply(503))).send("POST", "/v1/x", unprocessed={429})
