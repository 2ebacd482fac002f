"""Narrow mutants: every fault under every condition, each against the contracts that could see it.

The product is large, so it is run as a sample, or in several goes that a state file joins.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.sandbox.faults import Fault
from pytest_atomic_cards.sandbox.faults.fault_regions import conditions_for
from pytest_atomic_cards.sandbox.faults.narrow_fault import SEPARATOR, name_of
from pytest_atomic_cards.suite.mutation.equivalent_mutants import (
    cost_of,
    equivalence_of,
    permission_of,
)
from pytest_atomic_cards.suite.mutation.forked_trials import ForkedTrial, TrialResult
from pytest_atomic_cards.suite.mutation.mutation_testing import Table
from pytest_atomic_cards.support.errors import MisuseError


def mutants(faults: Iterable[Fault], conditions: int) -> Iterator[str]:
    """The names of all narrow mutants of some faults, but for equivalent, permitted and dear ones.

    Args:
        faults: The faults.
        conditions: How many conditions each has.
    """
    for fault in faults:
        for point in conditions_for(fault, conditions):
            reasons = (equivalence_of, permission_of, cost_of)
            if not any(reason(fault.name, point) for reason in reasons):
                yield name_of(fault.name, point)


def untried(faults: Iterable[Fault], conditions: int) -> int:
    """How many narrow mutants are left out for their cost alone.

    Args:
        faults: The faults.
        conditions: How many conditions each has.
    """
    return sum(
        bool(cost_of(fault.name, point))
        and not (equivalence_of(fault.name, point) or permission_of(fault.name, point))
        for fault in faults
        for point in conditions_for(fault, conditions)
    )


def sample(names: Sequence[str], size: int, seed: int) -> list[str]:
    """A random sample that takes faults in turn, and the dimensions of each alike.

    Otherwise faults and dimensions of many values would crowd out the others.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    by_fault: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for name in names:
        fault, *conditions = name.split(SEPARATOR)
        dimensions = tuple(condition.partition("=")[0] for condition in conditions)
        by_fault.setdefault(fault, {}).setdefault(dimensions, []).append(name)
    chosen: list[str] = []
    groups = list(by_fault.values())
    while groups and len(chosen) < size:
        chance.shuffle(groups)
        chosen += [_taken(group, chance) for group in groups]
        groups = [group for group in groups if group]
    return chosen[:size]


def _taken(group: dict[tuple[str, ...], list[str]], chance: random.Random) -> str:
    """A mutant of a fault, taken out of its group."""
    dimensions = chance.choice(list(group))
    names = group[dimensions]
    name = names.pop(chance.randrange(len(names)))
    if not names:
        del group[dimensions]
    return name


def broad(mutant: str) -> str:
    """The fault that a mutant narrows."""
    return mutant.partition(SEPARATOR)[0]


def trial_of(mutant: str, table: Table) -> ForkedTrial:
    """The trial of a mutant: the contracts that see its fault, until the first violation.

    All others follow, as a narrow fault may break a requirement that the whole one does not.
    """
    names = dict.fromkeys((*table.get(broad(mutant), ()), *catalogue().requirements))
    return ForkedTrial(mutant, tuple(names), ends_early=True)


def is_documented(fault: str, table: Table) -> bool:
    """Whether a fault violates a documented requirement."""
    return any(catalogue()[name].level is Level.DOCUMENTED for name in table[broad(fault)])


@dataclass(frozen=True, slots=True)
class Tally:
    """How many mutants of one level were killed, and which survived."""

    level: str
    killed: int
    survivors: tuple[str, ...]

    def __str__(self) -> str:
        total = self.killed + len(self.survivors)
        return f"{self.level}: {self.killed:,} of {total:,} narrow faults are caught"


class Results:
    """What trials of mutants found, kept in a file if there is one.

    Args:
        file: One JSON object a line, the results of earlier goes among them.

    Raises:
        MisuseError: The file is something else.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._found: dict[str, TrialResult] = {}
        if file and file.exists():
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                self._read(line, f"{file}:{number}")

    def _read(self, line: str, place: str) -> None:
        try:
            entry = json.loads(line)
            result = TrialResult(tuple(entry["violated"]), entry["trouble"])
            self._found[entry["mutant"]] = result
        except (ValueError, TypeError, KeyError):
            raise MisuseError(f"{place} is not a result of 'prove --narrow --state'") from None

    def add(self, mutant: str, result: TrialResult) -> None:
        """Add a result."""
        self._found[mutant] = result
        if self._file:
            entry = {"mutant": mutant, "violated": result.violated, "trouble": result.trouble}
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def missing(self, names: Iterable[str]) -> list[str]:
        """The mutants without a result."""
        return [name for name in names if name not in self._found]

    def tallies(self, names: Collection[str], table: Table) -> list[Tally]:
        """What was found about some mutants, by the level of what their faults violate."""
        levels = {level: level is Level.DOCUMENTED for level in Level}
        return [
            self._tally(level, [name for name in names if is_documented(name, table) is documented])
            for level, documented in levels.items()
        ]

    def _tally(self, level: Level, names: Sequence[str]) -> Tally:
        survivors = tuple(name for name in names if not self._found[name].violated)
        return Tally(level.value, len(names) - len(survivors), survivors)
