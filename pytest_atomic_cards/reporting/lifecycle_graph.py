"""The lifecycle as a picture: the position of each state and the path of each transition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.rules.verdicts import Verdict

Values = Mapping[str, Any]

WIDTH: Final = 460
HEIGHT: Final = 380
NODE_WIDTH: Final = 104
NODE_HEIGHT: Final = 54
_LEFT, _RIGHT = 36, WIDTH - 36 - NODE_WIDTH
_PLACES: Final = {
    Status.SNOOZED: (_LEFT, 24),
    Status.ACTIVE: (_LEFT, 162),
    Status.EMBARGOED: (_LEFT, 300),
    Status.DISMISSED: (_RIGHT, 12),
    Status.COMPLETED: (_RIGHT, 112),
    Status.EXPIRED: (_RIGHT, 212),
    Status.CANCELLED: (_RIGHT, 312),
}
"""The upper left corner of each state: open ones on the left, closed ones on the right."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """The path of one transition, or of all actions that do not change a state.

    Args:
        path: An SVG path.
        middle: Its midpoint.
        verdict: Its verdict in the run.
        title: A description of transition and verdict.
        label: The text beside the midpoint, if any.
    """

    path: str
    middle: tuple[float, float]
    verdict: str
    title: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """The picture, and the table with the same content.

    Args:
        nodes: The upper left corner of each state.
        arrows: The transitions.
        table: The effect of each action on each state, in the order of the actions.
        timed: The transitions that happen without an action.
        actions: The columns of the table.
        width: Of the picture.
        height: Of the picture.
        node: Width and height of a state.
    """

    nodes: Mapping[str, tuple[int, int]]
    arrows: tuple[Arrow, ...]
    table: Mapping[str, tuple[Values, ...]]
    timed: tuple[Values, ...]
    actions: tuple[str, ...] = tuple(Action)
    width: int = WIDTH
    height: int = HEIGHT
    node: tuple[int, int] = (NODE_WIDTH, NODE_HEIGHT)


def lifecycle_graph(transitions: Iterable[Values]) -> Graph:
    """The picture of the transitions in ``report.json``."""
    steps = list(transitions)
    moves = [step for step in steps if step["before"] != step["after"]]
    stays = [step for step in steps if step["before"] == step["after"]]
    return Graph(
        {status.value: place for status, place in _PLACES.items()},
        (*(_arrow(step, moves) for step in moves), *_loops(stays)),
        {
            status.value: tuple(
                step for step in steps if step["before"] == status and step["by"] in set(Action)
            )
            for status in _PLACES
        },
        tuple(step for step in steps if step["by"] not in set(Action)),
    )


def _arrow(step: Values, moves: list[Values]) -> Arrow:
    (left, top), (far, far_top) = _PLACES[step["before"]], _PLACES[step["after"]]
    title = f"{step['before']}, {step['by']}: {step['after']} ({step['verdict']})"
    if left == far:
        x = left + NODE_WIDTH / 2
        start, end = (top + NODE_HEIGHT, far_top) if top < far_top else (top, far_top + NODE_HEIGHT)
        path = f"M{x} {start} L{x} {end}"
        return Arrow(path, (x, (start + end) / 2), step["verdict"], title, step["by"])
    x, y = left + NODE_WIDTH, top + _slot(step, "before", "after", moves)
    end_y = far_top + _slot(step, "after", "before", moves)
    bend = (far - x) / 2
    path = f"M{x} {y:g} C{x + bend:g} {y:g} {far - bend:g} {end_y:g} {far} {end_y:g}"
    return Arrow(path, ((x + far) / 2, (y + end_y) / 2), step["verdict"], title)


def _slot(step: Values, end: str, other: str, moves: list[Values]) -> float:
    """How far below the upper edge of a state an arrow ends, so that arrows do not cross."""
    alike = [
        move
        for move in moves
        if move[end] == step[end] and _PLACES[move[end]][0] != _PLACES[move[other]][0]
    ]
    alike.sort(key=lambda move: _PLACES[move[other]][1])
    return NODE_HEIGHT * (alike.index(step) + 1) / (len(alike) + 1)


def _loops(stays: list[Values]) -> list[Arrow]:
    """An arrow from each state to itself, with the heaviest verdict of the actions it forbids."""
    arrows = []
    for status, (left, top) in _PLACES.items():
        own = [step for step in stays if step["before"] == status]
        if not own:
            continue
        heaviest = max(own, key=lambda step: Verdict(step["verdict"]).weight)
        out, side = (-1, left) if left == _LEFT else (1, left + NODE_WIDTH)
        upper, lower, far = top + 14, top + NODE_HEIGHT - 14, side + out * 34
        title = f"{status} stays so on {', '.join(step['by'] for step in own)}"
        arrows.append(
            Arrow(
                f"M{side} {upper} C{far} {upper - 6} {far} {lower + 6} {side} {lower}",
                (side + out * 25, top + NODE_HEIGHT / 2),
                heaviest["verdict"],
                f"{title} ({heaviest['verdict']})",
            )
        )
    return arrows
