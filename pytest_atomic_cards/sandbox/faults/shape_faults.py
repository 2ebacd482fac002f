"""Faults of the shape of a listing's body."""

from __future__ import annotations

import json
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.documented import CARD_FIELDS, PAYLOAD_FIELDS
from pytest_atomic_cards.model.lifecycle import CLOSED, Status
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.timestamps import format_milliseconds
from pytest_atomic_cards.support.clock import REAL_CLOCK

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.body_decisions import Body
    from pytest_atomic_cards.sandbox.card_record import Json, Row

_AREA: Final = "shape"


def _without(name: str, original: Original, row: Row) -> Body:
    body: Body = original(row)
    del body[name]
    return body


def _without_payload(name: str, original: Original, row: Row) -> Body:
    body: Body = original(row)
    del body["payload"][name]
    return body


def _sharing_id(original: Original, row: Row, *rest: Any) -> Body:  # noqa: ANN401
    """A body in which two cards that were created one after the other have the same id."""
    body: Body = original(row, *rest)
    body["cardInstanceId"] = f"shared-{row.seq // 2}"
    return body


def _with(name: str, change: Any, original: Original, row: Row) -> Body:  # noqa: ANN401
    body: Body = original(row)
    body[name] = change(body)
    return body


def _in_snake_case(original: Original, row: Row) -> Body:
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name): value
        for name, value in original(row).items()
    }


def _flat(original: Original, cards: list[Body]) -> list[Body]:
    data: list[Body] = original(cards)["data"]
    return data


def _keyed(original: Original, cards: list[Body]) -> Body:
    body: Body = original(cards)
    body["data"] = {card["cardInstanceId"]: card for card in cards}
    return body


def _nested(original: Original, cards: list[Body]) -> Body:
    body: Body = original(cards)
    body["data"] = {"cards": body["data"]}
    return body


def _as_text(original: Original, cards: list[Body]) -> Body:
    body: Body = original(cards)
    body["data"] = list(map(json.dumps, body["data"]))
    return body


def _alone(original: Original, cards: list[Body]) -> Body:
    body: Body = original(cards)
    if len(cards) == 1:
        body["data"] = body["data"][0]
    return body


def _renamed(original: Original, cards: list[Body]) -> Body:
    body: Body = original(cards)
    body["cards"] = body.pop("data")
    return body


def _target(body: Body) -> Json:
    return body["payload"] | {"target": {"usersById": body["userId"]}}


def _others_target(body: Body) -> Json:
    return body["payload"] | {"target": {"usersById": []}}


