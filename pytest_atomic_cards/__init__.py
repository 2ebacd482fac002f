"""Contract tests, fixtures and a sandbox for the Atomic Cards API.

The names below are the public API. They are imported when they are first used, so that a test run
which does not use them pays nothing.

The contract suite is the subpackage ``contracts``. The wheel has it here; a checkout has it beside
this package, and the parent directory joins ``__path__``. So an editable install is one entry in a
``.pth`` file, which mypy and pyright follow, and a checkout on ``PYTHONPATH`` always runs its own
contracts. Other ways fail: an import hook, which setuptools installs for a directory that it maps
to another name, is invisible to type checkers and takes the contracts of the installed checkout; a
package that only extends its own ``__path__`` is empty to ``pytest --pyargs``; a symbolic link
needs a privilege on Windows.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pytest_atomic_cards import strategies
    from pytest_atomic_cards.client.cards_api import CardsApi
    from pytest_atomic_cards.client.drain import DrainReport
    from pytest_atomic_cards.client.sandbox_controls import SandboxControls
    from pytest_atomic_cards.client.session import CardsSession
    from pytest_atomic_cards.model.card_spec import CardFields, CardSpec, Population
    from pytest_atomic_cards.model.cards import ActionResponse, ActionResult, ActionSummary, Card
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Level, Status, Transition
    from pytest_atomic_cards.model.network_faults import (
        FaultFields,
        FaultName,
        FiredFault,
        NetworkFault,
        NetworkFaultKind,
        NetworkFaults,
    )
    from pytest_atomic_cards.model.profile import Profile
    from pytest_atomic_cards.model.query import Attribute, CardQuery, QueryFields
    from pytest_atomic_cards.model.settings import Settings
    from pytest_atomic_cards.sandbox import Environment, Sandbox, SandboxAdapter
    from pytest_atomic_cards.sandbox.faulty_network import FaultyAdapter
    from pytest_atomic_cards.sandbox.server import SandboxServer
    from pytest_atomic_cards.support.errors import (
        AtomicCardsError,
        CardsWarning,
        ContractBrokenError,
        MisuseError,
        NotAvailableError,
        OutcomeUnknownError,
        RefusedError,
        ScopeError,
        SeedingError,
        SettingsError,
        TransportError,
    )
    from pytest_atomic_cards.targets import Target, sandbox_world, world_on
    from pytest_atomic_cards.targets.cards_fixture import Cards
    from pytest_atomic_cards.targets.httpx_transport import HttpxTransport as HttpxTransport
    from pytest_atomic_cards.targets.seeding.clean_up import CleanUp

__all__ = [
    "TRANSITIONS",
    "Action",
    "ActionResponse",
    "ActionResult",
    "ActionSummary",
    "AtomicCardsError",
    "Attribute",
    "Card",
    "CardFields",
    "CardQuery",
    "CardSpec",
    "Cards",
    "CardsApi",
    "CardsSession",
    "CardsWarning",
    "CleanUp",
    "ContractBrokenError",
    "DrainReport",
    "Environment",
    "Exchange",
    "FaultFields",
    "FaultName",
    "FaultyAdapter",
    "FiredFault",
    "Level",
    "MisuseError",
    "NetworkFault",
    "NetworkFaultKind",
    "NetworkFaults",
    "NotAvailableError",
    "OutcomeUnknownError",
    "Population",
    "Profile",
    "QueryFields",
    "RefusedError",
    "Sandbox",
    "SandboxAdapter",
    "SandboxControls",
    "SandboxServer",
    "ScopeError",
    "SeedingError",
    "Settings",
    "SettingsError",
    "Status",
    "Target",
    "Transition",
    "TransportError",
    "sandbox_world",
    "strategies",
    "world_on",
]

_MODULES: Final = {
    "model.cards": ("ActionResponse", "ActionResult", "ActionSummary", "Card"),
    "client.cards_api": ("CardsApi",),
    "client.drain": ("DrainReport",),
    "client.sandbox_controls": ("SandboxControls",),
    "client.session": ("CardsSession",),
    "support.errors": (
        "AtomicCardsError",
        "CardsWarning",
        "ContractBrokenError",
        "MisuseError",
        "NotAvailableError",
        "OutcomeUnknownError",
        "RefusedError",
        "ScopeError",
        "SeedingError",
        "SettingsError",
        "TransportError",
    ),
    "model.exchange": ("Exchange",),
    "model.lifecycle": ("TRANSITIONS", "Action", "Level", "Status", "Transition"),
    "model.network_faults": (
        "FaultFields",
        "FaultName",
        "FiredFault",
        "NetworkFault",
        "NetworkFaultKind",
        "NetworkFaults",
    ),
    "model.profile": ("Profile",),
    "model.query": ("Attribute", "CardQuery", "QueryFields"),
    "model.settings": ("Settings",),
    "sandbox.environment": ("Environment",),
    "sandbox.in_process_adapter": ("SandboxAdapter",),
    "sandbox.app": ("Sandbox",),
    "sandbox.faulty_network": ("FaultyAdapter",),
    "sandbox.server": ("SandboxServer",),
    "model.card_spec": ("CardFields", "CardSpec", "Population"),
    "targets": ("Target", "sandbox_world", "world_on"),
    "targets.seeding.clean_up": ("CleanUp",),
    "targets.cards_fixture": ("Cards",),
    "targets.httpx_transport": ("HttpxTransport",),  # not in __all__: httpx may not be installed
}
_HOMES: Final = {name: module for module, names in _MODULES.items() for name in names}

_HERE: Final = Path(__file__).parent
if not (_HERE / "contracts").exists():
    __path__.append(str(_HERE.parent))


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name == "strategies":
        return import_module("pytest_atomic_cards.strategies")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
