"""Names of cassettes: stable, valid file names on every system, and unique for each test.

They are made of module, class, function and parameters, not of pytest's node ids, which differ
between versions; the name of a contract's cassette begins with its requirement.
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
"""Characters of a file name before its hash: file systems allow 255 bytes, and Windows 260
characters of a whole path."""
_DIGITS: Final = 8
"""Hexadecimal digits of a hash: a collision of two among a thousand names is one in 8,000."""
_OF_CONTRACTS: Final = {"requirement": "contracts", "question": "questions"}


@dataclass(frozen=True, slots=True)
class CassetteNames:
    """Names the recordings of a run and their owners.

    Args:
        root: The directory that module names are relative to.
        is_suite: Whether the contract suite runs.
    """

    root: Path
    is_suite: bool = False

    def of_test(self, item: pytest.Item) -> str:
        """The name of the cassette of a test: a path without a suffix."""
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
            node: Its scope: a class, a module, a package or the session.
            variant: Its parameter; empty for none.
        """
        variant = f"[{variant}]" if variant else ""
        return _joined(*self._scope(node), f"fixture-{fixture}", variant=variant)

    def owner(self, node: pytest.Item | pytest.Collector, fixture: str = "") -> str:
        """The owner of a recording, as in its metadata and in messages.

        Args:
            node: A test, or the scope of a fixture.
            fixture: The name of the fixture.
        """
        suite = SUITE if self.is_suite else ""
        place = SESSION if isinstance(node, pytest.Session) else self._place(node)
        return f"{suite}{FIXTURE}{fixture}{OF}{place}" if fixture else f"{suite}{place}"

    def _place(self, node: pytest.Item | pytest.Collector) -> str:
        kinds = pytest.Class | pytest.Item
        inner = [one.name for one in node.listchain() if isinstance(one, kinds)]
        return "::".join([self._relative(node.path).as_posix(), *inner])

    def _scope(self, node: pytest.Item | pytest.Collector) -> list[str]:
        """The module of a node, and the classes around it."""
        if isinstance(node, pytest.Session):
            return []
        classes = [one.name for one in node.listchain() if isinstance(one, pytest.Class)]
        return [*self._relative(node.path).with_suffix("").parts, *classes]

    def _relative(self, path: Path) -> PurePath:
        if path.is_relative_to(self.root):
            return path.relative_to(self.root)
        return PurePath(path.name)


def overriding(name: str, definition: str) -> str:
    """The name of the cassette of a fixture that overrides another one."""
    return f"{name}-{_digest(definition)}"


def _joined(*parts: str, variant: str = "") -> str:
    *outer, last = parts
    distinct = variant != variant.lower()
    return "/".join([*map(safe, outer), safe(f"{last}{variant}", distinct=distinct)])


def safe(text: str, *, distinct: bool = False) -> str:
    """A valid file name for a text: unchanged if possible, else with a short hash.

    Args:
        text: Any text.
        distinct: Whether another text may differ only in case.
    """
    name = _UNSAFE.sub("-", text)[:_LONGEST].strip(".")
    if name == text and not distinct and not _RESERVED.fullmatch(name):
        return name
    return f"{name}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
