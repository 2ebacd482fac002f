"""Seeding straight into the sandbox."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.cards import Card
from pytest_atomic_cards.errors import MisuseError, SeedingError
from pytest_atomic_cards.seeding.placement import Placed, UserIds
from pytest_atomic_cards.seeding.spec import CardSpec, Population

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox import Environment, Sandbox

_FIELDS: Final = {
    "template": "card_template_id",
    "event_name": "event_name",
    "lifecycle_id": "lifecycle_id",
    "flow_instance_id": "flow_instance_id",
    "flow_invocation_id": "flow_invocation_id",
    "expires": "expires_at",
    "embargo": "embargo_until",
}


class DirectPlacement:
    """Puts cards into one environment of a sandbox, with any attribute values."""

    delivery_is_certain = True
    patience = 1.0
    settling = 0.6

    def __init__(self, sandbox: Sandbox, environment: Environment) -> None:
        self._sandbox = sandbox
        self._environment = environment
        self._user_ids = UserIds()

    def new_user(self, suffix: str = "") -> str:
        """A user id that nothing else in the sandbox has."""
        return self._user_ids.new(suffix)

    def stray_users(self) -> list[str]:
        """None: nothing that is put in straight can be lost."""
        return []

    def place(self, population: Population) -> Placed:
        """Put the cards in; they are there at once. They share an invocation unless given one."""
        shared = f"invocation-{secrets.token_hex(6)}"
        users = tuple(spec.user or self._user_ids.new() for spec in population)
        rows = [self._row(spec, user, shared) for spec, user in zip(population, users, strict=True)]
        self._environment.seed(rows)
        invocations = {row["flow_invocation_id"] for row in rows}
        if len(invocations) > 1:
            raise SeedingError("cards that are seeded together must share one flow_invocation_id")
        return Placed(invocations.pop(), users, users_are_ours=self._user_ids.own(users))

    @staticmethod
    def _row(spec: CardSpec, user: str, invocation: str) -> dict[str, Any]:
        given = {column: getattr(spec, name) for name, column in _FIELDS.items()}
        options = {"priority": spec.priority} if spec.priority is not None else {}
        return {
            "flow_invocation_id": invocation,
            "user_id": user,
            "variables": dict(spec.variables),
            "metadata": dict(spec.metadata),
            "card_options": options,
        } | {column: value for column, value in given.items() if value is not None}

    def snooze(self, card: Card, duration: timedelta) -> None:
        """Snooze an active card for a time."""
        try:
            self._environment.snooze(card.card_instance_id or "", duration)
        except MisuseError as error:
            raise SeedingError(f"a card cannot be snoozed as it is listed: {error}") from None

    def pass_time(self, duration: timedelta) -> None:
        """Advance the sandbox's clock."""
        self._sandbox.clock.advance(duration)
