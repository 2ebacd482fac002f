"""The table of coverage: which values of each dimension a requirement is judged at, and why not.

It is computed from the rows that a run on the sandbox sends, so it cannot promise more than they
do. A value without an experiment needs a reason here, and so has a documented requirement that no
experiment judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import (
    ABSENT,
    DIMENSIONS,
    MIXED,
    NO_ATTRIBUTE,
    OTHER,
    SETS_WITHOUT_PAIRS,
    Point,
)
from pytest_atomic_cards.rules.requirements import Requirement, catalogue
from pytest_atomic_cards.suite.experiments.access_experiments import WAYS
from pytest_atomic_cards.suite.experiments.claims import CLAIMS, Claim
from pytest_atomic_cards.suite.experiments.crowd_rows import (
    bystander_actions,
    crowd_actions,
    crowd_refusals,
    crowd_rows,
    large_listings,
)
from pytest_atomic_cards.suite.experiments.experiment_outcomes import ABROAD
from pytest_atomic_cards.suite.experiments.experiment_plan import planned_actions
from pytest_atomic_cards.suite.experiments.paging_rows import paging_rows

FILE: Final = "coverage.md"

_MANY_CARDS: Final = "each point would need so many cards; LIMIT-01 to LIMIT-06 use them once"
_WHOLE: Final = "it matches a whole environment, which has to be opened for each; few rows do that"
HOLES: Final[Mapping[str, Mapping[str, str]]] = {
    "matches": {
        "over-page": _MANY_CARDS,
        "over-limit": _MANY_CARDS,
        "over-largest": _MANY_CARDS,
        "0": _WHOLE,
        "1": _WHOLE,
        "many": _WHOLE,
    },
    "by": {
        NO_ATTRIBUTE: _WHOLE,
        Attribute.STATUS: _WHOLE,
    },
    "state": {MIXED: "a query by status matches cards of one state"},
    "limit": {OTHER: "what a limit means that is not shown is an open question"},
    "offset": {OTHER: "the meaning of an offset that is not a number is an open question"},
}
"""Why no experiment has a value of a dimension."""

_NEEDS_TIME: Final = "speaks of the passing of time, which no request names"
_OF_TOKENS: Final = "speaks of the token endpoint, not of requests to the Cards API"
_OVERLAP: Final = "speaks of requests that overlap; races make them"
_OF_STARTS: Final = "speaks of how cards are started"
UNCLAIMED: Final[Mapping[str, str]] = {
    "time": _NEEDS_TIME,
    "concurrency": _OVERLAP,
    "limits": "needs more than 500 cards, which one experiment of its own cancels step by step",
    "QUERY-18": "speaks of listings after an action",
    "PAGE-03": "needs more than 1000 cards, which contracts of pages share",
    "PAGE-06": "speaks of offsets beyond all cards",
    "COMPLETE-05": "speaks of analytics",
    "AUTH-03": _OF_TOKENS,
    "AUTH-04": _OF_TOKENS,
    "AUTH-07": _OF_TOKENS,
    "SHAPE-10": _OF_STARTS,
}
"""Why experiments judge no claim of an area, or of a requirement."""


@dataclass(frozen=True, slots=True)
class CoverageCell:
    """One requirement and one of the dimensions that it quantifies over.

    Args:
        requirement: Its id.
        dimension: The dimension.
        covered: The values at which experiments judge it.
        holes: The others that it speaks of, each with the reason; an empty one if there is none.
    """

    requirement: str
    dimension: str
    covered: tuple[str, ...]
    holes: Mapping[str, str]


def points() -> list[Point]:
    """The places of all experiments on a sandbox, in the space of requests."""
    actions = [{**row, **ABROAD} for row in planned_actions()]
    plain = {"operation": "list", "limit": ABSENT, "offset": ABSENT}
    lists = [{**row, **plain, "multiple": ABSENT} for row in actions]
    pages = [{**row, "operation": "list"} for row in paging_rows()]
    access = [
        {**way.point, "operation": operation, "by": by}
        for way in WAYS
        for operation in DIMENSIONS["operation"]
        for by in SETS_WITHOUT_PAIRS
    ]
    crowds = [
        *crowd_rows(),
        *large_listings(),
        *crowd_refusals(),
        *crowd_actions(),
        *bystander_actions(),
    ]
    return [*actions, *lists, *pages, *crowds, *access]


def cells() -> Iterator[CoverageCell]:
    """The cells of the table."""
    judged = points()
    for name, claim in CLAIMS.items():
        concerned = [point for point in judged if claim.concerns(point)]
        for dimension in claim.over:
            yield _cell(name, claim, dimension, concerned)


def _cell(name: str, claim: Claim, dimension: str, concerned: Sequence[Point]) -> CoverageCell:
    values = DIMENSIONS[dimension]
    met = {_value(dimension, point[dimension]) for point in concerned if dimension in point}
    wanted = {_value(dimension, one) for one in claim.about.get(dimension, values)}
    reasons = HOLES.get(dimension, {})
    return CoverageCell(
        name,
        dimension,
        tuple(value for value in values if value in met),
        {value: reasons.get(value, "") for value in values if value in wanted - met},
    )


def _value(dimension: str, value: str) -> str:
    return str(value) if value in DIMENSIONS[dimension] else OTHER


def reason_of(rule: Requirement) -> str:
    """Why no experiment judges a requirement; empty if nobody has given one."""
    return UNCLAIMED.get(rule.id) or UNCLAIMED.get(rule.area, "")


def unclaimed() -> list[Requirement]:
    """The documented requirements that no experiment judges."""
    return [
        rule
        for rule in catalogue().requirements.values()
        if rule.level is Level.DOCUMENTED and rule.id not in CLAIMS
    ]


def gaps() -> list[str]:
    """The values and requirements that neither have an experiment nor a reason, as sentences."""
    return [
        *(
            f"{cell.requirement}: no experiment has {cell.dimension}={value}"
            for cell in cells()
            for value, reason in cell.holes.items()
            if not reason
        ),
        *(f"{rule.id}: no experiment judges it" for rule in unclaimed() if not reason_of(rule)),
    ]


def table() -> str:
    """The table as Markdown."""
    lines = [
        "# Coverage",
        "",
        "Which values of each dimension of a request the experiments judge a requirement at, and",
        "why not at the others. `pytest_atomic_cards/model/request_space.py` has the dimensions.",
        "Made by: `atomic-cards coverage --write contracts`",
        "",
        "| Requirement | Dimension | Judged at | Not judged at, because |",
        "|---|---|---|---|",
    ]
    lines += [_line(cell) for cell in cells()]
    lines += [
        "",
        "## Judged by other contracts",
        "",
        "| Requirement | Why no experiment judges it |",
        "|---|---|",
        *(f"| {rule.id} | {reason_of(rule)} |" for rule in unclaimed()),
    ]
    return "\n".join(lines) + "\n"


def _line(cell: CoverageCell) -> str:
    covered = "all" if not cell.holes and len(cell.covered) > _FEW else _listed(cell.covered)
    holes = "; ".join(f"`{value}`: {reason}" for value, reason in cell.holes.items())
    return f"| {cell.requirement} | {cell.dimension} | {covered} | {holes} |"


_FEW: Final = 8
"""Values that are listed one by one; of more, it says more that they are all there."""


def _listed(values: Sequence[str]) -> str:
    if len(values) <= _FEW:
        return ", ".join(f"`{value}`" for value in values)
    return f"{len(values)}, from `{values[0]}` to `{values[-1]}`"
