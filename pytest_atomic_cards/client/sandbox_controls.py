"""Controls of a sandbox over HTTP: what a test can do to it beyond the public API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from pytest_atomic_cards.client.request import encode_json
from pytest_atomic_cards.client.transport import NoResponse, Wire
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock
from pytest_atomic_cards.support.errors import MisuseError, TransportError
from pytest_atomic_cards.support.secrets.hidden import Hidden

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests

_HEADERS: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class ApiCredential:
    """A client id and secret, and the environment that they are for."""

    client_id: str
    client_secret: str = field(repr=False)
    environment_id: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "client_secret", Hidden(self.client_secret))


class SandboxControls:
    """Steers one sandbox.

    Args:
        http: Gives the transport.
        url: Root of the sandbox.
        timeout: Longest time for one exchange, in seconds.
        clock: The time that the sandbox's clock follows, except for what it is advanced by.
        environment_id: The environment to use if a call names none; the sandbox's default if left
            out.
    """

    def __init__(
        self,
        http: requests.Session,
        url: str,
        *,
        timeout: float = 30.0,
        clock: Clock = REAL_CLOCK,
        environment_id: str | None = None,
    ) -> None:
        self._wire = Wire(http, url, setting="the URL of the sandbox", timeout=timeout)
        self._root = f"{self._wire.url.rstrip('/')}/_sandbox"
        self._clock = clock
        self._environment = {"environment": environment_id} if environment_id else {}
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The sandbox's time, if nobody else moves its clock."""
        return self._clock.now() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the sandbox's clock forwards.

        Raises:
            MisuseError: ``by`` is negative, or too large.
        """
        self._post("clock", {"advance": by.total_seconds()})
        self._ahead += by

    def seed(self, cards: Sequence[Mapping[str, Any]], environment_id: str | None = None) -> None:
        """Insert cards directly.

        Args:
            cards: For each, the fields of a listing that matter, and also ``variables``,
                ``metadata``, ``cardOptions``, and times in seconds from now; see
                :class:`~pytest_atomic_cards.sandbox.control_endpoint.Control`.
            environment_id: Where to.

        Raises:
            MisuseError: A field is unknown or has an impossible value, or an id is taken.
        """
        self._post("cards", {**self._in(environment_id), "cards": cards, "brief": True})

    def state(self, card_instance_id: str, environment_id: str | None = None) -> Status:
        """The true state of a card.

        Raises:
            MisuseError: There is no such card.
        """
        query = {**self._in(environment_id), "cardInstanceId": card_instance_id}
        return Status(self._send("GET", "card", query)["status"])

    def snooze(self, card_instance_id: str, duration: timedelta) -> None:
        """Snooze an active card, as if the customer did it.

        Raises:
            MisuseError: The card is not active, or the time is not in the future.
        """
        seconds = duration.total_seconds()
        fields = {"cardInstanceId": card_instance_id, "seconds": seconds}
        self._post("snooze", {**self._environment, **fields})

    def analytics_events(self) -> list[dict[str, Any]]:
        """One event for every change of state since creation, in chronological order."""
        events: list[dict[str, Any]] = self._send("GET", "analytics", self._environment)["data"]
        return events

    def export_card_responses(self, *, exported: bool) -> None:
        """Set whether completion payloads appear in analytics events."""
        self._post("settings", {**self._environment, "exportCardResponses": exported})

    def name_test_users(self, *users: str) -> None:
        """Set the only users whom test starts of Action Flows reach; others are ignored."""
        self._post("settings", {**self._environment, "testUsers": users})

    def create_environment(self, environment_id: str) -> None:
        """Create an empty environment.

        Raises:
            MisuseError: The id is taken, or cannot be a segment of a path.
        """
        self._post("environments", {"environment": environment_id})

    def create_credential(
        self, role: str = "events", environment_id: str | None = None
    ) -> ApiCredential:
        """A new client id and secret.

        Raises:
            MisuseError: There is no such role or environment.
        """
        made = self._post("credentials", {**self._in(environment_id), "role": role})
        return ApiCredential(made["clientId"], made["clientSecret"], made["environment"])

    def delete_credential(self, client_id: str) -> None:
        """Delete a credential, so that no further token is issued for it.

        Raises:
            MisuseError: There is no such credential.
        """
        self._send("DELETE", "credentials", {**self._environment, "clientId": client_id})

    def _in(self, environment_id: str | None) -> dict[str, str]:
        return {"environment": environment_id} if environment_id else self._environment

    def _post(self, name: str, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a JSON value
        return self._send("POST", name, body=encode_json(fields))

    def _send(
        self, method: str, name: str, query: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Any:  # noqa: ANN401 - a JSON value
        url = f"{self._root}/{name}" + (f"?{urlencode(query)}" if query else "")
        response = self._wire.exchange(method, url, _HEADERS, body)
        if isinstance(response, NoResponse):
            raise TransportError(f"no response to {method} {url}: {response.reason}")
        document = json.loads(response.body)
        if response.status != HTTPStatus.OK:
            raise MisuseError(document["message"])
        return document
