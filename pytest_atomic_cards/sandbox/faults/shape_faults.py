"""Faults of the shape of a listing's body."""

from __future__ import annotations

import json
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.documented import CARD_FIELDS, PAYLOAD_FIELDS
from pytest_atomic_cards.model.lifecycle import CLOSED, Status
from pytest_atomic_cards.sandbox.faults.changed_fields import changing, without
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.timestamps import format_milliseconds
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.sandbox.body_decisions import Body
    from pytest_atomic_cards.sandbox.card_record import Json, Row

FAULTS: Final = Faults("shape")


def _without_payload(name: str, original: Original[Body], row: Row) -> Body:
    body = original(row)
    del body["payload"][name]
    return body


for _name in CARD_FIELDS:
    FAULTS.add(
        f"card-lacks-{_name}",
        f"A listed card has no {_name}.",
        {"card_body": without(_name)},
    )
for _name in PAYLOAD_FIELDS:
    FAULTS.add(
        f"card-payload-lacks-{_name}",
        f"The payload of a listed card has no {_name}.",
        {"card_body": partial(_without_payload, _name)},
    )


_id = FAULTS.replacing("card_body", by=changing("cardInstanceId"))
_user = FAULTS.replacing("card_body", by=changing("userId"))
_lifecycle = FAULTS.replacing("card_body", by=changing("lifecycleId"))
_instance = FAULTS.replacing("card_body", by=changing("flowInstanceId"))
_status = FAULTS.replacing("card_body", by=changing("status"))
_definition = FAULTS.replacing("card_body", by=changing("definition"))
_payload = FAULTS.replacing("card_body", by=changing("payload"))
_created = FAULTS.replacing("card_body", by=changing("created"))
_updated = FAULTS.replacing("card_body", by=changing("updated"))


@_user
def card_shows_other_user(body: Body) -> Json:
    """A card's userId is not its customer's."""
    return f"other-{body['userId']}"


@_lifecycle
def card_shows_other_lifecycle(body: Body) -> Json:
    """A card's lifecycleId is not the one that queries match."""
    return f"other-{body['lifecycleId']}"


@_instance
def card_shows_invocation_as_instance(body: Body) -> Json:
    """A card's flowInstanceId holds its flowInvocationId."""
    return body["flowInvocationId"]


@_status
def card_always_active(_body: Body) -> Json:
    """A card's status always shows as active, even in a listing by another status."""
    return "active"


@_status
def card_status_capitalised(body: Body) -> Json:
    """A card's status begins with a capital letter."""
    return body["status"].capitalize()


@_status
def cancelled_card_is_canceled(body: Body) -> Json:
    """A cancelled card's status is spelled canceled."""
    return body["status"].replace("cancelled", "canceled")


@_status
def card_status_open_or_closed(body: Body) -> Json:
    """A card's status is open or closed instead of one of the seven words."""
    return "closed" if body["status"] in CLOSED else "open"


@_id
def card_id_number(body: Body) -> Json:
    """A card's cardInstanceId is a number."""
    return zlib.crc32(body["cardInstanceId"].encode())


@_user
def card_user_null(_body: Body) -> None:
    """A card's userId is null."""


@_payload
def card_payload_null(_body: Body) -> None:
    """A card's payload is null."""


@_payload
def card_payload_text(body: Body) -> Json:
    """A card's payload is JSON in a string."""
    return str(body["payload"])


@_definition
def card_definition_array(_body: Body) -> Json:
    """A card's definition is an array."""
    return []


@_payload
def card_target_text(body: Body) -> Json:
    """usersById of a card's payload is a string instead of an array."""
    return body["payload"] | {"target": {"usersById": body["userId"]}}


@_payload
def card_target_empty(body: Body) -> Json:
    """usersById of a card's payload lacks the card's user."""
    return body["payload"] | {"target": {"usersById": []}}


@_payload
def card_detail_lost(body: Body) -> Json:
    """detail of a card's payload is always empty."""
    return body["payload"] | {"detail": {}}


@_payload
def closed_card_lacks_detail(body: Body) -> Json:
    """detail of a card's payload is empty once the card is closed."""
    return body["payload"] | ({"detail": {}} if body["status"] in CLOSED else {})


@_payload
def card_detail_of_text(body: Body) -> Json:
    """Values in detail of a card's payload are all strings."""
    detail = {name: str(value) for name, value in body["payload"]["detail"].items()}
    return body["payload"] | {"detail": detail}


@_lifecycle
def closed_card_shows_other_lifecycle(body: Body) -> Json:
    """A card's lifecycleId changes when it is closed."""
    return body["lifecycleId"] + "-closed" * (body["status"] in CLOSED)


@_payload
def completed_card_shows_other_target(body: Body) -> Json:
    """target of a card's payload changes when the card is completed."""
    is_completed = body["status"] == Status.COMPLETED
    return body["payload"] | ({"target": {"usersById": []}} if is_completed else {})


@_created
def created_moves(body: Body) -> Json:
    """created changes when the card does."""
    return body["updated"]


@_updated
def updated_stays(body: Body) -> Json:
    """updated does not change when the card does."""
    return body["created"]


@_updated
def updated_is_now(_body: Body) -> Json:
    """updated is the time of the request."""
    return format_milliseconds(int(REAL_CLOCK.timestamp() * 1_000))


@_updated
def updated_before_created(_body: Body) -> Json:
    """updated is before created."""
    return "2000-01-01T00:00:00.000Z"


@FAULTS.replacing("card_body", "result_body")
def card_ids_shared(original: Original[Body], row: Row, *rest: Any) -> Body:  # noqa: ANN401
    """Two cards have the same cardInstanceId."""
    # Those that were created one after the other.
    return original(row, *rest) | {"cardInstanceId": f"shared-{row.seq // 2}"}


@FAULTS.replacing("card_body")
def card_in_snake_case(original: Original[Body], row: Row) -> Body:
    """The fields of a listed card are in snake_case."""
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name): value
        for name, value in original(row).items()
    }


@FAULTS.replacing("listing_body")
def listing_unwrapped(original: Original[Body], cards: list[Body]) -> Json:
    """A listing is an array instead of an object with data."""
    return original(cards)["data"]


def _data(change: Callable[[list[Body]], Json]) -> Wrapper:
    return changing("data")(lambda body: change(body["data"]))


_listing = FAULTS.replacing("listing_body", by=_data)


@_listing
def listing_keyed_by_id(cards: list[Body]) -> Json:
    """data of a listing is an object keyed by card id."""
    return {card["cardInstanceId"]: card for card in cards}


@_listing
def listing_of_text(cards: list[Body]) -> Json:
    """data of a listing is an array of JSON in strings."""
    return list(map(json.dumps, cards))


@_listing
def listing_of_one_bare(cards: list[Body]) -> Json:
    """data of a listing of one card is the card, not an array."""
    return cards[0] if len(cards) == 1 else cards


@_listing
def listing_nested(cards: list[Body]) -> Json:
    """data of a listing is an object that contains the array."""
    return {"cards": cards}


@FAULTS.replacing("listing_body")
def listing_under_cards(original: Original[Body], cards: list[Body]) -> Body:
    """A listing has its array under cards instead of data."""
    body = original(cards)
    body["cards"] = body.pop("data")
    return body


FAULTS.add(
    "json-as-html",
    "JSON bodies have the Content-Type text/html.",
    {"content_type": constant("text/html; charset=utf-8")},
)
