"""Cards that a start of an Action Flow creates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from pytest_atomic_cards.model.profile import Profile

_DELAY: Final = 150
"""Milliseconds: more than a start and the listing after it take on a busy machine, and little
enough to wait for in each of many tests."""


class CreationDecisions:
    """Decisions on cards that an Action Flow sends. Source: Action Flow API page."""

    profile: Profile

    def templates(self, template_ids: tuple[str, ...]) -> tuple[str, ...]:
        """The templates of the cards for one target."""
        return template_ids * int(self.profile.cards_per_target)

    def event_source(self, *, test: bool) -> str:
        """The eventSource of a card."""
        return self.profile.test_event_source if test else "live"

    def honours_delivery_options(self) -> bool:
        """Whether the embargo and expiry of a request take effect."""
        return self.profile.delivery_options == "honoured"

    def named_lifecycle(self, named: str | None) -> str | None:
        """The ``lifecycleId`` of a start's cards; a new one for each card if ``None``."""
        answer = self.profile.start_lifecycle_id
        if named is not None and answer not in {"honoured", "ignored"}:
            raise Refusal(int(answer), "lifecycleId is not supported in a start")
        return named if answer == "honoured" else None

    def creation_delay(self, chosen: int) -> int:
        """Milliseconds from a start until its cards exist, if the sandbox was given some."""
        return chosen or (_DELAY if self.profile.creation == "delayed" else 0)

    def first_status(self, embargo_until: int | None, now: int) -> Status:
        """The state in which a card is created; an embargo in the past is ignored.

        Source: Delivery page.
        """
        if embargo_until is not None and embargo_until > now:
            return Status.EMBARGOED
        return Status.ACTIVE

    def start_body(self, flow_invocation_id: str) -> dict[str, Any]:
        """The body of the response to a start."""
        body = {"flowInvocationId": flow_invocation_id}
        match self.profile.start_response:
            case "flat":
                return body
            case "data-object":
                return {"data": body}
            case "data-array":
                return {"data": [body]}
