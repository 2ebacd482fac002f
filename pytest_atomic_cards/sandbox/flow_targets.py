"""Targets of a start: who gets its cards, and how many bulk targets it may have.

Source: Action Flow API page; API and system limits page. Neither shows how a segment, a tag, a
filter or ``allTestUsers`` is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_atomic_cards.sandbox.card_record import Json

_BY_ID: Final = "usersById"
_ALL_TEST_USERS: Final = "allTestUsers"
_MOST_BULK_TARGETS: Final = 5
"""Flows of one start that may be aimed at a segment, tags or a filter.

Source: API and system limits page.
"""


def targets_of(flows: Sequence[Json]) -> list[dict[str, Any]]:
    """The target of each element of ``flows``.

    Raises:
        Refusal: One is malformed, or too many are bulk targets; nothing of the start is processed.
    """
    targets = [
        json_object(json_object(flow, "an element of flows").get("target"), "target")
        for flow in flows
    ]
    bulk = sum(not target.keys() <= {_BY_ID, _ALL_TEST_USERS} for target in targets)
    if bulk > _MOST_BULK_TARGETS:
        raise Refusal(
            429, f"{bulk} flows with bulk targets; one request may have {_MOST_BULK_TARGETS}"
        )
    return targets


def users_of(target: Mapping[str, Json], test_users: Collection[str]) -> list[str]:
    """The customers of a target, of whom a test start reaches the test users only.

    Raises:
        Refusal: The target is malformed.
    """
    users = target.get(_BY_ID, [] if target else None)
    users = [users] if isinstance(users, str) else users
    if not isinstance(users, list):
        raise Refusal(400, f"target.{_BY_ID} must be an array of user ids")
    for user in users:
        check_id(user, "a user id")
    everyone = target.get(_ALL_TEST_USERS, False)
    if not isinstance(everyone, bool):
        raise Refusal(400, f"target.{_ALL_TEST_USERS} must be true or false")
    more = sorted(set(test_users) - set(users)) if everyone else []
    return [*users, *more]


def json_object(value: Json, what: str) -> dict[str, Any]:
    """A JSON object of a request.

    Raises:
        Refusal: It is not one.
    """
    if not isinstance(value, dict):
        raise Refusal(400, f"{what} must be a JSON object")
    return value


def check_id(value: Json, what: str) -> None:
    """Refuse what cannot be an id.

    Raises:
        Refusal: It is not a string, empty, or not valid Unicode.
    """
    if not isinstance(value, str) or not value:
        raise Refusal(400, f"{what} must be a non-empty string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refusal(400, f"{what} is not valid Unicode text") from None
