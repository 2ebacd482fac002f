"""POST /action-flow/{flowConfigId}/start and /test. Source: Action Flow API page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.card_record import Json, Row, payload_text
from pytest_atomic_cards.sandbox.flow_targets import check_id, json_object, targets_of, users_of
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.sandbox.timestamps import LATEST, parse_duration, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pytest_atomic_cards.sandbox.behaviour import Behaviour
    from pytest_atomic_cards.sandbox.store import Store

_PRIORITIES: Final = range(1, 11)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Flow:
    """An Action Flow: it sends each target one card of each template."""

    flow_id: str
    template_ids: tuple[str, ...]
    published: bool


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What the cards of one element of ``flows`` have in common."""

    variables: Mapping[str, Json]
    metadata: Mapping[str, Json]
    card_options: Mapping[str, Json]
    embargo_until: int | None
    expires_at: int | None
    lifecycle_id: str | None


class FlowEndpoint:
    """Starts Action Flows, which create cards.

    Args:
        behaviour: The decisions.
        store: Where the cards go.
        creation_delay: How long after a start its cards are created, by the sandbox's clock.
    """

    def __init__(self, behaviour: Behaviour, store: Store, creation_delay: timedelta) -> None:
        self._behaviour = behaviour
        self._store = store
        self._delay = behaviour.creation_delay(creation_delay // _MILLISECOND)

    def start(
        self,
        environment: int,
        flow: Flow,
        body: bytes,
        *,
        test: bool,
        test_users: Collection[str],
    ) -> Json:
        """Start a flow for its targets; returns the body of the response.

        A test start reaches test users only. Source: Action Flow API page; Triggers page.
        """
        request = json_object(self._behaviour.json(body), "the body")
        if not flow.published and not test:
            raise Refusal(400, f"the Action Flow {flow.flow_id!r} is not published")
        invocation = request.get("flowInvocationId")
        if invocation is None:
            invocation = f"invocation-{new_token()}"
        check_id(invocation, "flowInvocationId")
        flows = request.get("flows")
        if not isinstance(flows, list) or not flows:
            raise Refusal(400, "flows must be a non-empty array")
        targets = [users_of(target, test_users) for target in targets_of(flows)]
        with self._store.hold() as now:
            orders = [
                (users, self._delivery(element, now))
                for users, element in zip(targets, flows, strict=True)
            ]
            source = self._behaviour.event_source(test=test)
            drafts = [
                (user, template, instance, delivery)
                for users, delivery in orders
                for user in users
                if not test or user in test_users
                for instance in (f"instance-{new_token()}",)
                for template in self._behaviour.templates(flow.template_ids)
            ]
            first = self._store.take_seq(len(drafts))
            created = now + self._delay
            rows = [
                self._row(
                    seq=seq,
                    environment=environment,
                    draft=draft,
                    invocation=invocation,
                    source=source,
                    created=created,
                )
                for seq, draft in enumerate(drafts, first)
            ]
            if self._delay:
                self._store.insert_later(rows)
            else:
                self._store.insert(rows, announce=True)
        return self._behaviour.start_body(invocation)

    def _row(
        self,
        *,
        seq: int,
        environment: int,
        draft: tuple[str, str, str, _Delivery],
        invocation: str,
        source: str,
        created: int,
    ) -> Row:
        user, template, instance, delivery = draft
        token = new_token()
        status = self._behaviour.first_status(delivery.embargo_until, created)
        return Row(
            seq,
            environment,
            card_instance_id=f"card-{token}",
            card_template_id=template,
            card_template_name=template,
            event_name="",
            event_source=source,
            lifecycle_id=delivery.lifecycle_id or f"lifecycle-{token}",
            flow_instance_id=instance,
            flow_invocation_id=invocation,
            user_id=user,
            status=status.value,
            payload=payload_text(
                user, delivery.variables, delivery.metadata, delivery.card_options
            ),
            created=created,
            updated=created,
            embargo_until=delivery.embargo_until,
            expires_at=delivery.expires_at,
            snooze_until=None,
            completion=None,
        )

    def _delivery(self, flow: Mapping[str, Json], now: int) -> _Delivery:
        lifecycle = flow.get("lifecycleId")
        if lifecycle is not None:
            check_id(lifecycle, "lifecycleId")
        payload = json_object(flow.get("payload", {}), "payload")
        options = json_object(payload.get("cardOptions", {}), "cardOptions")
        priority = options.get("priority")
        if priority is not None and (
            not isinstance(priority, int)
            or isinstance(priority, bool)
            or priority not in _PRIORITIES
        ):
            raise Refusal(400, "cardOptions.priority must be a whole number from 1 to 10")
        embargo = _time(options, "embargo", parse_timestamp)
        interval = _time(options, "expiresInterval", parse_duration)
        ends = [
            _time(options, "expires", parse_timestamp),
            None if interval is None else now + interval,
        ]
        expires = min((end for end in ends if end is not None), default=None)
        if expires is not None and expires > LATEST:
            raise Refusal(400, "cardOptions.expiresInterval ends beyond the year 9999")
        if not self._behaviour.honours_delivery_options():
            embargo = expires = None
            options = {}
        return _Delivery(
            variables=json_object(payload.get("variables", {}), "variables"),
            metadata=json_object(payload.get("metadata", {}), "metadata"),
            card_options=options,
            embargo_until=embargo,
            expires_at=expires,
            lifecycle_id=self._behaviour.named_lifecycle(lifecycle),
        )


def new_token() -> str:
    """Twelve random hexadecimal digits: among a million ids two are equal once in 500 runs."""
    return secrets.token_hex(6)


def _time(options: Mapping[str, Json], name: str, parse: Callable[[str], int]) -> int | None:
    value = options.get(name)
    if value is None:
        return None
    try:
        if not isinstance(value, str):
            raise ValueError(f"{name} must be a string")  # noqa: TRY004, TRY301 - becomes a refusal
        return parse(value)
    except (ValueError, OverflowError) as error:
        raise Refusal(400, f"cardOptions.{name}: {error}") from None
