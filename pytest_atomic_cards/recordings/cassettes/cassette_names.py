"""Names of cassettes: stable, safe as file names everywhere, and never the same for two tests.

They come from the module, the class, the function and the parameters, not from pytest's node ids,
which differ from version to version; a contract's comes from its requirement.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

import pytest

from pytest_atomic_cards.recordings.cassettes.stale_cassettes import FIXTURE, OF, SESSION, SUITE

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.@=,+()\[\]-]+")
_RESERVED: Final = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
_LONGEST: Final = 100
_DIGITS: Final = 8
_OF_CONTRACTS: Final = {"requirement": "contracts", "question": "questions"}


@dataclass(frozen=True, slots=True)
class CassetteNames:
    """Names the recordings of a run, and what they belong to.

    Args:
        root: The directory that modules are named from.
        is_suite: Whether the tests are those of the contract suite.
    """

    root: Path
    is_suite: bool = False

    def of_test(self, item: pytest.Item) -> str:
        """The name of a test's cassette, a path without a suffix."""
        own = getattr(item, "originalname", None) or item.name
        parameters = getattr(item, "callspec", None)
        variant = f"[{parameters.id}]" if parameters is not None else ""
        for marker, room in _OF_CONTRACTS.items():
            mark = item.get_closest_marker(marker)
            if mark is not None:
                return _joined(room, f"{mark.args[0]}-{own}", variant=variant)
        return _joined(*self._scope(item), own, variant=variant)

    def of_fixture(self, fixture: str, node: pytest.Item | pytest.Collector, variant: str) -> str:
        """The name of the cassette of a fixture that several tests share.

        Args:
            fixture: Name of the fixture.
            node: What shares it: a class, a module, a package or the session.
            variant: Which parameter it has; empty for none.
        """
        variant = f"[{variant}]" if variant else ""
        return _joined(*self._scope(node), f"fixture-{fixture}", variant=variant)

    def owner(self, node: pytest.Item | pytest.Collector, fixture: str = "") -> str:
        """What a recording belongs to, as people and its metadata name it.

        Args:
            node: A test, or what shares a fixture.
            fixture: The name of that fixture.
        """
        suite = SUITE if self.is_suite else ""
        place = SESSION if isinstance(node, pytest.Session) else self._place(node)
        return f"{suite}{FIXTURE}{fixture}{OF}{place}" if fixture else f"{suite}{place}"

    def _place(self, node: pytest.Item | pytest.Collector) -> str:
        kinds = pytest.Class | pytest.Item
        inner = [one.name for one in node.listchain() if isinstance(one, kinds)]
        return "::".join([self._relative(node.path).as_posix(), *inner])

    def _scope(self, node: pytest.Item | pytest.Collector) -> list[str]:
        """The module that a node is in, and the classes around it."""
        if isinstance(node, pytest.Session):
            return []
        classes = [one.name for one in node.listchain() if isinstance(one, pytest.Class)]
        return [*self._relative(node.path).with_suffix("").parts, *classes]

    def _relative(self, path: Path) -> PurePath:
        if path.is_relative_to(self.root):
            return path.relative_to(self.root)
        return PurePath(path.name)


def overriding(name: str, definition: str) -> str:
    """The name of a cassette whose usual name is that of a fixture which it overrides."""
    return f"{name}-{_digest(definition)}"


def _joined(*parts: str, variant: str = "") -> str:
    *outer, last = parts
    distinct = variant != variant.lower()
    return "/".join([*map(safe, outer), safe(f"{last}{variant}", distinct=distinct)])


def safe(text: str, *, distinct: bool = False) -> str:
    """A text as the name of a file or directory: as it is if it can be, else with a short hash.

    Args:
        text: Any text.
        distinct: Whether it may differ from another text in the case of its letters alone.
    """
    name = _UNSAFE.sub("-", text)[:_LONGEST].strip(".")
    if name == text and not distinct and not _RESERVED.fullmatch(name):
        return name
    return f"{name}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
