"""Programs: the steps of a run as plain data, and how to shrink one that fails.

Hypothesis would need hundreds of runs to shrink a failing one. As each step is a request to a
target that may be slow, some twenty must be enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.support.clock import REAL_CLOCK

POPULATION: Final = "population"
"""The argument of steps that seed cards; steps that select one of them have ``index``."""
_PLAIN: Final = {"multiple": False, "only": None}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run.

    Args:
        name: The method that carries it out.
        arguments: The arguments of the call.
    """

    name: str
    arguments: Mapping[str, Any]

    def given(self, **arguments: object) -> Step:
        """This step with new values, ignoring arguments that it does not have."""
        known = {name: arguments.get(name, value) for name, value in self.arguments.items()}
        return Step(self.name, known)


Program = tuple[Step, ...]
"""The first step seeds cards."""


def minimal(program: Program, fails: Callable[[Program], bool], seconds: float) -> Program:
    """A failing program with as few steps and cards as can be found.

    Args:
        program: A failing program.
        fails: Runs a program; returns whether it failed.
        seconds: No run starts after this time.
    """
    deadline = REAL_CLOCK.monotonic() + seconds
    while shorter := _first_failing(_simpler(program), fails, deadline):
        program = shorter
    return program


def _first_failing(
    programs: Iterator[Program], fails: Callable[[Program], bool], deadline: float
) -> Program | None:
    for program in programs:
        if REAL_CLOCK.monotonic() > deadline:
            return None
        if fails(program):
            return program
    return None


def _simpler(program: Program) -> Iterator[Program]:
    yield from _with_fewer_cards(program)
    first, *rest = program
    for place in reversed(range(len(rest))):
        yield (first, *rest[:place], *rest[place + 1 :])
    for place, step in enumerate(rest):
        for name, value in _PLAIN.items():
            plain = step.given(**{name: value})
            if plain != step:
                yield (first, *rest[:place], plain, *rest[place + 1 :])


def _with_fewer_cards(program: Program) -> Iterator[Program]:
    first, *rest = program
    seeded = [spec for step in program for spec in step.arguments.get(POPULATION, ())]
    candidates = [
        (CardSpec(),),
        (CardSpec(), CardSpec()),
        *((CardSpec(expires=spec.expires),) for spec in seeded if spec.expires),
        *((CardSpec(embargo=spec.embargo),) for spec in seeded if spec.embargo),
        *((spec,) for spec in seeded),
    ]
    others = [step.given(index=0) for step in rest if POPULATION not in step.arguments]
    for specs in candidates:
        if sum(map(_weight, specs)) < sum(map(_weight, seeded)):
            yield (first.given(population=Population(specs)), *others)


def _weight(spec: CardSpec) -> int:
    return 1 + (spec.embargo is not None) + (spec.expires is not None)
