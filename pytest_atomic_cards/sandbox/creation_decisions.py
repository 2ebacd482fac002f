"""Cards that a start of an Action Flow creates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from pytest_atomic_cards.model.profile import Profile


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
        if named is not None and self.profile.start_lifecycle_id == "400":
            raise Refusal(400, "lifecycleId is not supported in a start")
        return named if self.profile.start_lifecycle_id == "honoured" else None

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
