"""Falsifying examples are printed as code that makes them again."""

from __future__ import annotations

import datetime
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, core, given, seed, settings
from hypothesis.vendor.pretty import RepresentationPrinter

import pytest_atomic_cards
from pytest_atomic_cards import (
    Attribute,
    CardQuery,
    CardSpec,
    NetworkFault,
    Population,
    Status,
    strategies,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

NAMES = {name: getattr(pytest_atomic_cards, name) for name in pytest_atomic_cards.__all__} | {
    "datetime": datetime,
    **{name: getattr(strategies, name) for name in ("Act", "Advance", "Seed")},
}
DRAWN: dict[str, SearchStrategy[Any]] = {
    "attribute_values": strategies.attribute_values(),
    "attribute_combinations": strategies.attribute_combinations(),
    "payloads": strategies.payloads(),
    "queries": strategies.queries(),
    "queries of cards": strategies.populations(1).flatmap(strategies.queries),
    "queries without paging": strategies.queries([CardSpec(user_id="ann")], paging=False),
    "card_specs": strategies.card_specs(timed=True),
    "populations": strategies.populations(timed=True),
    "histories": strategies.histories(),
    "network_faults": strategies.network_faults(),
    "statuses": strategies.statuses(),
    "actions": strategies.actions(),
    "durations": strategies.durations(),
}
VALUES = (
    CardQuery(),
    CardQuery(user_id="a'b", status=Status.ACTIVE, limit=1, multiple=True),
    CardSpec(variables={"a": 1}, embargo=datetime.timedelta(hours=1)),
    Population(),
    Population.of(1),
    Population.of(2, CardSpec(user_id="ann")),
    NetworkFault("slow", times=2),
)


def _printed(strategy: SearchStrategy[Any], number: int) -> tuple[Any, str]:
    """A drawn value, and how Hypothesis prints it as a failing example."""
    drawn: list[Any] = []

    @seed(number)
    @settings(
        max_examples=50,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(strategy)
    def fails_unless_simplest(value: Any) -> None:  # noqa: ANN401 - of any strategy
        drawn.append(value)
        assert value == drawn[0]

    with pytest.raises(AssertionError) as failure:
        fails_unless_simplest()
    return drawn[-1], "\n".join(failure.value.__notes__)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_the_repr_of_a_value_is_code(value: object) -> None:
    """Evaluating the repr gives the same value."""
    assert eval(repr(value), dict(NAMES)) == value  # noqa: S307 - our own text


def test_a_repr_leaves_out_defaults() -> None:
    """Only what differs from the default is shown, with enum members by their names."""
    assert repr(CardSpec(user_id="ann", status=Status.EXPIRED)) == (
        "CardSpec(user_id='ann', status=Status.EXPIRED)"
    )
    assert repr(Attribute.USER_ID) == "<Attribute.USER_ID: 'userId'>"


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("name", DRAWN)
def test_a_failing_example_is_code(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """What Hypothesis prints as the argument of the test evaluates to that argument."""
    # The plugin of Schemathesis replaces the printer by one that prints no values.
    monkeypatch.setattr(core, "RepresentationPrinter", RepresentationPrinter)
    value, printed = _printed(DRAWN[name], number)
    argument = printed.partition("value=")[2].rpartition(",\n)")[0]
    assert eval(textwrap.dedent(argument), dict(NAMES)) == value  # noqa: S307 - our own text
