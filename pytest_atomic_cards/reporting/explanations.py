"""Explains a requirement, a fault of the sandbox, an open question or a setting."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

import pytest

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.model.option import Option
from pytest_atomic_cards.model.options import OPTIONS, PLACES
from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.sandbox.faults import FAULTS, SEPARATOR, fault_named
from pytest_atomic_cards.suite.mutation.mutation_testing import recorded
from pytest_atomic_cards.suite.planning.plan import LARGE, requirements_of
from pytest_atomic_cards.suite.planning.prices import shipped
from pytest_atomic_cards.suite.running.contract_collection import collected
from pytest_atomic_cards.suite.running.contract_plugin import MARKER
from pytest_atomic_cards.suite.running.suite_runner import suite_directory
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.suggestions import nearby

_WIDTH: Final = 100
_LABEL: Final = 13
_MEANING: Final[Mapping[Level, str]] = {
    Level.DOCUMENTED: "the target contradicts a page of the vendor, and the run fails",
    Level.INFERRED: (
        "the target contradicts what pages or public clients imply but no page promises; this is "
        "reported, and fails the run only with --cards-strict"
    ),
}


def explain(name: str) -> str:
    """The explanation of a name, in lines.

    Raises:
        MisuseError: The name is unknown.
    """
    if SEPARATOR in name:
        return "\n".join(_narrow_fault(name))
    wanted = name.lower()
    kinds: tuple[tuple[Iterable[str], Callable[[str], Iterator[str]]], ...] = (
        (catalogue().requirements, _requirement),
        (FAULTS, _fault),
        (QUESTIONS, _question),
        (_settings(), _setting),
    )
    described = [(one, describe) for known, describe in kinds for one in known]
    for one, describe in described:
        if one.lower() == wanted:
            return "\n".join(describe(one))
    raise MisuseError(
        f"{name!r} is not a requirement, a fault, an open question or a setting"
        f"{nearby(name, [one for one, _ in described])}"
    )


def faults_with(words: Iterable[str]) -> Iterator[str]:
    """A line for each fault that has all words in its name, description or requirements."""
    wanted = [word.lower() for word in words]
    for name, fault in FAULTS.items():
        ids = ", ".join(_recorded().get(name, ()))
        line = f"{name}: {' '.join(fault.description.split())} ({ids})"
        if all(word in line.lower() for word in wanted):
            yield line


@cache
def _settings() -> dict[str, Option]:
    """The settings, by each name that they have somewhere."""
    return {
        name: option
        for option in OPTIONS
        for name in (
            option.name,
            option.command_line,
            option.environment_variable,
            option.ini_name,
        )
    }


def _setting(name: str) -> Iterator[str]:
    option = _settings()[name]
    yield f"{option.name}: a setting"
    yield from _field("", option.help)
    yield from _field("value", option.metavar or "text")
    yield from _field("given by", option.names)
    yield from _field("precedence", PLACES)


def _requirement(name: str) -> Iterator[str]:
    rule = catalogue()[name]
    yield f"{name}: a {rule.level} requirement ({catalogue().areas[rule.area]})"
    yield from _field("", rule.statement)
    yield from _field("source", rule.cited)
    yield from _field("if violated", _MEANING[rule.level])
    for contract, text in _contracts().get(name, {}).items():
        yield from _field("tested by", f"{contract}: {text}")
    yield from _field("price", _price(name))
    faults = sorted(fault for fault, names in _recorded().items() if name in names)
    yield from _field("shown by", f"--cards-fault with one of {', '.join(faults)}")


def _price(requirement: str) -> str:
    """What the contracts of a requirement take of a live target."""
    contracts = requirements_of(_items(), (MARKER,))
    price = shipped().of(name for name, decided in contracts.items() if requirement in decided)
    taken = f"on a live target about {price}, much of it shared with other contracts"
    if price.cards <= LARGE:
        return taken
    return (
        f"{taken}. Fewer cards would not do, because the documented limits and page sizes are this "
        "large; --cards-max-cards leaves such contracts out"
    )


def _fault(name: str) -> Iterator[str]:
    yield f"{name}: a fault of the sandbox"
    yield from _field("", FAULTS[name].description)
    yield from _field("violates", ", ".join(_recorded().get(name, ())))
    yield from _field("to see it", f"atomic-cards check --cards-fault {name}")


def _narrow_fault(name: str) -> Iterator[str]:
    yield f"{name}: a fault of the sandbox, narrowed by conditions"
    yield from _field("", fault_named(name).description)
    yield from _field("to see it", f"atomic-cards check --cards-fault {name}")


def _question(name: str) -> Iterator[str]:
    question = QUESTIONS[name]
    yield f"{name}: a question that the documentation leaves open"
    yield from _field("", question.text)
    yield from _field("answers", ", ".join(question.answers))
    yield from _field("sandbox", f"{question.default}, unless a profile says otherwise")
    yield from _field(
        "if drifted",
        "the target behaves differently from the profile in --cards-profile, and the run fails",
    )


def _field(label: str, text: str) -> list[str]:
    begin = f"  {label + ':':{_LABEL}}" if label else "  "
    indent = " " * len(begin)
    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=begin,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


@cache
def _items() -> Sequence[pytest.Item]:
    """The contracts, collected once: that takes longer than all else."""
    return collected(str(suite_directory()))


@cache
def _recorded() -> Mapping[str, Sequence[str]]:
    """Which requirements each fault violates."""
    return recorded()


@cache
def _contracts() -> dict[str, dict[str, str]]:
    """The contracts of each requirement, with their docstrings."""
    contracts: dict[str, dict[str, str]] = {}
    for item in _items():
        marker = item.get_closest_marker(MARKER)
        if marker and isinstance(item, pytest.Function):
            text = inspect.getdoc(item.function) or ""
            contracts.setdefault(marker.args[0], {})[item.function.__name__] = text
    return contracts
