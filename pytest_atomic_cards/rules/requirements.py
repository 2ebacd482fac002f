"""The catalogue of requirements: every statement of the contract with its level and source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Level, Status, Transition
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.suggestions import nearby

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a requirement stands.

    Args:
        page: Title of the page.
        address: Address of the page.
        section: The section; empty if the page could not be read whole.
        quote: At most ten words that stand there; empty for the same reason.
    """

    page: str
    address: str
    section: str = ""
    quote: str = ""

    def __str__(self) -> str:
        return f"{self.page} › {self.section}" if self.section else self.page

    @property
    def cited(self) -> str:
        """What a reader needs to find it: page, section, quote and address."""
        quote = f" “{self.quote}”" if self.quote else ""
        return f"{self}{quote} ({self.address})"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of the contract.

    Args:
        id: Stable id, such as ``PAGE-01``.
        area: Key of the area it belongs to.
        level: Whether it is documented or inferred.
        statement: The requirement in one sentence.
        sources: Where the documentation says it, or what it is concluded from.
        cells: The cells of the lifecycle table that it covers, for state rules.
        trigger: The trigger of the timed exit that it covers, for time rules.
    """

    id: str
    area: str
    level: Level
    statement: str
    sources: tuple[Citation, ...]
    cells: tuple[Transition, ...] = ()
    trigger: str = ""

    @property
    def source(self) -> str:
        """The page › section of each source."""
        return "; ".join(dict.fromkeys(map(str, self.sources)))

    @property
    def cited(self) -> str:
        """Each source with its quote and address."""
        return "; ".join(source.cited for source in self.sources)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All requirements by id, in the order of the file.

    Args:
        pages: Title and address of each page that requirements cite.
        areas: The title of each area.
        requirements: The requirements.
    """

    pages: Mapping[str, tuple[str, str]]
    areas: Mapping[str, str]
    requirements: Mapping[str, Requirement]

    def __getitem__(self, requirement_id: str) -> Requirement:
        try:
            return self.requirements[requirement_id]
        except KeyError:
            hint = nearby(requirement_id, self.requirements)
            raise MisuseError(
                f"the catalogue has no requirement {requirement_id!r}{hint}"
            ) from None


@dataclass(frozen=True, slots=True)
class Untested:
    """A sentence of the Cards API page that no contract tests.

    Args:
        section: Its section; empty for the page's introduction.
        quote: At most ten words of it.
        reason: Why it is not tested.
    """

    section: str
    quote: str
    reason: str


@cache
def untested() -> tuple[Untested, ...]:
    """The sentences of the Cards API page that no contract tests, in the order of the file."""
    return tuple(Untested(**one) for one in _document("untested.toml")["sentence"])


def _document(name: str) -> dict[str, Any]:
    """A data file of the contract suite."""
    text = resources.files("pytest_atomic_cards.contracts").joinpath(name).read_text("utf-8")
    return tomllib.loads(text)


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the contract suite."""
    document = _document("requirements.toml")
    areas = document.pop("areas")
    pages = {name: tuple(page) for name, page in document.pop("pages").items()}
    rules = {name: _requirement(name, table, pages) for name, table in document.items()}
    return Catalogue(MappingProxyType(pages), MappingProxyType(areas), MappingProxyType(rules))


def _requirement(
    name: str, table: dict[str, Any], pages: Mapping[str, tuple[str, ...]]
) -> Requirement:
    sources = tuple(Citation(*pages[one.pop("page")], **one) for one in table.pop("source"))
    cells = tuple(
        TRANSITIONS[Status(status), Action(action)] for status, action in table.pop("cells", ())
    )
    level = Level(table.pop("level"))
    return Requirement(id=name, level=level, sources=sources, cells=cells, **table)
