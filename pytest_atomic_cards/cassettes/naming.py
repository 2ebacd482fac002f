"""Names of cassettes: stable, safe as file names everywhere, and never the same for two tests.

They come from the module, the class, the function and the parameters, not from pytest's node ids,
which differ from version to version; a contract's comes from its requirement.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import pytest

from pytest_atomic_cards.cassettes.hygiene import SESSION

if TYPE_CHECKING:
    from pathlib import Path

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.@=,+()\[\]-]+")
_RESERVED: Final = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
_LONGEST: Final = 100
_DIGITS: Final = 8
_OF_CONTRACTS: Final = {"requirement": "contracts", "question": "questions"}


def name_of_test(item: pytest.Item, root: Path) -> str:
    """The name of a test's cassette, a path without a suffix.

    Args:
        item: The test.
        root: The root directory of the tests.
    """
    own = getattr(item, "originalname", None) or item.name
    parameters = getattr(item, "callspec", None)
    variant = f"[{parameters.id}]" if parameters is not None else ""
    for marker, room in _OF_CONTRACTS.items():
        mark = item.get_closest_marker(marker)
        if mark is not None:
            return _joined(room, f"{mark.args[0]}-{own}", variant=variant)
    return _joined(*_scope(item, root), own, variant=variant)


def name_of_fixture(
    fixture: str, node: pytest.Item | pytest.Collector, variant: str, root: Path
) -> str:
    """The name of the cassette of a fixture that several tests share, a path without a suffix.

    Args:
        fixture: Name of the fixture.
        node: What shares it: a class, a module, a package or the session.
        variant: Which parameter it has; empty for none.
        root: The root directory of the tests.
    """
    return _joined(
        *_scope(node, root), f"fixture-{fixture}", variant=f"[{variant}]" if variant else ""
    )


def owner_of(node: pytest.Item | pytest.Collector, root: Path) -> str:
    """What a recording belongs to, as people and its metadata name it: module, class and test."""
    if isinstance(node, pytest.Session):
        return SESSION
    inner = [one.name for one in node.listchain() if isinstance(one, pytest.Class | pytest.Item)]
    return "::".join([_relative(node.path, root).as_posix(), *inner])


def overriding(name: str, definition: str) -> str:
    """The name of a cassette whose usual name is that of a fixture which it overrides."""
    return f"{name}-{_digest(definition)}"


def _scope(node: pytest.Item | pytest.Collector, root: Path) -> list[str]:
    """The module that a node is in, and the classes around it."""
    if isinstance(node, pytest.Session):
        return []
    path = _relative(node.path, root)
    classes = [one.name for one in node.listchain() if isinstance(one, pytest.Class)]
    return [*path.with_suffix("").parts, *classes]


def _relative(path: Path, root: Path) -> PurePath:
    return path.relative_to(root) if path.is_relative_to(root) else PurePath(path.name)


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