_VALUES: Final[tuple[tuple[str, str, str, Any], ...]] = (
    (
        "card-shows-other-user",
        "A card's userId is not its customer's.",
        "userId",
        lambda body: f"other-{body['userId']}",
    ),
    (
        "card-shows-other-lifecycle",
        "A card's lifecycleId is not the one that queries match.",
        "lifecycleId",
        lambda body: f"other-{body['lifecycleId']}",
    ),
    (
        "card-shows-invocation-as-instance",
        "A card's flowInstanceId holds its flowInvocationId.",
        "flowInstanceId",
        lambda body: body["flowInvocationId"],
    ),
    (
        "card-always-active",
        "A card's status always shows as active, even in a listing by another status.",
        "status",
        lambda _body: "active",
    ),
    (
        "card-status-capitalised",
        "A card's status begins with a capital letter.",
        "status",
        lambda body: body["status"].capitalize(),
    ),
    (
        "cancelled-card-is-canceled",
        "A cancelled card's status is spelled canceled.",
        "status",
        lambda body: body["status"].replace("cancelled", "canceled"),
    ),
    (
        "card-status-open-or-closed",
        "A card's status is open or closed instead of one of the seven words.",
        "status",
        lambda body: "open" if body["status"] in {"active", "snoozed", "embargoed"} else "closed",
    ),
    (
        "card-id-number",
        "A card's cardInstanceId is a number.",
        "cardInstanceId",
        lambda body: zlib.crc32(body["cardInstanceId"].encode()),
    ),
    ("card-user-null", "A card's userId is null.", "userId", lambda _body: None),
    ("card-payload-null", "A card's payload is null.", "payload", lambda _body: None),
    (
        "card-payload-text",
        "A card's payload is JSON in a string.",
        "payload",
        lambda body: str(body["payload"]),
    ),
    ("card-definition-array", "A card's definition is an array.", "definition", lambda _body: []),
    (
        "card-target-text",
        "usersById of a card's payload is a string instead of an array.",
        "payload",
        _target,
    ),
    (
        "card-target-empty",
        "usersById of a card's payload lacks the card's user.",
        "payload",
        _others_target,
    ),
    (
        "card-detail-lost",
        "detail of a card's payload is always empty.",
        "payload",
        lambda body: body["payload"] | {"detail": {}},
    ),
    (
        "closed-card-lacks-detail",
        "detail of a card's payload is empty once the card is closed.",
        "payload",
        lambda body: body["payload"] | ({"detail": {}} if body["status"] in CLOSED else {}),
    ),
    (
        "card-detail-of-text",
        "Values in detail of a card's payload are all strings.",
        "payload",
        lambda body: (
            body["payload"]
            | {"detail": {name: str(value) for name, value in body["payload"]["detail"].items()}}
        ),
    ),
    (
        "closed-card-shows-other-lifecycle",
        "A card's lifecycleId changes when it is closed.",
        "lifecycleId",
        lambda body: f"{body['lifecycleId']}{'-closed' * (body['status'] in CLOSED)}",
    ),
    (
        "completed-card-shows-other-target",
        "target of a card's payload changes when the card is completed.",
        "payload",
        lambda body: (
            body["payload"]
            | ({"target": {"usersById": []}} if body["status"] == Status.COMPLETED else {})
        ),
    ),
    (
        "created-moves",
        "created changes when the card does.",
        "created",
        lambda body: body["updated"],
    ),
    (
        "updated-stays",
        "updated does not change when the card does.",
        "updated",
        lambda body: body["created"],
    ),
    (
        "updated-is-now",
        "updated is the time of the request.",
        "updated",
        lambda _body: format_milliseconds(int(REAL_CLOCK.timestamp() * 1_000)),
    ),
    (
        "updated-before-created",
        "updated is before created.",
        "updated",
        lambda _body: "2000-01-01T00:00:00.000Z",
    ),
)
_LISTINGS: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    ("listing-unwrapped", "A listing is an array instead of an object with data.", _flat),
    ("listing-keyed-by-id", "data of a listing is an object keyed by card id.", _keyed),
    ("listing-of-text", "data of a listing is an array of JSON in strings.", _as_text),
    ("listing-of-one-bare", "data of a listing of one card is the card, not an array.", _alone),
    ("listing-nested", "data of a listing is an object that contains the array.", _nested),
    ("listing-under-cards", "A listing has its array under cards instead of data.", _renamed),
)

FAULTS: Final = (
    *(
        Fault(
            f"card-lacks-{name}",
            _AREA,
            f"A listed card has no {name}.",
            {"card_body": partial(_without, name)},
        )
        for name in CARD_FIELDS
    ),
    *(
        Fault(
            f"card-payload-lacks-{name}",
            _AREA,
            f"The payload of a listed card has no {name}.",
            {"card_body": partial(_without_payload, name)},
        )
        for name in PAYLOAD_FIELDS
    ),
    *(
        Fault(name, _AREA, text, {"card_body": partial(_with, field, change)})
        for name, text, field, change in _VALUES
    ),
    Fault(
        "card-ids-shared",
        _AREA,
        "Two cards have the same cardInstanceId.",
        {"card_body": _sharing_id, "result_body": _sharing_id},
    ),
    Fault(
        "card-in-snake-case",
        _AREA,
        "The fields of a listed card are in snake_case.",
        {"card_body": _in_snake_case},
    ),
    *(Fault(name, _AREA, text, {"listing_body": wrapper}) for name, text, wrapper in _LISTINGS),
    Fault(
        "json-as-html",
        _AREA,
        "JSON bodies have the Content-Type text/html.",
        {"content_type": constant("text/html; charset=utf-8")},
    ),
)
