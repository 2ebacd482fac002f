"""Seeding directly into the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.support.errors import MisuseError, SeedingError
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness
from pytest_atomic_cards.targets.seeding.backend import SeedingBackend

if TYPE_CHECKING:
    from pytest_atomic_cards.client.sandbox_controls import SandboxControls

_INVOCATION: Final = "flowInvocationId"
_FIELDS: Final = {
    "card_template_id": "cardTemplateId",
    "event_name": "eventName",
    "lifecycle_id": "lifecycleId",
    "flow_instance_id": "flowInstanceId",
    "flow_invocation_id": _INVOCATION,
    "expires": "expiresAt",
    "embargo": "embargoUntil",
    "variables": "variables",
    "metadata": "metadata",
}


class SandboxBackend(SeedingBackend):
    """Creates cards in one environment of a sandbox, with any attribute values.

    Args:
        controls: Those of the sandbox.
        randomness: Where ids come from.
    """

    delivery_is_certain = True
    listing_timeout = 1.0  # a sandbox lists cards at once, unless a fault delays or hides them
    settling = 0.6  # likewise for changes; only faults make a contract wait that long

    def __init__(self, controls: SandboxControls, randomness: Randomness = TRUE_RANDOMNESS) -> None:
        super().__init__(randomness)
        self._controls = controls

    def choose_users(self, population: Population) -> tuple[str, ...]:
        """The customers that the specs name, or new ones."""
        return tuple(spec.user_id or self._user_ids.new() for spec in population)

    def place(
        self, population: Population, users: Sequence[str], invocation: str | None = None
    ) -> str:
        """Insert the cards, which exist at once and share an invocation unless they name one."""
        shared = invocation or f"invocation-{self._randomness.token()}"
        rows = [self._row(spec, user, shared) for spec, user in zip(population, users, strict=True)]
        self._controls.seed(rows)
        invocations: set[str] = {row[_INVOCATION] for row in rows}
        if len(invocations) > 1:
            raise SeedingError("cards that are seeded together must share one flow_invocation_id")
        return invocations.pop()

    @staticmethod
    def _row(spec: CardSpec, user: str, invocation: str) -> dict[str, Any]:
        given = {field: _value(getattr(spec, name)) for name, field in _FIELDS.items()}
        row: dict[str, Any] = {_INVOCATION: invocation, "userId": user}
        if spec.priority is not None:
            row["cardOptions"] = {"priority": spec.priority}
        return row | {field: value for field, value in given.items() if value not in ({}, None)}

    def snooze(self, card: Card, duration: timedelta) -> None:
        """Snooze an active card for a time."""
        try:
            self._controls.snooze(card.card_instance_id or "", duration)
        except MisuseError as error:
            raise SeedingError(f"a card cannot be snoozed as it is listed: {error}") from None

    def pass_time(self, duration: timedelta) -> None:
        """Advance the sandbox's clock."""
        self._controls.advance(duration)


def _value(field: Any) -> Any:  # noqa: ANN401 - of a spec, and as JSON
    return field.total_seconds() if isinstance(field, timedelta) else field
