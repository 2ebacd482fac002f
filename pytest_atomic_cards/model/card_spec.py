"""What to seed: one card, or a population of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, Self

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import MisuseError

_HIGHEST_PRIORITY, _LOWEST_PRIORITY = 1, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSpec:
    """A card to put in place. What is left out is chosen by the target.

    Args:
        user: Id of the customer; generated if left out.
        template: Card template id. Sandbox only: on a live target the Action Flow decides.
        event_name: Legacy event name. Sandbox only.
        lifecycle_id: Sandbox only, as a live target chooses its own.
        flow_instance_id: Sandbox only, as a live target chooses its own.
        flow_invocation_id: Sandbox only, as a live target chooses its own.
        status: The state to bring the card into before it is handed over.
        variables: Values for the template's variables.
        metadata: Passed through to analytics events.
        priority: From 1, the highest, to 10.
        embargo: Time from now until the card is published; implies ``status=EMBARGOED``.
        expires: Time from now until the card expires.
        expiry_as: Whether a start tells the expiry as an interval or as a timestamp, of which an
            Action Flow may take only one. It is all the same to the sandbox.
        snooze: Time from now until a snoozed card wakes up; implies ``status=SNOOZED``.
            Sandbox only: the public API has no snooze.

    Raises:
        MisuseError: The values contradict each other or are out of range.

    Source: Action Flow API › payload.cardOptions; Card lifecycle model.
    """

    user: str | None = None
    template: str | None = None
    event_name: str | None = None
    lifecycle_id: str | None = None
    flow_instance_id: str | None = None
    flow_invocation_id: str | None = None
    status: Status = Status.ACTIVE
    variables: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    embargo: timedelta | None = None
    expires: timedelta | None = None
    expiry_as: Literal["interval", "timestamp"] = "interval"
    snooze: timedelta | None = None

    def __post_init__(self) -> None:
        if self.priority is not None and not (
            _HIGHEST_PRIORITY <= self.priority <= _LOWEST_PRIORITY
        ):
            raise MisuseError(f"priority must be from 1 to 10, not {self.priority}")
        for name, implied in (("embargo", Status.EMBARGOED), ("snooze", Status.SNOOZED)):
            duration = getattr(self, name)
            if duration is None:
                continue
            if duration <= timedelta(0):
                raise MisuseError(f"{name} must lie in the future, not {duration}")
            if self.status is Status.ACTIVE:
                object.__setattr__(self, "status", implied)
            elif self.status is not implied:
                raise MisuseError(f"{name} contradicts status {self.status.value!r}")


@dataclass(frozen=True, slots=True)
class Population:
    """Cards that are seeded together."""

    specs: tuple[CardSpec, ...] = ()

    @classmethod
    def of(cls, count: int, spec: CardSpec | None = None) -> Self:
        """``count`` cards that are alike but for what the target generates."""
        return cls((spec or CardSpec(),) * count)

    def __add__(self, other: Population) -> Population:
        return Population(self.specs + other.specs)

    def __iter__(self) -> Iterator[CardSpec]:
        return iter(self.specs)

    def __len__(self) -> int:
        return len(self.specs)

    def portions(self, size: int) -> list[Population]:
        """The same cards in populations of at most ``size``, in their order."""
        starts = range(0, len(self), size)
        return [Population(self.specs[start : start + size]) for start in starts]

    def with_fields(self, **changes: Any) -> Population:  # noqa: ANN401 - fields of CardSpec
        """A copy in which every card has some fields changed."""
        return Population(tuple(dataclasses.replace(spec, **changes) for spec in self.specs))
