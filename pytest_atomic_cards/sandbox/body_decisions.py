"""Bodies of cards, results and errors, and refusals of the protocol."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.sandbox.card_record import Json, Row, encode_json
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.sandbox.timestamps import format_milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_atomic_cards.model.profile import Profile

Body = dict[str, Any]


class BodyDecisions:
    """Decisions on the form of responses."""

    profile: Profile

    def timestamp(self, milliseconds: int) -> str:
        """A moment in the format of bodies."""
        return format_milliseconds(milliseconds)

    def card_body(self, row: Row) -> Body:
        """One card of a listing. Source: Cards API page › Retrieving cards."""
        body = {
            "eventName": row.event_name,
            "eventSource": row.event_source,
            "cardTemplateId": row.card_template_id,
            "cardInstanceId": row.card_instance_id,
            "cardTemplateName": row.card_template_name,
            "lifecycleId": row.lifecycle_id,
            "flowInstanceId": row.flow_instance_id,
            "flowInvocationId": row.flow_invocation_id,
            "definition": {},
            "payload": json.loads(row.payload),
            "status": row.status,
            "userId": row.user_id,
            "created": self.timestamp(row.created),
            "updated": self.timestamp(row.updated),
        }
        return self.extended(body, "card")

    def listing_body(self, cards: list[Body]) -> Body:
        """The body of a listing."""
        data = cards or _none(self.profile.zero_match_listing)
        return self.extended({"data": data}, "listing")

    def result_body(self, row: Row, action: Action) -> Body:
        """The result of an action for one card. Source: Cards API page › Complete."""
        body = {
            "eventName": row.event_name,
            "eventSource": row.event_source,
            "lifecycleId": row.lifecycle_id,
            "cardTemplateId": row.card_template_id,
            "cardInstanceId": row.card_instance_id,
            "userId": row.user_id,
            "action": self.action_word(action),
        }
        return self.extended(body, "result")

    def action_word(self, action: Action) -> str:
        """The ``action`` of a result; only ``complete`` is documented."""
        if self.profile.action_word == "past" and action is not Action.COMPLETE:
            return action.outcome.value
        return action.value

    def action_body(self, results: list[Body], total: int, updated: int) -> Body:
        """The body of an action's response."""
        data = results or _none(self.profile.zero_match_action)
        body = {"data": data, "summary": self.summary(total, updated)}
        return self.extended(body, "action")

    def summary(self, total: int, updated: int) -> Body:
        """The counts of an action's response."""
        return {"total": total, "updated": updated}

    def extended(self, body: Body, kind: str) -> Body:
        """A body with undocumented fields, if the profile asks for them."""
        if self.profile.extra_fields == "some":
            body |= _EXTRA_FIELDS[kind]
        return body

    def content_type(self) -> str:
        """The type of a JSON body."""
        return "application/json"

    def slashed_path(self, path: str) -> str:
        """The path to serve for one that ends with a slash."""
        answer = self.profile.trailing_slash
        if answer != "served":
            raise Refusal(int(answer), "no such resource")
        return path.rstrip("/")

    def wrong_method(self, allowed: str) -> Refusal:
        """The refusal of a method that a path does not allow."""
        return _refused_method(self.profile.wrong_method, allowed)

    def check_head(self) -> None:
        """Refuses HEAD where GET is served, or permits it."""
        if self.profile.head != "served":
            raise _refused_method(self.profile.head, "GET")

    def unknown_path(self) -> Refusal:
        """The refusal of a path that does not exist."""
        return Refusal(int(self.profile.unknown_path), "no such resource")

    def action_status(self) -> int:
        """The status of an action that succeeds."""
        return int(self.profile.action_status)

    def rate_limit_headers(self) -> list[tuple[str, str]]:
        """Headers that announce a rate limit, which the sandbox does not have."""
        prefix = _RATE_LIMITS.get(self.profile.rate_limit_headers)
        return [(f"{prefix}-Limit", "1000"), (f"{prefix}-Remaining", "999")] if prefix else []

    def error_body(self, message: str) -> tuple[str, bytes]:
        """Content type and body of a refusal."""
        match self.profile.error_body:
            case "message":
                return "application/json", encode_json({"message": message}).encode()
            case "error":
                return "application/json", encode_json({"error": message}).encode()
            case "problem":
                problem = {"type": "about:blank", "title": "Refused", "detail": message}
                return "application/problem+json", encode_json(problem).encode()
            case "errors":
                return "application/json", encode_json({"errors": [{"message": message}]}).encode()
            case "text":
                return "text/plain; charset=utf-8", message.encode("utf-8", "replace")
            case "empty":
                return "application/json", b""


_EXTRA_FIELDS: Final[Mapping[str, Mapping[str, Json]]] = {
    "card": {"priority": 5, "streams": []},
    "listing": {"links": {}},
    "result": {"changed": True},
    "action": {"warnings": []},
}


_RATE_LIMITS: Final = {"ratelimit": "RateLimit", "x-ratelimit": "X-RateLimit"}


def _refused_method(answer: str, allowed: str) -> Refusal:
    if answer == "405":
        return Refusal(405, f"only {allowed} is allowed here", (("Allow", allowed),))
    return Refusal(int(answer), "no such resource")


def _none(choice: str) -> list[Body] | None:
    """The ``data`` of a response without cards, for a choice of the profile."""
    return None if choice == "null" else []
