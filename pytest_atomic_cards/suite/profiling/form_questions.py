"""Open questions about the protocol: error bodies, additional fields, methods and paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pytest_atomic_cards.model.cards import data_of
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observed_responses import keys, listed
from pytest_atomic_cards.suite.profiling.observers import observer
from pytest_atomic_cards.support.errors import NotAvailableError

_RESULT: Final = frozenset(
    {
        "eventName",
        "eventSource",
        "lifecycleId",
        "cardTemplateId",
        "cardInstanceId",
        "userId",
        "action",
    }
)
_CARD: Final = (_RESULT - {"action"}) | {
    "cardTemplateName",
    "flowInstanceId",
    "flowInvocationId",
    "definition",
    "payload",
    "status",
    "created",
    "updated",
}
_RESPONSE: Final = frozenset({"data", "summary"})
_SUMMARY: Final = frozenset({"total", "updated"})
"""The fields of the documentation's samples. Source: Cards API page."""


@observer
def error_body(context: ProfilingContext) -> str:
    """Dismiss several cards without ``multiple``, which is refused, and look at the body."""
    exchange = context.put(Action.DISMISS, context.supply.take().pin)
    if exchange.succeeded:
        raise NotAvailableError("a dismiss of several cards without multiple=1 is not refused")
    if not exchange.response_body:
        return "empty"
    body = exchange.json()
    if isinstance(body, dict):
        if "problem" in exchange.response_headers.get("content-type", ""):
            return "problem"
        known = [name for name in ("message", "error", "errors") if name in body]
        return known[0] if known else f"an object with {', '.join(body)}"
    if body is not None:
        return "JSON that is not an object"
    return "HTML" if "html" in exchange.response_headers.get("content-type", "") else "text"


@observer
def extra_fields(context: ProfilingContext) -> str:
    """Compare the fields of a listing and of an action's response with the sampled ones."""
    listing = context.succeed(context.get(context.still.pin))
    group, card = context.supply.card()
    action = context.succeed(context.put(Action.COMPLETE, group.single(card)))
    for exchange, fields in (
        (listing, (frozenset({"data"}), _CARD, _SUMMARY)),
        (action, (_RESPONSE, _RESULT, _SUMMARY)),
    ):
        context.evidence = exchange
        if any(found - known for found, known in _compared(exchange, *fields)):
            return "some"
    return "none"


def _compared(
    exchange: Exchange, top: frozenset[str], element: frozenset[str], summary: frozenset[str]
) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """The fields of each part of a body, with the sampled ones."""
    body: Any = exchange.json()
    yield _names(body), top
    if isinstance(body, dict):
        yield _names(body.get("summary")), summary
        for one in data_of(body):
            yield _names(one), element


def _names(value: Any) -> frozenset[str]:  # noqa: ANN401 - a JSON value
    return frozenset(value if isinstance(value, dict) else ())


@observer
def wrong_method(context: ProfilingContext) -> str:
    """GET the path of an action, which changes nothing but is pinned nevertheless."""
    return str(context.send("GET", f"/cards/{Action.DISMISS}", context.still.pin).status)


@observer
def head(context: ProfilingContext) -> str:
    """Ask for the headers of a listing only."""
    exchange = context.send("HEAD", "/cards", context.still.pin)
    return "served" if exchange.succeeded else str(exchange.status)


@observer
def unknown_path(context: ProfilingContext) -> str:
    """List under an invented path."""
    return str(context.send("GET", f"/{context.probe.invented()}", context.still.pin).status)


@observer
def rate_limit_headers(context: ProfilingContext) -> str:
    """Read the names of the headers of a listing."""
    names = [name.lower() for name in context.get(context.still.pin).response_headers]
    for word in ("ratelimit", "x-ratelimit"):
        if any(name.startswith(word) for name in names):
            return word
    return "none"


@observer
def trailing_slash(context: ProfilingContext) -> str:
    """List a group under a path with a trailing slash."""
    exchange = context.send("GET", "/cards/", context.still.pin)
    if not exchange.succeeded:
        return str(exchange.status)
    return "served" if listed(exchange) >= keys(context.still) else "another answer"
