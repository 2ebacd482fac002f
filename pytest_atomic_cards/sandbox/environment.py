"""Environment: one isolated space of cards, with direct access to them."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.sandbox.authorization import CARDS_ROLE, ROLES, Credential
from pytest_atomic_cards.sandbox.card_record import DEFAULT_TEMPLATE, CardRecord, row_of
from pytest_atomic_cards.sandbox.flow_endpoint import Flow, new_token
from pytest_atomic_cards.sandbox.timestamps import format_milliseconds, to_milliseconds
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_atomic_cards.sandbox.behaviour import Behaviour
    from pytest_atomic_cards.sandbox.store import Store
    from pytest_atomic_cards.sandbox.token_service import TokenService

DEFAULT_FLOW: Final = "sandbox-flow"


class Environment:
    """One environment of a sandbox, created by ``Sandbox.create_environment``.

    Attributes:
        environment_id: Its id in the path of every request.
        export_card_responses: Whether completion payloads appear in analytics events.
        test_users: The only users whom test starts reach; none to begin with. Others are ignored.
        flows: The Action Flows by id.
    """

    def __init__(
        self,
        environment_id: str,
        number: int,
        behaviour: Behaviour,
        store: Store,
        tokens: TokenService,
    ) -> None:
        self.environment_id = environment_id
        self.number = number
        self.export_card_responses = True
        self.test_users: frozenset[str] = frozenset()
        self.flows: dict[str, Flow] = {}
        self._behaviour = behaviour
        self._store = store
        self._tokens = tokens
        self.define_flow(DEFAULT_FLOW)

    def __repr__(self) -> str:
        return f"Environment({self.environment_id!r})"

    def create_credential(
        self,
        role: str = CARDS_ROLE,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
    ) -> Credential:
        """Create a client id and secret for this environment.

        Args:
            role: What the credential gives access to.
            client_id: Its id; a new one if left out. One that exists is replaced.
            client_secret: Its secret; a new one if left out.

        Raises:
            MisuseError: There is no such role, or the id cannot be sent (RFC 7617 › 2).
        """
        if role not in ROLES:
            raise MisuseError(f"there is no role {role!r}; choose one of {', '.join(ROLES)}")
        client_id = client_id or f"client-{new_token()}"
        if ":" in client_id:
            raise MisuseError(f"a client id must not hold a colon, as {client_id!r} does")
        secret = client_secret or secrets.token_urlsafe(24)
        credential = Credential(client_id, secret, role, self.environment_id)
        self._store.add_credential(client_id, secret, role, self.environment_id)
        self._tokens.credentials[client_id] = credential
        return credential

    @property
    def credentials(self) -> list[Credential]:
        """The credentials of this environment, the oldest first."""
        known = self._tokens.credentials.values()
        return [one for one in known if one.environment_id == self.environment_id]

    def delete_credential(self, client_id: str) -> None:
        """Delete a credential; no more tokens are issued for it.

        Raises:
            MisuseError: This environment has no such credential.
        """
        credential = self._tokens.credentials.get(client_id)
        if credential is None or credential.environment_id != self.environment_id:
            raise MisuseError(f"{self.environment_id!r} has no credential {client_id!r}")
        self._store.delete_credential(client_id)
        self._tokens.deleted[client_id] = self._tokens.credentials.pop(client_id)

    def define_flow(
        self,
        flow_id: str,
        template_ids: tuple[str, ...] = (DEFAULT_TEMPLATE,),
        *,
        published: bool = True,
    ) -> None:
        """Define or replace an Action Flow that sends one card of each template to each target."""
        self.flows[flow_id] = Flow(flow_id, tuple(template_ids), published)

    def seed(self, specs: Iterable[Mapping[str, Any]]) -> list[CardRecord]:
        """Insert cards in any state, without an event.

        Args:
            specs: For each card some fields of :class:`CardRecord`; the others are generated.
                Times may be a timedelta from now.

        Raises:
            MisuseError: A field is unknown or has an impossible value, or an id is taken.
        """
        with self._store.hold() as now:
            given = list(specs)
            first = self._store.take_seq(len(given))
            rows = [
                row_of(spec, seq=seq, environment=self.number, token=new_token(), now=now)
                for seq, spec in enumerate(given, first)
            ]
            self._store.insert(rows)
        return [CardRecord.from_row(row, self.environment_id) for row in rows]

    def cards(self) -> list[CardRecord]:
        """The true state of every card, the oldest first."""
        rows = self._store.all(self.number)
        return [CardRecord.from_row(row, self.environment_id) for row in rows]

    def card(self, card_instance_id: str) -> CardRecord:
        """The true state of one card.

        Raises:
            MisuseError: There is no such card here.
        """
        row = self._store.find(self.number, card_instance_id)
        if row is None:
            raise MisuseError(f"{self.environment_id!r} has no card {card_instance_id!r}")
        return CardRecord.from_row(row, self.environment_id)

    def snooze(self, card_instance_id: str, until: datetime | timedelta) -> None:
        """Snooze an active card as if its customer did it; the public API has no such action.

        Args:
            card_instance_id: Which card.
            until: When the snooze ends, or how long it lasts.

        Raises:
            MisuseError: The card is not active, or the time is not in the future.
        """
        with self._store.hold() as now:
            row = self._store.find(self.number, card_instance_id)
            if row is None or row.status != Status.ACTIVE:
                state = "not here" if row is None else row.status
                raise MisuseError(
                    f"only an active card can be snoozed; {card_instance_id!r} is {state}"
                )
            end = (
                now + until // timedelta(milliseconds=1)
                if isinstance(until, timedelta)
                else to_milliseconds(until)
            )
            if end <= now:
                raise MisuseError(f"a snooze must end in the future, not at {until}")
            self._store.snooze(row, end, now)

    def analytics_events(self) -> list[dict[str, Any]]:
        """One event for every change of state, including creation, in order of time.

        The type names are documented. It is inferred that the payload of a completion over the API
        is at ``properties.values``, like a customer's input.

        Source: Analytics reference; Extracting analytics.
        """
        exported = self._behaviour.exports_payloads(setting=self.export_card_responses)
        events = []
        for kind, at, card, invocation, instance, completion in self._store.events(self.number):
            properties: dict[str, Any] = {}
            if kind == "card-completed" and completion is not None and exported:
                properties["values"] = json.loads(completion)
            events.append(
                {
                    "eventType": kind,
                    "cardInstanceId": card,
                    "flowInvocationId": invocation,
                    "flowInstanceId": instance,
                    "timestamp": format_milliseconds(at),
                    "properties": properties,
                }
            )
        return events
