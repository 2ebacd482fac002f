"""Targets: what the settings name, and the worlds of cards that are opened on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import requests

from pytest_atomic_cards.client.api import CardsApi
from pytest_atomic_cards.client.controls import SandboxControls
from pytest_atomic_cards.client.flows import ActionFlows
from pytest_atomic_cards.client.scope import Scope
from pytest_atomic_cards.client.session import CardsSession, Listener
from pytest_atomic_cards.client.tokens import ClientCredentials
from pytest_atomic_cards.client.transport import open_http
from pytest_atomic_cards.errors import MisuseError, SeedingError
from pytest_atomic_cards.network import NetworkFaults
from pytest_atomic_cards.options import Settings, TargetKind
from pytest_atomic_cards.profile import Profile
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.adapter import SandboxAdapter
from pytest_atomic_cards.sandbox.app import TOKEN_PATH
from pytest_atomic_cards.sandbox.control import Control
from pytest_atomic_cards.sandbox.faulty_network import FaultyAdapter
from pytest_atomic_cards.seeding.cleanup import Cleaner, CleanUp
from pytest_atomic_cards.seeding.direct import DirectPlacement
from pytest_atomic_cards.seeding.flow import FlowPlacement, ServerClock
from pytest_atomic_cards.seeding.journal import (
    Journal,
    Record,
    journal_directory,
    target_name,
)
from pytest_atomic_cards.seeding.reader import Reader
from pytest_atomic_cards.world import Cards

SANDBOX_URL: Final = "http://sandbox.invalid"
"""The address under which a session reaches the embedded sandbox; nothing is ever looked up."""


class Target(Protocol):
    """Something that answers the Cards API.

    Attributes:
        listeners: Called with every exchange of the sessions that are opened from now on.
    """

    listeners: list[Listener]

    def open_world(self) -> Cards:
        """A new world of cards; :meth:`Cards.clean_up` ends it."""

    def close(self) -> CleanUp:
        """Clean up what arrived late; gives what is left waiting.

        Raises:
            SeedingError: Cards that were seeded may still be open.
        """


class SandboxTarget:
    """The embedded sandbox: each world is a sandbox of its own."""

    def __init__(self, settings: Settings) -> None:
        self.listeners: list[Listener] = []
        self._settings = settings
        self._profile = Profile.read(settings.profile) if settings.profile else Profile()

    def open_world(self) -> Cards:
        """A new sandbox, empty, with its clock at the present."""
        sandbox = Sandbox(profile=self._profile, faults=self._settings.fault)
        http = requests.Session()
        http.trust_env = False
        http.mount(SANDBOX_URL, SandboxAdapter(Control(sandbox)))
        controls = SandboxControls(http, SANDBOX_URL, timeout=self._settings.timeout)
        credential = controls.create_credential()
        authenticate = partial(
            ClientCredentials,
            token_url=f"{SANDBOX_URL}{TOKEN_PATH}",
            http=http,
            clock=lambda: controls.now().timestamp(),
        )
        session = CardsSession(
            base_url=SANDBOX_URL,
            tokens=authenticate(
                client_id=credential.client_id, client_secret=credential.client_secret
            ),
            http=http,
            timeout=self._settings.timeout,
        )
        session.listeners += self.listeners
        return Cards(
            CardsApi(session, credential.environment_id),
            DirectPlacement(controls),
            client_id=credential.client_id,
            authenticate=authenticate,
            http=http,
            controls=controls,
            faults=sandbox.network,
            sandbox=sandbox,
            environment=sandbox.default,
        )

    def close(self) -> CleanUp:
        """Nothing outlives a sandbox."""
        return CleanUp(0)


class LiveTarget:
    """A Cards API on the network: all worlds share its environment, a session and a token.

    Args:
        settings: Where it is and what to authenticate with.
        token_cache: File in which the worker processes of a run share their access token.
        workers: How many processes share the rate of requests.
    """

    def __init__(
        self, settings: Settings, token_cache: Path | None = None, workers: int = 1
    ) -> None:
        self._settings = settings
        self._http = open_http()
        self._authenticate = partial(
            ClientCredentials,
            http=self._http,
            token_url=settings.token_endpoint or "",
            grant_type_in=settings.grant_type_in,
            timeout=settings.timeout,
        )
        self._scope = Scope()
        self._faults = NetworkFaults()
        for scheme, adapter in list(self._http.adapters.items()):
            self._http.mount(scheme, FaultyAdapter(adapter, self._faults))
        self._session = CardsSession(
            base_url=settings.base_url,
            tokens=self._authenticate(
                client_id=settings.client_id or "",
                client_secret=settings.client_secret or "",
                cache=token_cache,
            ),
            http=self._http,
            guard=self._scope,
            timeout=settings.timeout,
            max_rate=settings.max_rate and settings.max_rate / workers,
        )
        self.listeners = self._session.listeners
        self._api = CardsApi(self._session, settings.environment_id or "")
        journal = Journal(journal_directory(settings), target_name(settings))
        self._cleaner = Cleaner(self._api, Reader(self._api), journal)
        self._clock = ServerClock()
        self._session.listeners.append(self._clock.observe)

    def open_world(self) -> Cards:
        """A world that acts only on the cards which it, or another world of this run, seeded."""
        flows = ActionFlows(self._session, self._api.environment_id)
        return Cards(
            CardsApi(self._session, self._api.environment_id),
            FlowPlacement(flows, self._settings, self._clock),
            client_id=self._settings.client_id or "",
            authenticate=self._authenticate,
            http=self._http,
            faults=self._faults,
            scope=self._scope,
            cleaner=self._cleaner,
        )

    def take_over(self, record: Record) -> Cleaner:
        """Make the starts of a run that died this run's own, to clean up after it.

        Raises:
            MisuseError: The journal is of another target.
        """
        own = target_name(self._settings)
        if record.target not in {own, ""}:
            raise MisuseError(
                f"journal {record.path} is of {record.target}, and the settings name {own}"
            )
        for start in record.starts:
            if start.invocation:
                self._scope.adopt_invocation(start.invocation)
            for user in start.users:
                self._scope.adopt_user(user)
        return replace(self._cleaner, journal=None, starts=list(record.starts))

    def close(self) -> CleanUp:
        """Clean up once more, as a flow may send a card after its world was cleaned up."""
        report = self._cleaner.finish()
        _complain(report.left_open, "; when they can be cancelled: atomic-cards clean")
        return report


def open_target(settings: Settings, token_cache: Path | None = None, workers: int = 1) -> Target:
    """The target that the settings name, one of whose ``workers`` processes this is."""
    if settings.target is TargetKind.LIVE:
        return LiveTarget(settings, token_cache, workers)
    return SandboxTarget(settings)


@contextmanager
def world_on(target: Target) -> Iterator[Cards]:
    """A world of cards, cleaned up at the end.

    Raises:
        SeedingError: Cards that were seeded may still be open at the end.
    """
    world = target.open_world()
    try:
        yield world
    finally:
        _complain(world.clean_up().left_open)


def _complain(left_open: Sequence[str], advice: str = "") -> None:
    if left_open:
        raise SeedingError(f"seeded cards may be left open: {'; '.join(left_open)}{advice}")
