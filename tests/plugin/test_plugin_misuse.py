"""Mistakes in a user's test: one line with a suggestion, at the line of the test."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest

from pytest_atomic_cards import (
    CardQuery,
    Cards,
    CardSpec,
    ContractBrokenError,
    MisuseError,
    NetworkFaultKind,
    Population,
    sandbox_world,
)
from pytest_atomic_cards.model.card_spec import OLD_NAMES, CardFields
from pytest_atomic_cards.model.network_faults import FaultFields, FaultName, NetworkFault
from pytest_atomic_cards.model.query import QueryFields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def world() -> Iterator[Cards]:
    """A sandbox that no mistake reaches."""
    with sandbox_world() as cards:
        yield cards


@pytest.mark.parametrize(
    ("method", "arguments", "fields", "message"),
    [
        ("seed", (), {"usr": "a"}, "a card to seed has no 'usr'; did you mean 'user_id'?"),
        (
            "seed",
            (),
            {"status": "active"},
            "status must be a Status, such as Status.ACTIVE, not 'active'",
        ),
        ("seed", (), {"status": "expire"}, "such as Status.EXPIRED, not 'expire'"),
        ("seed", (), {"expires": 3}, "from now, such as timedelta(hours=3), not 3"),
        ("seed", (), {"expires": datetime.now(UTC)}, "expires must be a timedelta from now"),
        ("seed", (), {"user_id": 7}, "user_id must be a string, not 7"),
        ("seed", (), {"priority": "1"}, "priority must be a whole number, not '1'"),
        ("seed", (), {"variables": "x"}, "variables must be a mapping, not 'x'"),
        ("seed", (), {"expiry_as": "x"}, "expiry_as must be 'interval' or 'timestamp', not 'x'"),
        ("seed", ("customer-1",), {}, "give a CardSpec or keywords, such as cards.seed(user_id=…)"),
        ("list", (), {"user": "a"}, "a card query has no 'user'; did you mean 'user_id'?"),
        ("list", (), {"colour": "a"}, "a card query has no 'colour'; known: event_name"),
        ("list", ("a",), {}, "give a CardQuery or keywords, such as cards.list(user_id=…)"),
        ("seed_all", ([CardSpec()],), {}, "seed_all needs a Population, such as Population.of(3)"),
        (
            "scatter",
            (7,),
            {"metod": "PUT"},
            "a network fault has no 'metod'; did you mean 'method'?",
        ),
        ("inject", ("reset-aftr",), {"tims": 3}, "'reset-aftr'; did you mean 'reset-after'?"),
        ("inject", ("slow",), {"method": "PTU"}, "no HTTP method 'PTU'; did you mean 'PUT'?"),
        ("inject", ("slow",), {"tims": 3}, "a network fault has no 'tims'; did you mean 'times'?"),
    ],
)
def test_a_mistake_is_one_line(
    method: str, arguments: tuple[Any, ...], fields: dict[str, Any], message: str, world: Cards
) -> None:
    """A wrong name or type is refused before anything is sent, in one line."""
    owner = world.faults if method in {"inject", "scatter"} else world
    call = getattr(owner, method)
    with pytest.raises(MisuseError) as caught:
        call(*arguments, **fields)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda world, _: world.pass_time(3), "3 is not a timedelta; write cards.pass_time(timed"),
        (lambda world, card: world.snooze(card, 5), "5 is not a timedelta; write cards.snooze(ca"),
        (lambda world, card: world.wait_for(card, "active"), "'active' is not a Status; write "),
        (lambda world, card: world.get(card.id), "is not a Card; write the card that cards.seed"),
        (
            lambda world, card: world.cancel(card.id),
            "is not a Card; write the card that cards.seed",
        ),
        (lambda world, card: world.complete(card, "x"), "a payload is a JSON object, such as {'qu"),
        (lambda *_: Population.of(3, usr="a"), "a card to seed has no 'usr'; did you mean 'user_i"),
        (lambda *_: Population.of(3, "a"), "give a CardSpec or keywords, such as Population.of(3"),
    ],
)
def test_an_argument_of_a_wrong_type_is_one_line(
    call: Callable[..., object], message: str, world: Cards
) -> None:
    """What would fail far inside, or wait until its timeout, is refused where it is written."""
    card = world.seed()
    with pytest.raises(MisuseError) as caught:
        call(world, card)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_many_cards_take_the_keywords_of_one() -> None:
    """A population of cards that are alike is written as a single card is."""
    assert Population.of(2, user_id="a") == Population.of(2, CardSpec(user_id="a"))


@pytest.mark.parametrize("misuse", [CardQuery, CardQuery().replace])
def test_a_mistyped_attribute_is_one_line(misuse: Callable[..., CardQuery]) -> None:
    """A query refuses an attribute that it does not have, with a suggestion."""
    with pytest.raises(MisuseError, match=r"^a card query has no 'user'; did you mean 'user_id'"):
        misuse(user="a")


def test_old_names_are_accepted_with_a_warning(world: Cards) -> None:
    """For one release the names that seeding had still work; the warning is at the user's line."""
    with pytest.warns(DeprecationWarning, match="'user' .* is now 'user_id'") as warned:
        card = world.seed(user="customer-1")
    assert warned[0].filename == __file__
    assert card.user_id == "customer-1"
    with pytest.warns(
        DeprecationWarning, match="'template' .* is now 'card_template_id'"
    ) as warned:
        spec = CardSpec(template="reminder")
    assert warned[0].filename == __file__
    assert spec.card_template_id == "reminder"
    with pytest.warns(DeprecationWarning, match="'template'"):
        assert spec.template == "reminder"
    with pytest.warns(DeprecationWarning, match="'user'"):
        assert spec.user is None
    with pytest.warns(DeprecationWarning, match="'user'") as warned:
        changed = Population.of(1).with_fields(user="a")
    assert warned[0].filename == __file__
    assert changed == Population.of(1, CardSpec(user_id="a"))
    with (
        pytest.warns(DeprecationWarning, match="'user'"),
        pytest.raises(MisuseError, match="the same field"),
    ):
        world.seed(user="a", user_id="b")


