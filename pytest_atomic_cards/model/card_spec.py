"""What to seed: one card, or a population of them."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final, Literal, Self, TypedDict, Unpack

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.argument_types import given_or_default
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.pasteable import Pasteable
from pytest_atomic_cards.support.suggestions import refuse_unknown

_HIGHEST_PRIORITY, _LOWEST_PRIORITY = 1, 10

OLD_NAMES: Final = {"user": "user_id", "template": "card_template_id"}
"""Names of fields in version 0.1, which are accepted with a warning, and in recorded cases."""


class CardFields(TypedDict, total=False):
    """The keyword arguments of :class:`CardSpec` and of ``cards.seed``."""

    user_id: str | None
    card_template_id: str | None
    event_name: str | None
    lifecycle_id: str | None
    flow_instance_id: str | None
    flow_invocation_id: str | None
    status: Status
    variables: Mapping[str, Any]
    metadata: Mapping[str, Any]
    priority: int | None
    embargo: timedelta | None
    expires: timedelta | None
    expiry_as: Literal["interval", "timestamp"]
    snooze: timedelta | None
    user: str | None
    template: str | None


@dataclass(frozen=True, slots=True, init=False, repr=False)
class CardSpec(Pasteable):
    """A card to seed. The target chooses what is left out.

    Args:
        user_id: Id of the customer; generated if left out.
        card_template_id: Sandbox only: on a live target the Action Flow decides.
        event_name: Legacy event name. Sandbox only.
        lifecycle_id: A live target may ignore or refuse it, as no page says that a start takes one.
        flow_instance_id: Sandbox only, as a live target chooses its own.
        flow_invocation_id: Sandbox only, as a live target chooses its own.
        status: The state to bring the card into before it is returned.
        variables: Values for the template's variables.
        metadata: Passed through to analytics events.
        priority: From 1, the highest, to 10.
        embargo: Time from now until the card is published; implies ``status=EMBARGOED``.
        expires: Time from now until the card expires.
        expiry_as: Whether a flow start gives the expiry as an interval or as a timestamp; an
            Action Flow may accept only one of them. The sandbox accepts both.
        snooze: Time from now until a snoozed card wakes up; implies ``status=SNOOZED``.
            Sandbox only: the public API has no snooze.
        user: Deprecated name of ``user_id``.
        template: Deprecated name of ``card_template_id``.

    Raises:
        MisuseError: A field is unknown, has a wrong type or is out of range, or two contradict
            each other.

    Source: Action Flow API › payload.cardOptions; Card lifecycle model.
    """

    user_id: str | None = None
    card_template_id: str | None = None
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

    def __init__(self, **fields: Unpack[CardFields]) -> None:
        given = current_names(fields)
        for one in dataclasses.fields(self):
            default = one.default if one.default is not dataclasses.MISSING else {}
            object.__setattr__(self, one.name, given.get(one.name, default))
        _check_types(self)
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

    @property
    def user(self) -> str | None:
        """Deprecated name of ``user_id``."""
        _warn("user")
        return self.user_id

    @property
    def template(self) -> str | None:
        """Deprecated name of ``card_template_id``."""
        _warn("template")
        return self.card_template_id


def current_names(fields: CardFields) -> dict[str, Any]:
    """The same fields by their current names; to be called by a public function itself.

    Raises:
        MisuseError: A field is unknown, or is given by its old and its current name.
    """
    given: dict[str, Any] = {}
    for name, value in fields.items():
        current = OLD_NAMES.get(name, name)
        if current != name:
            _warn(name, stacklevel=4)
        if current in given:
            raise MisuseError(f"{name!r} and {current!r} are the same field; give only {current!r}")
        given[current] = value
    refuse_unknown(given, _NAMES, "a card to seed")
    return given


def _warn(name: str, stacklevel: int = 3) -> None:
    text = f"{name!r} of a card to seed is now {OLD_NAMES[name]!r}"
    warnings.warn(text, DeprecationWarning, stacklevel=stacklevel)


_NAMES: Final = [one.name for one in dataclasses.fields(CardSpec)]
_TEXTS: Final = _NAMES[: _NAMES.index("status")]


def _check_types(spec: CardSpec) -> None:
    """Raise for a value of a wrong type, which type checkers would have found."""
    status: object = spec.status
    if not isinstance(status, Status):
        hint = _status_hint(status)
        raise MisuseError(f"status must be a Status, {hint}, not {status!r}")
    for name in ("embargo", "expires", "snooze"):
        duration: object = getattr(spec, name)
        if not isinstance(duration, timedelta | None):
            raise MisuseError(
                f"{name} must be a timedelta from now, such as timedelta(hours=3), not {duration!r}"
            )
    for names, kind, wanted in (
        (_TEXTS, str | None, "a string"),
        (("variables", "metadata"), Mapping, "a mapping"),
        (("priority",), int | None, "a whole number"),
    ):
        for name in names:
            value: object = getattr(spec, name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise MisuseError(f"{name} must be {wanted}, not {value!r}")
    if spec.expiry_as not in ("interval", "timestamp"):
        raise MisuseError(f"expiry_as must be 'interval' or 'timestamp', not {spec.expiry_as!r}")


def _status_hint(word: object) -> str:
    near = get_close_matches(str(word), list(Status), n=1) or [Status.ACTIVE.value]
    return f"such as Status.{Status(near[0]).name}"


@dataclass(frozen=True, slots=True, repr=False)
class Population(Pasteable):
    """Cards that are seeded together."""

    specs: tuple[CardSpec, ...] = ()

    @classmethod
    def of(cls, count: int, spec: CardSpec | None = None, **fields: Unpack[CardFields]) -> Self:
        """``count`` cards that are alike but for what the target generates.

        Args:
            count: How many.
            spec: One of them, or its fields as keywords.
            **fields: Fields of :class:`CardSpec`, such as ``user_id="customer-1"``.

        Raises:
            MisuseError: A field is unknown or has a wrong value, or the spec is not one.
        """
        own = current_names(fields)
        alike = given_or_default(spec, CardSpec, 'Population.of(3, user_id="customer-1")')
        return cls((dataclasses.replace(alike, **own),) * count)

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

    def with_fields(self, **changes: Unpack[CardFields]) -> Population:
        """A copy in which every card has some fields changed."""
        given = current_names(changes)
        return Population(tuple(dataclasses.replace(spec, **given) for spec in self.specs))
