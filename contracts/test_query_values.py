"""Query values: how they are decoded, and that they are compared exactly."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

import pytest

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.documented import DEFAULT_PAGE
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.suite.probing.oracle import judge_listing
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation, unlike
from pytest_atomic_cards.support.errors import ContractBrokenError
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Group, key_of


@requirement("QUERY-09")
def test_values_that_need_encoding(probe: Probe, population: SharedPopulation) -> None:
    """Each odd value of each attribute lists exactly its cards."""
    if population.odd is None:
        absence = population.absent["odd"]
        if isinstance(absence, ContractBrokenError):
            exchanges = (absence.exchange,) if absence.exchange else ()
            raise Violation("cards with odd values to be listed", str(absence), exchanges)
        not_exercised(f"no card with an odd value could be seeded: {absence}")
    tried = [
        CardQuery.of({attribute: value})
        for card in population.odd.cards
        for attribute, value in card.attributes.items()
        if quote(value, safe="") != value or "~" in value
    ]
    for query, found in probe.find_each(tried):
        judge_listing(population.cards, query, found)


@requirement("QUERY-17")
def test_values_are_compared_to_the_letter(probe: Probe, population: SharedPopulation) -> None:
    """A value that only resembles that of a card does not list it."""
    samples = [
        group.cards[0]
        for group in (population.plain[0], population.long, population.numeric)
        if group
    ]
    cards = [*samples, *(population.odd.cards if population.odd else ())]
    is_free = probe.cards.is_steerable
    held = {value for card in population.cards for value in card.attributes.values()}
    tried: dict[tuple[Attribute, str], Card] = {}
    for attribute in (name for name in Attribute if name is not Attribute.STATUS):
        owners = {value: card for card in cards if (value := card.attributes.get(attribute))}
        for value in unlike(owners):
            if owners[value] == samples[0] or (owners[value] in samples and is_free):
                others = [*halves(value), *padded(value), *patterns(value), *respelled(value)]
            elif owners[value] in samples:  # whether parts and patterns match, the first has shown
                others = [*padded(value)]
            else:
                others = [*recomposed(value)]
            new = (one for one in others if one not in held and (attribute, one) not in tried)
            tried |= {(attribute, one): owners[value] for one in new}
    listed = probe.find_each(CardQuery.of({attribute: other}) for attribute, other in tried)
    for (attribute, _), owner, (query, found) in zip(tried, tried.values(), listed, strict=True):
        expect(
            key_of(owner) not in found.keys,
            *found.exchanges,
            expected=f"{query} not to list the card with {attribute}={owner.attributes[attribute]}",
            actual="it is listed",
        )


def halves(value: str) -> list[str]:
    """Values that equal ``value`` for a target that looks for a part."""
    half = len(value) // 2
    return [part for part in (value[:half], value[half:]) if part not in {"", value}]


def padded(value: str) -> list[str]:
    """Values that equal ``value`` for a target that truncates, trims or pads."""
    return [f"{value}x", f"{value} ", f"0{value}"]


def patterns(value: str) -> list[str]:
    """Values that match ``value`` for a target that takes them for patterns, or cuts at NUL."""
    return [
        f"{value}\0x",
        f"{value[:-1]}_",
        f"{value[0]}*",
        f"{value[0]}.*",
    ]


def respelled(value: str) -> list[str]:
    """Values that equal ``value`` for a target that normalizes spelling; case is unchanged."""
    spellings = ("".join(filter(str.isalnum, value)), value.replace("-", "_"))
    return [*recomposed(value), *(one for one in spellings if one not in {"", value})]


def recomposed(value: str) -> list[str]:
    """Those for a target that normalizes what only odd values hold: composed letters, spaces."""
    parted = unicodedata.normalize("NFD", value)
    spellings = (
        parted,
        unicodedata.normalize("NFC", value),
        "".join(character for character in parted if not unicodedata.combining(character)),
        value.replace(" ", "  "),
    )
    return [spelling for spelling in spellings if spelling not in {"", value}]


@requirement("QUERY-08")
def test_a_card_is_found_by_what_a_later_page_shows(probe: Probe, listing: Group) -> None:
    """All values that a page beyond the first shows of a card together list that card."""
    page = probe.page(listing.pin.replace(limit=2, offset=DEFAULT_PAGE + 1))
    check_found(probe, page, Status.ACTIVE)


@requirement("QUERY-08")
@pytest.mark.parametrize("action", list(Action))
def test_a_closed_card_is_found_by_what_is_shown(
    action: Action, probe: Probe, population: SharedPopulation
) -> None:
    """All values that a listing by a closed state shows of a card list that card as well."""
    group = population.by_state.get(action.outcome)
    if group is None:
        not_exercised(str(population.absent[action.outcome]))
    page = probe.page(group.pin.replace(status=action.outcome))
    check_found(probe, page, action.outcome)


def check_found(probe: Probe, page: Found, status: Status) -> None:
    """Expect the last card of a page to be listed by all of the values that are shown of it."""
    for card in page.cards[-1:]:
        found = probe.page(CardQuery.of({**card.attributes, Attribute.STATUS: status}))
        expect(
            key_of(card) in found.keys,
            *page.exchanges,
            *found.exchanges,
            expected=f"card {key_of(card)} by all of the values that are shown of it",
            actual="it is not listed",
        )
