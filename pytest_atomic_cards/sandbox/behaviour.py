"""Behaviour: every decision of the server, each in a small method on plain values.

What is documented is written here once; the profile decides what is not. A fault replaces one
method of one instance.
"""

from __future__ import annotations

import json
import random
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Status
from pytest_atomic_cards.sandbox.authorization import AccessDecisions
from pytest_atomic_cards.sandbox.body_decisions import BodyDecisions
from pytest_atomic_cards.sandbox.card_record import Json, Row, encode_json
from pytest_atomic_cards.sandbox.creation_decisions import CreationDecisions
from pytest_atomic_cards.sandbox.query_decisions import Filters, QueryDecisions
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.support.json_values import is_deeper_than, refuse_constant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_atomic_cards.model.profile import Profile

_DEEPEST: Final = 256
"""Levels of nested JSON. Listings write what was read, with the bodies around it, and must stay
below the 1,000 levels at which Python's encoder and decoder fail."""
_DELAY: Final = 0.15
"""Seconds by which delayed reads lag: more than a listing right after an action takes on a busy
machine, and little enough to wait for in each of many tests."""
_STATUSES: Final = tuple(Status)


class Behaviour(QueryDecisions, AccessDecisions, BodyDecisions, CreationDecisions):
    """The decisions of one sandbox.

    Args:
        profile: Its choices in what the documentation leaves open.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    # Listing

    def order(self) -> str:
        """The order in which cards are listed and changed, as the store names it."""
        order = self.profile.order
        return "oldest-first" if order == "shuffled-page" else order

    def page(self, rows: list[Row]) -> list[Row]:
        """The cards of a page in the order in which a listing shows them."""
        if self.profile.order == "shuffled-page":
            random.shuffle(rows)
        return rows

    def zero_match_listing(self) -> bool:
        """Refuses a listing that no card matches, or decides whether it goes without a body."""
        return _has_no_content(self.profile.zero_match_listing)

    def staleness(self, filters: Filters) -> float:  # noqa: ARG002 - for faults
        """How many seconds of real time pass before a listing shows a change."""
        return _DELAY if self.profile.read_after_write == "delayed" else 0.0

    # Actions

    def action_order(self) -> str:
        """The order in which an action with a limit changes cards, as the store names it."""
        return self.profile.action_order

    def outcome(self, status: Status, action: Action) -> Status:
        """The state of a card after an action; unchanged if the action is not allowed."""
        if action is Action.CANCEL and (
            (status is Status.EMBARGOED and self.profile.cancel_embargoed == "refused")
            or (status is Status.SNOOZED and self.profile.cancel_snoozed == "refused")
        ):
            return status
        return TRANSITIONS[status, action].after

    def actionable(self, action: Action) -> tuple[str, ...]:
        """The states in which an action changes a card."""
        return tuple(
            status.value for status in _STATUSES if self.outcome(status, action) is not status
        )

    def counts_other_states(self) -> bool:
        """Whether an action also counts the cards that match in other states."""
        return (
            self.profile.wrong_state != "unselected" or self.profile.multiple_counts == "matching"
        )

    def check_multiple(self, actionable: int, matching: int, *, multiple: bool) -> None:
        """Refuses an action on more than one card without ``multiple``.

        Source: Cards API page › Actioning multiple cards at once.
        """
        count = actionable if self.profile.multiple_counts == "actionable" else matching
        if count > 1 and not multiple:
            raise Refusal(400, "more than one card matches; pass multiple=1 to action them all")

    def check_states(self, actionable: int, matching: int, action: Action) -> None:
        """Refuses or permits an action that matches cards in a state it does not allow."""
        answer = self.profile.wrong_state
        if answer not in {"unselected", "counted"} and matching > actionable:
            raise Refusal(
                int(answer), f"a matching card is in a state that {action} does not allow"
            )

    def zero_match_action(self) -> bool:
        """Refuses an action that no card matches, or decides whether it goes without a body."""
        return _has_no_content(self.profile.zero_match_action)

    def batch(self, rows: list[Row], limit: int) -> list[Row]:
        """The cards that an action changes, of those it could change."""
        return rows[:limit]

    def reports_other_states(self) -> bool:
        """Whether an action that changes no card still counts the matching ones."""
        return self.profile.wrong_state == "counted"

    def total(self, changed: int, actionable: int, matching: int, limit: int) -> int:
        """``summary.total``. Inferred: the number of matching cards."""
        if self.profile.wrong_state == "counted":
            return matching if self.profile.summary_total == "matched" else min(matching, limit)
        return actionable if self.profile.summary_total == "matched" else changed

    def counts_beyond_limit(self) -> bool:
        """Whether an action counts the cards that it would change without its limit."""
        return self.profile.summary_total == "matched" or self.counts_other_states()

    # Completion

    def completion(self, action: Action, body: bytes) -> str | None:
        """The completion payload of an action, as JSON text."""
        if action is not Action.COMPLETE or not body:
            return None
        payload = self.json(body)
        answer = self.profile.non_object_payload
        if not isinstance(payload, dict) and answer != "accepted":
            raise Refusal(int(answer), "the completion payload must be a JSON object")
        return encode_json(payload)

    def check_content_type(self, content_type: str, *, has_body: bool) -> None:
        """Refuses an action whose body, if there is one, is not labelled as JSON."""
        profile = self.profile
        answer = profile.payload_content_type if has_body else profile.action_content_type
        kind = content_type.partition(";")[0].strip().lower()
        if answer != "accepted" and kind != "application/json":
            raise Refusal(int(answer), "Content-Type must be application/json")

    def completions(self, completion: str | None, rows: Sequence[Row]) -> list[str | None]:
        """The completion payload to store for each card."""
        return [completion] * len(rows)

    def exports_payloads(self, *, setting: bool) -> bool:
        """Whether analytics events show completion payloads, for a setting of the environment.

        Source: Data analytics preferences.
        """
        return setting

    def json(self, body: bytes) -> Json:
        """Decode a body to a JSON value that can be encoded again."""
        try:
            value = json.loads(body.decode(), parse_constant=refuse_constant)
            if is_deeper_than(value, _DEEPEST):
                raise Refusal(400, f"the body is nested deeper than {_DEEPEST} levels")
            encode_json(value)
        except UnicodeDecodeError:
            raise Refusal(400, "the body is not UTF-8") from None
        except (ValueError, RecursionError):
            raise Refusal(400, "the body is not JSON") from None
        return value

    # Time

    def next_transition(self, row: Row) -> tuple[int, str] | None:
        """When time next changes a card, in milliseconds, and its state from then on.

        A start may name an expiry in the past; no card changes before it is created.

        Source: Card lifecycle model › Publish, Unsnooze, Expire.
        """
        ends, expires = _ENDS.get(row.status), row.expires_at
        if row.status == Status.EMBARGOED:
            if self.profile.expiry_while_embargoed == "waits":
                expires = None
        elif row.status == Status.SNOOZED:
            if self.profile.expiry_while_snoozed == "waits":
                expires = None
        elif row.status != Status.ACTIVE:
            return None
        end = ends and ends(row)
        if end is not None and (expires is None or end <= expires):
            return max(end, row.created), Status.ACTIVE.value
        return None if expires is None else (max(expires, row.created), Status.EXPIRED.value)


_ENDS: Final[Mapping[str, Callable[[Row], int | None]]] = {
    Status.EMBARGOED.value: attrgetter("embargo_until"),
    Status.SNOOZED.value: attrgetter("snooze_until"),
}


def _has_no_content(answer: str) -> bool:
    if answer not in {"empty", "null", "204"}:
        raise Refusal(int(answer), "no card matches")
    return answer == "204"
