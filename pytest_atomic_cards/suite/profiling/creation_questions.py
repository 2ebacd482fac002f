"""Open questions about creation: the response to start, and the cards it creates."""

from __future__ import annotations

from typing import Any, Final

from pytest_atomic_cards.model.card_spec import CardSpec
from pytest_atomic_cards.suite.profiling.context import ProfilingContext
from pytest_atomic_cards.suite.profiling.observed_responses import keys, listed
from pytest_atomic_cards.suite.profiling.observers import late_observer, observer
from pytest_atomic_cards.suite.profiling.timers import EXPIRING, HELD, Timers
from pytest_atomic_cards.support.errors import NotAvailableError, SeedingError

_INVOCATION: Final = "flowInvocationId"
_HONOURED: Final = {
    (True, True): "honoured",
    (False, False): "ignored",
    (False, True): "expiry only",
}


@observer
def start_response(context: ProfilingContext) -> str:
    """Find ``flowInvocationId`` in the response to start."""
    body = context.started.exchange.json()
    data = body.get("data") if isinstance(body, dict) else None
    places = {"flat": body, "data-object": data, "data-array": _first(data)}
    for word, place in places.items():
        if isinstance(place, dict) and _INVOCATION in place:
            return word
    return "elsewhere"


def _first(data: Any) -> Any:  # noqa: ANN401 - a JSON value
    return data[0] if isinstance(data, list) and data else None


@observer
def start_status(context: ProfilingContext) -> str:
    """Read the status of the response to start."""
    return str(context.started.exchange.status)


@observer
def creation(context: ProfilingContext) -> str:
    """Start, and look at the first listing of the cards."""
    group = context.start().group
    first = context.first_listing(group)
    context.evidence = first
    return "immediate" if listed(first) >= keys(group) else "delayed"


@observer
def start_lifecycle_id(context: ProfilingContext) -> str:
    """Start with a ``lifecycleId``, and look whether the card has it."""
    context.started  # noqa: B018 - not available if cards are created in another way
    try:
        started = context.start(spec=CardSpec(lifecycle_id=context.probe.invented()))
    except (NotAvailableError, SeedingError) as error:
        if error.exchange is None and isinstance(error, NotAvailableError):
            context.evidence = context.last_start()
            return "ignored"
        if error.exchange is None or error.exchange.status is None:
            raise
        context.evidence = error.exchange
        return str(error.exchange.status)
    context.evidence = started.exchange
    return "honoured"


@observer
def cards_per_target(context: ProfilingContext) -> str:
    """Count the cards that a start for one customer created."""
    found = context.probe.find(context.started.group.pin)
    context.evidence = found.exchanges[-1]
    return str(len(found.cards))


@late_observer
def delivery_options(context: ProfilingContext) -> str:
    """Check whether the embargo and the expiry in a start request take effect."""
    timers = context.once(Timers.started)
    embargo, expiry = timers.has(HELD), timers.has_expired
    context.get(timers.group(EXPIRING).pin)
    if embargo and not expiry:
        raise NotAvailableError(
            "the embargo in a start request is honoured, but the expiry is late or ignored"
        )
    return _HONOURED[embargo, expiry]


@observer
def test_event_source(context: ProfilingContext) -> str:
    """Read ``eventSource`` of a card that a test start created."""
    spec = None if context.is_live else CardSpec(user_id=_test_user(context))
    group = context.start("test", spec).group
    context.get(group.pin)
    card = group.cards[0]
    if card.event_source is None:
        raise NotAvailableError("cards have no eventSource")
    return card.event_source


def _test_user(context: ProfilingContext) -> str:
    """A test user of the sandbox; those of a live target are named by its settings."""
    user = context.cards.backend.new_user()
    context.cards.controls.name_test_users(user)
    return user
