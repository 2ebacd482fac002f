"""A card spec refuses what contradicts itself, and a population is a plain sequence of specs."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import MisuseError

HOUR = timedelta(hours=1)
IMPLIED = [("embargo", Status.EMBARGOED), ("snooze", Status.SNOOZED)]


def by_name(**values: Any) -> CardSpec:  # noqa: ANN401 - any field, right or wrong
    """A spec of which the fields are only known by name."""
    return CardSpec(**values)


def test_a_plain_spec_leaves_everything_to_the_target() -> None:
    """Without arguments the card is active and nothing else is asked for."""
    values = dataclasses.asdict(CardSpec())
    assert values.pop("status") is Status.ACTIVE
    assert values.pop("expiry_as") == "interval"
    assert values.pop("variables") == values.pop("metadata") == {}
    assert set(values.values()) == {None}


@pytest.mark.parametrize("priority", [1, 5, 10])
def test_priorities_from_1_to_10_are_allowed(priority: int) -> None:
    """Both ends of the documented range are priorities."""
    assert CardSpec(priority=priority).priority == priority


@pytest.mark.parametrize("priority", [0, 11, -1, 100])
def test_other_priorities_are_refused(priority: int) -> None:
    """A priority out of range is refused, with the range and the value."""
    with pytest.raises(MisuseError) as refusal:
        CardSpec(priority=priority)
    assert str(refusal.value) == f"priority must be from 1 to 10, not {priority}"


@pytest.mark.parametrize(("field", "status"), IMPLIED)
def test_a_duration_implies_its_state(field: str, status: Status) -> None:
    """An embargo makes the card embargoed, and the end of a snooze makes it snoozed."""
    assert by_name(**{field: HOUR}).status is status


@pytest.mark.parametrize(("field", "status"), IMPLIED)
def test_a_duration_agrees_with_its_state(field: str, status: Status) -> None:
    """The state that a duration implies may be named as well."""
    spec = by_name(**{field: HOUR, "status": status})
    assert spec.status is status
    assert getattr(spec, field) == HOUR


@pytest.mark.parametrize(("field", "implied"), IMPLIED)
@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ACTIVE])
def test_a_duration_contradicts_other_states(field: str, implied: Status, status: Status) -> None:
    """An embargo on a card of another state is refused, with the field and the state."""
    if status is implied:
        assert by_name(**{field: HOUR, "status": status}).status is status
        return
    with pytest.raises(MisuseError) as refusal:
        by_name(**{field: HOUR, "status": status})
    assert str(refusal.value) == f"{field} contradicts status {status.value!r}"


def test_embargo_and_snooze_exclude_each_other() -> None:
    """A card cannot be embargoed and snoozed."""
    with pytest.raises(MisuseError, match="snooze contradicts status 'embargoed'"):
        CardSpec(embargo=HOUR, snooze=HOUR)


@pytest.mark.parametrize("field", ["embargo", "snooze"])
@pytest.mark.parametrize(
    ("duration", "shown"), [(timedelta(0), "0:00:00"), (-HOUR, "-1 day, 23:00:00")]
)
def test_a_duration_lies_in_the_future(field: str, duration: timedelta, shown: str) -> None:
    """A duration that is over is refused, with the field and the duration."""
    with pytest.raises(MisuseError) as refusal:
        by_name(**{field: duration})
    assert str(refusal.value) == f"{field} must lie in the future, not {shown}"


@pytest.mark.parametrize("status", Status)
def test_any_state_can_be_asked_for(status: Status) -> None:
    """A state needs no duration."""
    spec = CardSpec(status=status)
    assert spec.status is status
    assert spec.embargo is spec.snooze is None


def test_an_expiry_implies_no_state() -> None:
    """A card that will expire is active until then, and any open card can have an expiry."""
    assert CardSpec(expires=HOUR).status is Status.ACTIVE
    assert CardSpec(expires=HOUR, embargo=HOUR).status is Status.EMBARGOED


def test_specs_do_not_share_their_variables() -> None:
    """The default variables and metadata of two specs are two objects."""
    assert CardSpec().variables is not CardSpec().variables
    assert CardSpec().metadata is not CardSpec().metadata


def test_a_spec_cannot_be_changed() -> None:
    """A spec that was checked stays as it was."""
    spec = CardSpec()
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.priority = 99  # type: ignore[misc] # the point of the test


def test_fields_cannot_be_given_by_position() -> None:
    """User and template cannot be confused, as every field is named."""
    with pytest.raises(TypeError):
        CardSpec("user-1")  # type: ignore[call-arg] # the point of the test


def test_a_population_of_alike_cards() -> None:
    """So many cards of one spec, in a sequence of that length."""
    spec = CardSpec(user_id="ann")
    assert list(Population.of(3, spec)) == [spec, spec, spec]
    assert len(Population.of(3, spec)) == 3


def test_a_population_of_plain_cards() -> None:
    """Without a spec the cards are plain."""
    assert Population.of(2) == Population((CardSpec(), CardSpec()))


@pytest.mark.parametrize("empty", [Population(), Population.of(0)])
def test_an_empty_population(empty: Population) -> None:
    """A population may have no cards."""
    assert list(empty) == []
    assert len(empty) == 0


def test_populations_add_up_in_order() -> None:
    """The cards of the first come before those of the second, and neither is changed."""
    ann, bob = Population.of(1, CardSpec(user_id="ann")), Population.of(1, CardSpec(user_id="bob"))
    assert [spec.user_id for spec in ann + bob + ann] == ["ann", "bob", "ann"]
    assert len(ann) == len(bob) == 1


def test_fields_can_be_changed_for_all() -> None:
    """Every card of the copy has the change; the others fields and the original are kept."""
    cards = Population.of(1, CardSpec(user_id="ann", priority=3)) + Population.of(1)
    changed = cards.with_fields(card_template_id="reminder", priority=1)
    assert [(spec.user_id, spec.card_template_id, spec.priority) for spec in changed] == [
        ("ann", "reminder", 1),
        (None, "reminder", 1),
    ]
    assert [spec.card_template_id for spec in cards] == [None, None]


def test_changes_are_checked_like_specs() -> None:
    """A change that no card can have is refused, by the message of the spec."""
    with pytest.raises(MisuseError, match="priority must be from 1 to 10, not 11"):
        Population.of(2).with_fields(priority=11)


def test_a_field_that_does_not_exist_cannot_be_changed() -> None:
    """A misspelt field is an error, and the error names it."""
    changes: dict[str, Any] = {"usr": "ann"}
    with pytest.raises(MisuseError, match="'usr'; did you mean 'user_id'"):
        Population.of(1).with_fields(**changes)