def test_keyword_arguments_are_the_fields() -> None:
    """What type checkers accept is what there is."""
    specs = get_type_hints(CardSpec)
    assert get_type_hints(CardFields) == specs | {old: specs[now] for old, now in OLD_NAMES.items()}
    assert get_type_hints(QueryFields) == get_type_hints(CardQuery)
    faults = get_type_hints(NetworkFault)
    assert get_type_hints(FaultFields) == {k: v for k, v in faults.items() if k != "kind"}
    assert get_args(FaultName) == tuple(NetworkFaultKind)


def test_a_traceback_ends_at_the_test(pytester: pytest.Pytester) -> None:
    """No frame of this package is shown, unless all are asked for."""
    pytester.makepyfile(
        """
        import pytest
        from pytest_atomic_cards import Status

        def helper(cards):
            cards.seed(usr="a")

        def test_misuse(cards):
            helper(cards)

        def test_patience(cards):
            cards.wait_for(cards.seed(), Status.EXPIRED, timeout=0.01)

        def test_fixture(cards, request):
            request.getfixturevalue("cards_monitr")
        """
    )
    shown = pytester.runpytest_inprocess().stdout.str()
    assert "MisuseError: a card to seed has no 'usr'" in shown
    assert "in helper" not in shown.replace("def helper", "")
    assert 'cards.seed(usr="a")' in shown
    assert "cards_fixture.py" not in shown
    assert "suggestions.py" not in shown
    assert "suggestions.py" in pytester.runpytest_inprocess("--full-trace").stdout.str()


def test_a_card_has_an_id_or_the_target_is_wrong(world: Cards) -> None:
    """The id of a seeded card is text to type checkers; a card without one breaks the contract."""
    card = world.seed()
    assert card.id == card.card_instance_id
    with pytest.raises(ContractBrokenError, match="no 'cardInstanceId'"):
        dataclasses.replace(card, card_instance_id=None).id  # noqa: B018
