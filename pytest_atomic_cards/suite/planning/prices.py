"""Prices: the cards, starts and requests that each contract was measured to take.

``contracts/prices.toml`` holds them, measured on a sandbox behind a socket with one worker at
default effort. A target that is slow to list cards, or loses responses, gets more requests.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import ceil
from typing import Any, Final, Self

import pytest

from pytest_atomic_cards.suite.running.suite_runner import suite_directory

FILES: Final = {"default": "prices.toml", "quick": "prices-quick.toml"}
"""By effort, as a quick run generates fewer cases; a thorough one is planned like the default."""
CLEAN_UP: Final = "clean_up"
"""The entry of the requests of teardown, which grow with the starts."""
RESERVE: Final = "reserve"
"""The entry of the groups of fresh cards, which are seeded together for all contracts."""
_HEADER: Final = (
    "# What each contract takes of a live target, at default effort and without what it shares:\n"
    "# cards, starts of the Action Flow, requests. Made by: atomic-cards price --write contracts\n"
)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a run, or a part of it, takes of a target.

    Args:
        cards: Cards that are created, if each flow target gets one.
        starts: Starts of the Action Flow.
        requests: All requests, including starts and those for tokens.
    """

    cards: int = 0
    starts: int = 0
    requests: int = 0

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(
            self.cards + other.cards, self.starts + other.starts, self.requests + other.requests
        )

    def __str__(self) -> str:
        return (
            f"{_count(self.cards, 'card')}, {_count(self.starts, 'start')}, "
            f"{_count(self.requests, 'request')}"
        )

    def as_dict(self) -> dict[str, int]:
        """The numbers as JSON values."""
        return {"cards": self.cards, "starts": self.starts, "requests": self.requests}

    @classmethod
    def sum(cls, parts: Iterable[Footprint]) -> Footprint:
        """The sum of several footprints."""
        return sum(parts, Footprint())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a contract, or of a fixture that contracts share.

    Args:
        own: What it takes by itself.
        groups: How many groups of fresh cards it takes from the pool, also in parts.
        needs: The shared fixtures that it needs.
        undecided: The requirements and questions that it could not decide on the live target.
    """

    own: Footprint = Footprint()
    groups: float = 0
    needs: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a suite.

    Args:
        contracts: By the name of the test function, with its file.
        shared: By the name of the fixture.
    """

    contracts: Mapping[str, Price] = field(default_factory=dict)
    shared: Mapping[str, Price] = field(default_factory=dict)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read them from the text of ``prices.toml``."""
        document = tomllib.loads(text)
        return cls(
            {name: _price(row) for name, row in document.get("contracts", {}).items()},
            {name: _price(row) for name, row in document.get("shared", {}).items()},
        )

    def to_text(self) -> str:
        """The text of ``prices.toml``."""
        lines = [_HEADER, "[shared]"]
        lines += (f"{name} = {_row(price)}" for name, price in sorted(self.shared.items()))
        lines += ["", "[contracts]"]
        for name, price in sorted(self.contracts.items()):
            lines.append(f'"{name}" = {_row(price)}')
        return "\n".join(lines) + "\n"

    def of(self, names: Iterable[str], without: Collection[str] = ()) -> Footprint:
        """What some contracts take together: each with its own, and all with what they share.

        Args:
            names: The contracts.
            without: Shared fixtures that exist already.
        """
        chosen = self._with_shared(names, without)
        seeded = Footprint.sum(
            [*(price.own for price in chosen), self._groups(self._taken(chosen))]
        )
        everything = Footprint.sum(price.own for price in self._all)
        clean_up = self.shared.get(CLEAN_UP, Price()).own.requests
        return seeded + Footprint(requests=_share(clean_up, seeded.starts, everything.starts))

    def groups(self, names: Iterable[str]) -> int:
        """How many groups of fresh cards some contracts take from the pool."""
        return _whole(self._taken(self._with_shared(names)))

    def decided(self, name: str, rules: Iterable[str]) -> frozenset[str]:
        """Those of the requirements and questions of a contract that it can decide."""
        return frozenset(rules) - self.contracts.get(name, Price()).undecided

    def alone(self, name: str) -> Footprint:
        """What a contract takes without what it shares, with its groups of fresh cards."""
        price = self.contracts.get(name, Price())
        return price.own + self._groups(price.groups)

    def shared_price(self, fixture: str) -> Footprint:
        """What a shared fixture takes, with its groups of fresh cards."""
        price = self.shared.get(fixture, Price())
        return price.own + self._groups(price.groups)

    @property
    def _all(self) -> list[Price]:
        return [*self.contracts.values(), *self.shared.values()]

    def _with_shared(self, names: Iterable[str], without: Collection[str] = ()) -> list[Price]:
        """The prices of some contracts, and once of each fixture that they share."""
        own = [self.contracts.get(name, Price()) for name in names]
        needs = frozenset[str]().union(*(price.needs for price in own)) - {
            CLEAN_UP,
            RESERVE,
            *without,
        }
        return [*own, *(self.shared.get(name, Price()) for name in sorted(needs))]

    def _taken(self, chosen: Iterable[Price]) -> float:
        return sum(price.groups for price in chosen)

    def _groups(self, count: float) -> Footprint:
        """The price of so many groups of the pool."""
        pool, total = self.shared.get(RESERVE, Price()).own, self._taken(self._all)
        return Footprint(
            _share(pool.cards, count, total),
            _share(pool.starts, count, total),
            _share(pool.requests, count, total),
        )


def _share(amount: int, part: float, whole: float) -> int:
    """A part of an amount, rounded up."""
    return _whole(amount * part / max(whole, 1))


def _whole(number: float) -> int:
    """A number rounded up, unless it exceeds a whole one only by rounding."""
    return ceil(round(number, 2))


@cache
def shipped(effort: str = "default") -> Prices:
    """The prices at an effort that ship with the suite."""
    file = FILES.get(effort, FILES["default"])
    return Prices.from_text(suite_directory().joinpath(file).read_text("utf-8"))


def name_of(item: pytest.Item) -> str:
    """The name under which a contract has its price."""
    return f"{item.path.name}::{getattr(item, 'originalname', None) or item.name}"


def fixtures_of(item: pytest.Item) -> tuple[str, ...]:
    """The names of the fixtures that a contract uses."""
    return tuple(getattr(item, "fixturenames", ()))


def _price(row: Mapping[str, Any]) -> Price:
    own = Footprint(row.get("cards", 0), row.get("starts", 0), row.get("requests", 0))
    lists = (frozenset(row.get(name, ())) for name in ("needs", "undecided"))
    return Price(own, row.get("groups", 0), *lists)


def _row(price: Price) -> str:
    numbers = price.own.as_dict() | {"groups": round(price.groups, 2)}
    pairs = [f"{name} = {number}" for name, number in numbers.items() if number]
    for key, names in (("needs", price.needs), ("undecided", price.undecided)):
        if listed := ", ".join(f'"{name}"' for name in sorted(names)):
            pairs.append(f"{key} = [{listed}]")
    return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
