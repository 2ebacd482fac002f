"""Strategies for what to seed: card specs that collide, and populations of them."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.strategies.shrinking import droppable, mapped, numbers
from pytest_atomic_cards.strategies.values import attribute_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

SPEC_FIELDS: Final[Mapping[Attribute, str]] = {
    attribute: attribute.field for attribute in Attribute
}
"""The field of :class:`CardSpec` that sets each attribute of the card."""

_ID_FIELDS: Final = [field for name, field in SPEC_FIELDS.items() if name is not Attribute.STATUS]
_TIMERS: Final = {
    Status.ACTIVE: "expires",
    Status.EMBARGOED: "embargo",
    Status.SNOOZED: "snooze",
}
"""The field that sets the timer of the documented exit from each open state."""

_DURATIONS: Final = [timedelta(hours=hours, minutes=30) for hours in range(49)]


def same_for_all(pool: Sequence[str]) -> Mapping[Attribute, Sequence[str]]:
    """The same possible values for every attribute; the status may be any."""
    return dict.fromkeys(Attribute, pool) | {Attribute.STATUS: list(Status)}


STAND_INS: Final = same_for_all(("0", "1", "2"))
"""What :func:`with_values` replaces."""


def statuses() -> SearchStrategy[Status]:
    """The seven states of a card. Shrinks to ``Status.ACTIVE``."""
    return st.sampled_from(Status)


def durations() -> SearchStrategy[timedelta]:
    """Durations of some hours and a half, up to two days. Shrinks to half an hour.

    If time advances in whole hours, none of them ends at the exact moment of a step, so the order
    of events never depends on a tie, nor on the time that the test itself takes.
    """
    return st.sampled_from(_DURATIONS)


def card_specs(
    values: Mapping[Attribute, Sequence[str]] | None = None, *, timed: bool = False
) -> SearchStrategy[CardSpec]:
    """Cards to seed. Shrinks to ``CardSpec()``: an active card whose ids the target chooses.

    Args:
        values: The possible values of each attribute, the simplest first. The target chooses the
            attributes that are not named, and in some cards the named ones too. If left out, every
            attribute has the same three values, so cards collide, and every status occurs. For a
            live target, name only user and status: it decides the others itself.
            Two cards of one population may have values that no query distinguishes; see
            :func:`populations`.
        timed: Whether some active cards expire, some embargoes end, and some snoozed cards wake up,
            after one of :func:`durations`.
    """
    allowed = same_for_all(("0", "1", "a b+c&d=%20é")) if values is None else values
    options = {
        field: [None, *allowed[attribute]]
        for attribute, field in SPEC_FIELDS.items()
        if attribute in allowed and attribute is not Attribute.STATUS
    }
    most = max(map(len, options.values()), default=1)

    def spec(drawn: tuple[int, ...], status: Status, timer: timedelta | None) -> CardSpec:
        fields: dict[str, Any] = {
            field: choices[number % len(choices)]
            for (field, choices), number in zip(options.items(), drawn, strict=True)
        }
        if timer and status in _TIMERS:
            fields[_TIMERS[status]] = timer
        return CardSpec(**fields, status=status)

    timers = st.none() | durations() if timed else st.none()
    status = st.sampled_from(_statuses_in(allowed))
    drawn = st.tuples(numbers(len(options), below=most), status, timers)
    return mapped(drawn, lambda parts: spec(*parts))


def populations(
    min_size: int = 0,
    max_size: int = 8,
    *,
    values: Mapping[Attribute, Sequence[str]] | None = None,
    timed: bool = False,
) -> SearchStrategy[Population]:
    """Cards to seed together. Shrinks to few plain cards with few distinct values.

    All of them can be seeded on the sandbox and read back: they have one invocation, as they are
    seeded together, and no two share both flow instance and template, so a query selects each.

    Args:
        min_size: The minimum number of cards.
        max_size: The maximum number of cards.
        values: As for :func:`card_specs`. If left out, each population draws its own one to three
            :func:`attribute_values` and uses them for every attribute. No two differ only in case,
            as case sensitivity is not documented.
        timed: As for :func:`card_specs`.
    """
    if values is None:
        stand_ins = populations(min_size, max_size, values=STAND_INS, timed=timed)
        return mapped(st.tuples(stand_ins, value_pools()), lambda drawn: with_values(*drawn))
    plain = CardSpec(status=_statuses_in(values)[0])
    specs = droppable(card_specs(values, timed=timed), min_size=min_size, max_size=max_size)
    return mapped(
        specs, lambda kept: _seedable(Population((*kept, *[plain] * (min_size - len(kept)))))
    )


def value_pools() -> SearchStrategy[list[str]]:
    """One to three attribute values, no two of which differ only in case."""
    return st.lists(attribute_values(), min_size=1, max_size=3, unique_by=str.casefold)


def with_values(population: Population, pool: Sequence[str]) -> Population:
    """A population with its stand-ins replaced by values of a pool."""
    return _seedable(Population(tuple(_with_values(spec, pool) for spec in population)))


def _seedable(population: Population) -> Population:
    """The population with one invocation, and cards that a query can select one by one.

    A flow instance sends one card of each template; a card that would be the second leaves its
    instance to the target.
    """
    invocation = next(filter(None, (spec.flow_invocation_id for spec in population)), None)
    sent: set[tuple[str | None, str | None]] = set()
    specs = []
    for spec in population:
        instance = spec.flow_instance_id
        if (instance, spec.card_template_id) in sent:
            instance = None
        sent.add((instance, spec.card_template_id))
        specs.append(
            dataclasses.replace(spec, flow_invocation_id=invocation, flow_instance_id=instance)
        )
    return Population(tuple(specs))


def apart(population: Population, others: Iterable[CardSpec]) -> Population:
    """The population without the invocation and the flow instances of other cards."""
    named = [(spec.flow_invocation_id, spec.flow_instance_id) for spec in others]
    invocations, instances = zip(*named, strict=True) if named else ((), ())

    def changed(spec: CardSpec) -> CardSpec:
        invocation, instance = spec.flow_invocation_id, spec.flow_instance_id
        return dataclasses.replace(
            spec,
            flow_invocation_id=None if invocation in invocations else invocation,
            flow_instance_id=None if instance in instances else instance,
        )

    return Population(tuple(map(changed, population)))


def _with_values(spec: CardSpec, pool: Sequence[str]) -> CardSpec:
    digits = ((field, getattr(spec, field)) for field in _ID_FIELDS)
    changes: dict[str, Any] = {
        field: pool[int(digit) % len(pool)] for field, digit in digits if digit is not None
    }
    return dataclasses.replace(spec, **changes)


def _statuses_in(values: Mapping[Attribute, Sequence[str]]) -> list[Status]:
    return [Status(word) for word in values.get(Attribute.STATUS, [Status.ACTIVE])]
