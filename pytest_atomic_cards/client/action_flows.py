"""Action Flow API: starting a flow, which is how cards are created.

Source: Action Flow API page; Working with dates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from pytest_atomic_cards.client.cards_api import environment_path
from pytest_atomic_cards.client.response_views import view_of
from pytest_atomic_cards.support.errors import ContractBrokenError, MisuseError, SettingsError
from pytest_atomic_cards.support.json_values import inner_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_atomic_cards.client.session import CardsSession
    from pytest_atomic_cards.model.exchange import Exchange

FlowMode = Literal["start", "test"]

_NOT_PROCESSED: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTarget:
    """Customers to start a flow for, and its input.

    Args:
        users: Ids of the customers; at least one.
        variables: Values for the template's variables.
        metadata: Passed through to analytics events.
        priority: From 1, the highest, to 10.
        embargo: When to publish the card; with a time zone.
        expires: When the card expires; with a time zone.
        expires_interval: Time from the request until the card expires.
        lifecycle_id: The ``lifecycleId`` of the cards. No page says that a start takes one: a
            target may ignore or refuse it. The place in the request is that of the legacy events.

    Raises:
        MisuseError: There is no user, a time has no time zone, or the interval is not positive.
    """

    users: Sequence[str]
    variables: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    embargo: datetime | None = None
    expires: datetime | None = None
    expires_interval: timedelta | None = None
    lifecycle_id: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.users, str) or not self.users or not all(self.users):
            raise MisuseError("users must be a list of at least one user id, none of them empty")
        for name in ("embargo", "expires"):
            moment: datetime | None = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise MisuseError(f"{name} must have a time zone; {moment} has none")
        if self.expires_interval is not None and self.expires_interval <= timedelta(0):
            raise MisuseError(f"expires_interval must be positive, not {self.expires_interval}")

    def as_body(self) -> dict[str, Any]:
        """The element of ``flows`` in the request, without what is not set."""
        options = {
            "priority": self.priority,
            "embargo": self.embargo and timestamp(self.embargo),
            "expires": self.expires and timestamp(self.expires),
            "expiresInterval": self.expires_interval and duration(self.expires_interval),
        }
        payload = {
            "variables": dict(self.variables),
            "cardOptions": {name: value for name, value in options.items() if value is not None},
            "metadata": dict(self.metadata),
        }
        body: dict[str, Any] = {"target": {"usersById": list(self.users)}}
        if self.lifecycle_id is not None:
            body["lifecycleId"] = self.lifecycle_id
        payload = {name: value for name, value in payload.items() if value}
        return body | {"payload": payload} if payload else body


@dataclass(frozen=True, slots=True)
class Invocation:
    """A flow that was started. Its cards appear some time later, or never."""

    flow_invocation_id: str
    exchange: Exchange = field(repr=False)


class ActionFlows:
    """Starts the Action Flows of one environment.

    Args:
        session: Sends the requests.
        environment_id: The environment.

    Raises:
        SettingsError: ``environment_id`` is malformed.
    """

    def __init__(self, session: CardsSession, environment_id: str) -> None:
        self.session = session
        self.environment_id = environment_id
        self._path = f"{environment_path(environment_id)}/action-flow"

    def start(
        self,
        flow_id: str,
        targets: Iterable[FlowTarget],
        *,
        mode: FlowMode = "start",
        flow_invocation_id: str | None = None,
    ) -> Invocation:
        """Start a flow. A request that gets 429, documented as not processed, is repeated.

        Args:
            flow_id: Id of the flow's configuration.
            targets: For whom.
            mode: ``start`` for a published flow and all customers; ``test`` for test users only:
                others are ignored without an error.
            flow_invocation_id: The invocation that the start should belong to; the response shows
                whether it does. A new one if left out.

        Raises:
            MisuseError: There is no target, or a value cannot be sent; nothing was sent.
            RefusedError: The target refused the request.
            OutcomeUnknownError: It may or may not have been started.
            ContractBrokenError: The body holds no flowInvocationId, which it always should, or
                different ones; the flow may have been started.
            TransportError: It was not started.
        """
        flows = [target.as_body() for target in targets]
        if not flows:
            raise MisuseError("name at least one target to start a flow for")
        if flow_id in {"", ".", ".."}:
            raise SettingsError(f"ATOMIC_CARDS_FLOW_ID cannot be {flow_id!r}")
        body: dict[str, Any] = {"flows": flows}
        if flow_invocation_id is not None:
            body["flowInvocationId"] = flow_invocation_id
        exchange = self.session.send(
            "POST",
            f"{self._path}/{quote(flow_id, safe='')}/{mode}",
            json=body,
            unprocessed=_NOT_PROCESSED,
        )
        return Invocation(view_of(exchange, _invocation_id), exchange)


def timestamp(moment: datetime) -> str:
    """A moment as the API writes it: ISO 8601, UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(length: timedelta) -> str:
    """A positive length of time as an ISO 8601 duration of days and seconds."""
    seconds = f"{length.seconds + length.microseconds / 1_000_000:.6f}".rstrip("0").rstrip(".")
    days = f"{length.days}D" if length.days else ""
    return f"P{days}T{seconds}S" if seconds != "0" else f"P{days}"


def _invocation_id(body: Any) -> str:  # noqa: ANN401 - a JSON value
    """The one id in the body, which is documented to be there, but not where."""
    ids = dict.fromkeys(_invocation_ids(body))
    if not ids:
        raise ContractBrokenError("it holds no flowInvocationId, which it always should")
    if len(ids) > 1:
        raise ContractBrokenError(
            f"it holds {len(ids)} different flowInvocationIds, and does not show which of them "
            f"belongs to this start: {', '.join(ids)}"
        )
    return next(iter(ids))


def _invocation_ids(body: Any) -> Iterator[str]:  # noqa: ANN401 - a JSON value
    """All ids in a body, from the top down."""
    level = [body]
    while level:
        for place in level:
            found = place.get("flowInvocationId") if isinstance(place, dict) else None
            if isinstance(found, str) and found:
                yield found
        level = inner_values(level)
