"""The catalogue of requirements, and the contracts that decide them."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Level
from pytest_atomic_cards.rules.requirements import catalogue, untested
from pytest_atomic_cards.suite.running.suite_runner import PYTEST_ARGUMENTS, suite_directory
from pytest_atomic_cards.support.errors import MisuseError

RULES = catalogue().requirements
MOST_QUOTED = 10
"""Words of a quote: enough to find it, and no more than a citation."""


def test_ids_are_well_formed() -> None:
    """An id is the prefix of its area and a two-digit number, counted from 01."""
    by_prefix: dict[str, list[str]] = {}
    areas: dict[str, set[str]] = {}
    for name, rule in RULES.items():
        assert name == rule.id
        assert re.fullmatch(r"[A-Z]+-\d\d", name)
        prefix, _, number = name.partition("-")
        by_prefix.setdefault(prefix, []).append(number)
        areas.setdefault(prefix, set()).add(rule.area)
    for numbers in by_prefix.values():
        assert sorted(numbers) == [f"{n:02}" for n in range(1, len(numbers) + 1)]
    assert all(len(own) == 1 for own in areas.values())
    assert len({min(own) for own in areas.values()}) == len(by_prefix)


def test_areas_are_known_and_used() -> None:
    """Every requirement belongs to an area with a title, and every area has requirements."""
    assert {rule.area for rule in RULES.values()} == set(catalogue().areas)
    assert all(catalogue().areas.values())


@pytest.mark.parametrize("name", RULES)
def test_a_requirement_is_one_sentence_with_a_source(name: str) -> None:
    """A statement is a sentence, and its source is given."""
    rule = RULES[name]
    assert re.fullmatch(r"[A-Za-z][^\n]{15,200}\.", rule.statement)
    assert rule.sources


@pytest.mark.parametrize("name", RULES)
def test_a_source_can_be_found(name: str) -> None:
    """A source has an address and, on the page that could be read, a quote of at most ten words."""
    for source in RULES[name].sources:
        assert (source.page, source.address) in catalogue().pages.values()
        assert source.address.startswith("https://")
        assert len(source.quote.split()) <= MOST_QUOTED
        assert bool(source.quote) == (source.page == catalogue().pages["cards"][0])
        assert source.quote in source.cited
        assert source.address in RULES[name].cited


def test_every_page_is_cited() -> None:
    """No page stands in the table of pages without a requirement that cites it."""
    cited = {source.page for rule in RULES.values() for source in rule.sources}
    assert cited == {title for title, _ in catalogue().pages.values()}


def test_what_is_not_tested_has_a_quote_and_a_reason() -> None:
    """A sentence that no contract tests is quoted shortly, once, with the reason."""
    assert len({one.quote for one in untested()}) == len(untested()) > 0
    for one in untested():
        assert 0 < len(one.quote.split()) <= MOST_QUOTED
        assert one.reason.strip()
        assert "|" not in f"{one.quote}{one.reason}"  # it stands in a table


def test_no_documented_requirement_follows_from_public_clients() -> None:
    """What is documented is cited from pages of the vendor."""
    vendor = "https://documentation.atomic.io/"
    for rule in RULES.values():
        if rule.level is Level.DOCUMENTED:
            assert all(source.address.startswith(vendor) for source in rule.sources)


def test_no_two_requirements_say_the_same() -> None:
    """No statement occurs twice."""
    counts = Counter(rule.statement for rule in RULES.values())
    assert [statement for statement, count in counts.items() if count > 1] == []


def test_every_cell_of_the_lifecycle_table_is_a_requirement() -> None:
    """Each state × action belongs to exactly one requirement of the area of states."""
    cells = [
        (cell.before, cell.action, rule.area) for rule in RULES.values() for cell in rule.cells
    ]
    assert sorted(cells) == sorted((*cell, "state") for cell in TRANSITIONS)


def test_state_requirements_have_the_level_of_their_cells() -> None:
    """A requirement about cells has the level of each of them in the lifecycle table."""
    for rule in RULES.values():
        assert {cell.level for cell in rule.cells} <= {rule.level}


def test_an_unknown_requirement_names_the_nearest() -> None:
    """An unknown id is a misuse error with a suggestion."""
    with pytest.raises(MisuseError, match=r"no requirement 'state-1'.*did you mean STATE-"):
        _ = catalogue()["state-1"]


@pytest.fixture
def contracts(pytester: pytest.Pytester) -> list[pytest.Item]:
    """Every test of the suite, collected and ordered as by the command."""
    recorded = pytester.inline_run("--collect-only", *PYTEST_ARGUMENTS, suite_directory())
    (finish,) = recorded.getcalls("pytest_collection_finish")
    items: list[pytest.Item] = finish.session.items
    return items


def markers(item: pytest.Item, kind: str) -> list[str]:
    """The arguments of a test's markers of one kind."""
    return [str(marker.args[0]) for marker in item.iter_markers(kind)]


def test_contracts_and_requirements_match(contracts: list[pytest.Item]) -> None:
    """Each test decides one requirement or observes one question; every requirement has a test."""
    named = {
        item.name: markers(item, "requirement") + markers(item, "question") for item in contracts
    }
    assert {name: found for name, found in named.items() if len(found) != 1} == {}
    decided = {name for item in contracts for name in markers(item, "requirement")}
    assert decided == set(RULES)


def test_contracts_run_in_the_order_of_the_areas(contracts: list[pytest.Item]) -> None:
    """The contracts run area by area in the order of the catalogue, then those for the end."""
    owned = [item for item in contracts if markers(item, "requirement")]
    late = [item.get_closest_marker("in_the_end") is not None for item in owned]
    assert late == sorted(late)
    timely = owned[: late.index(True)]
    order = [RULES[name].area for item in timely for name in markers(item, "requirement")]
    assert list(dict.fromkeys(order)) == list(catalogue().areas)
    assert sum(one != other for one, other in pairwise(order)) == len(catalogue().areas) - 1


def test_contracts_can_be_told_apart(contracts: list[pytest.Item]) -> None:
    """No two contracts share a name, which reports use, and each has a docstring."""
    counts = Counter(item.name for item in contracts)
    assert [name for name, count in counts.items() if count > 1] == []
    for item in contracts:
        assert isinstance(item, pytest.Function)
        assert re.fullmatch(r"\S[^\n]+\.", item.obj.__doc__.splitlines()[0])
