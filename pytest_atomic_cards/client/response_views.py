"""What a response means: the requested body, or the error that says who is at fault."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pytest_atomic_cards.model.exchange import how_to_reach
from pytest_atomic_cards.support.errors import (
    ContractBrokenError,
    OutcomeUnknownError,
    RefusedError,
    TimeLimitError,
    TransportError,
)
from pytest_atomic_cards.support.printable import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_atomic_cards.client.retry import Backoff
    from pytest_atomic_cards.model.exchange import Exchange

_View = TypeVar("_View")

_LOCATION_SHOWN: Final = 200
"""Characters of a Location: any real one fits, and a hostile one does not fill the terminal."""

REPEAT: Final = "Repeat it with: "
"""Before the command, on the last line of an error about a response."""


def view_of(
    exchange: Exchange,
    view: Callable[[Any], _View],
    *,
    advice: str = "",
) -> _View:
    """The JSON body of a successful exchange, as read by a view.

    Args:
        exchange: The exchange.
        view: Reads the body; raises :class:`ContractBrokenError` if it cannot.
        advice: How to avoid a refusal, if that is known.

    Raises:
        RefusedError: The status is 4xx.
        OutcomeUnknownError: The status is 5xx, to a request that changes state.
        TransportError: The status is 5xx, to a GET.
        ContractBrokenError: The status is none of these and not 2xx, or the body is not JSON, or
            not what the view needs.
    """
    if exchange.succeeded:
        try:
            return view(json.loads(exchange.response_body))
        except ContractBrokenError as error:
            reason = f"That breaks the contract: {error}."
        except (ValueError, RecursionError):
            reason = "The body is not JSON."
        raise ContractBrokenError(_message(exchange, reason), exchange)
    status = exchange.status or 0
    if status < HTTPStatus.BAD_REQUEST:
        location = redirection(status, exchange.response_headers)
        raise ContractBrokenError(_message(exchange, "Expected HTTP 200.", location), exchange)
    if not exchange.is_server_error:
        raise RefusedError(_message(exchange, advice), exchange)
    if exchange.method == "GET":
        raise TransportError(_message(exchange), exchange)
    doubt = (
        "It may or may not have been applied; list the cards to see their state before you decide."
    )
    raise OutcomeUnknownError(_message(exchange, doubt), exchange)


def unanswered(exchange: Exchange, backoff: Backoff, *, in_doubt: bool) -> TransportError:
    """The error of a request that got no usable response.

    Args:
        exchange: Its last attempt.
        backoff: How often it was sent, and why not again.
        in_doubt: Whether it may have been applied nevertheless.
    """
    what = f"{exchange.method} {exchange.url}"
    last = exchange.describe()
    if in_doubt:
        return OutcomeUnknownError(
            f"{what} may or may not have been applied: {last}. It is not repeated "
            "automatically; list the cards to see their state before you decide",
            exchange,
        )
    kind = TimeLimitError if backoff.deadline.has_passed else TransportError
    return kind(f"{what} got no usable response in {backoff.describe()}, at last: {last}", exchange)


def split_command(message: str) -> tuple[str, str]:
    """The message of an error, and its line with the command that repeats the request, if any."""
    lines = message.splitlines()
    plain = [line for line in lines if not line.startswith(REPEAT)]
    return "\n".join(plain), "\n".join(line for line in lines if line not in plain)


def redirection(status: int, headers: Mapping[str, str]) -> str:
    """A sentence on where a response redirects to; empty if it does not.

    Args:
        status: Its status.
        headers: Its headers, in lower case.
    """
    location = headers.get("location", "")
    if not HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST or not location:
        return ""
    return f"It redirects to {cut(location, _LOCATION_SHOWN)!r}, and redirects are not followed."


def _message(exchange: Exchange, *sentences: str) -> str:
    what = f"{exchange.method} {exchange.url} answered {exchange.describe()}"
    reach = how_to_reach(exchange.url)
    command = f"{exchange.curl()}  # {reach}" if reach else exchange.curl()
    return "\n".join(filter(None, (what, *sentences, f"{REPEAT}{command}")))
