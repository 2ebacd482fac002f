"""The catalogue of requirements: every statement of the contract with its level and source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Level, Status, Transition
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of the contract.

    Args:
        id: Stable id, such as ``PAGE-01``.
        area: Key of the area it belongs to.
        level: Whether it is documented or inferred.
        statement: The requirement in one sentence.
        source: The page › section of the documentation.
        cells: The cells of the lifecycle table that it covers, for state rules.
        trigger: The trigger of the timed exit that it covers, for time rules.
    """

    id: str
    area: str
    level: Level
    statement: str
    source: str
    cells: tuple[Transition, ...] = ()
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All requirements by id, in the order of the file, and the titles of their areas."""

    areas: Mapping[str, str]
    requirements: Mapping[str, Requirement]

    def __getitem__(self, requirement_id: str) -> Requirement:
        try:
            return self.requirements[requirement_id]
        except KeyError:
            near = get_close_matches(requirement_id.upper(), self.requirements, n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise MisuseError(
                f"the catalogue has no requirement {requirement_id!r}{hint}"
            ) from None


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the contract suite."""
    text = resources.files("pytest_atomic_cards.contracts").joinpath("requirements.toml")
    document = tomllib.loads(text.read_text("utf-8"))
    areas = document.pop("areas")
    return Catalogue(
        MappingProxyType(areas),
        MappingProxyType({name: _requirement(name, table) for name, table in document.items()}),
    )


def _requirement(name: str, table: dict[str, Any]) -> Requirement:
    cells = tuple(
        TRANSITIONS[Status(status), Action(action)] for status, action in table.pop("cells", ())
    )
    return Requirement(id=name, level=Level(table.pop("level")), cells=cells, **table)
