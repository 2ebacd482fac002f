"""Targets: what the settings name, and the worlds of cards that are opened on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import requests

from pytest_atomic_cards.client.api import CardsApi
from pytest_atomic_cards.client.controls import SandboxControls
from pytest_atomic_cards.client.flows import ActionFlows
from pytest_atomic_cards.client.scope import Scope
from pytest_atomic_cards.client.session import CardsSession
from pytest_atomic_cards.client.tokens import ClientCredentials
from pytest_atomic_cards.client.transport import open_http
from pytest_atomic_cards.errors import SeedingError
from pytest_atomic_cards.options import Settings, TargetKind
from pytest_atomic_cards.profile import Profile
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.adapter import SandboxAdapter
from pytest_atomic_cards.sandbox.app import TOKEN_PATH
from pytest_atomic_cards.sandbox.control import Control
from pytest_atomic_cards.seeding.direct import DirectPlacement
from pytest_atomic_cards.seeding.flow import FlowPlacement, ServerClock
from pytest_atomic_cards.world import Cards

SANDBOX_URL: Final = "http://sandbox.invalid"
"""The address under which a session reaches the embedded sandbox; nothing is ever looked up."""


Attach = Callable[[CardsSession], None]
"""Called with each session that a target opens."""


class Target(Protocol):
    """Something that answers the Cards API."""

    def open_world(self) -> Cards:
        """A new world of cards; :meth:`Cards.clean_up` ends it."""

    def close(self) -> None:
        """Clean up what arrived late.

        Raises:
            SeedingError: Cards that were seeded may still be open.
        """


class SandboxTarget:
    """The embedded sandbox: each world is a sandbox of its own.

    Args:
        settings: What its sandboxes are like.
        attach: Is shown the session of each world.
    """

    def __init__(self, settings: Settings, attach: Attach | None = None) -> None:
        self._settings = settings
        self._attach = attach
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
        if self._attach:
            self._attach(session)
        return Cards(
            CardsApi(session, credential.environment_id),
            DirectPlacement(controls),
            client_id=credential.client_id,
            authenticate=authenticate,
            http=http,
            controls=controls,
            sandbox=sandbox,
            environment=sandbox.default,
        )

    def close(self) -> None:
        """Nothing outlives a sandbox."""


class LiveTarget:
    """A Cards API on the network: all worlds share its environment, a session and a token.

    Args:
        settings: Where it is and what to authenticate with.
        token_cache: File in which the worker processes of a run share their access token.
        attach: Is shown the session.
    """

    def __init__(
        self,
        settings: Settings,
        token_cache: Path | None = None,
        attach: Attach | None = None,
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
        )
        self._worlds: list[Cards] = []
        self._clock = ServerClock()
        self._session.listeners.append(self._clock.observe)
        if attach:
            attach(self._session)

    def open_world(self) -> Cards:
        """A world that acts only on the cards which it, or another world of this run, seeded."""
        environment_id = self._settings.environment_id or ""
        world = Cards(
            CardsApi(self._session, environment_id),
            FlowPlacement(ActionFlows(self._session, environment_id), self._settings, self._clock),
            client_id=self._settings.client_id or "",
            authenticate=self._authenticate,
            http=self._http,
            scope=self._scope,
        )
        self._worlds.append(world)
        return world

    def close(self) -> None:
        """Clean up once more, as a flow may send a card after its world was cleaned up."""
        _complain([left for world in self._worlds for left in world.clean_up().left_open])


def open_target(
    settings: Settings, token_cache: Path | None = None, attach: Attach | None = None
) -> Target:
    """The target that the settings name."""
    if settings.target is TargetKind.LIVE:
        return LiveTarget(settings, token_cache, attach)
    return SandboxTarget(settings, attach)


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


def _complain(left_open: Sequence[str]) -> None:
    if left_open:
        raise SeedingError("seeded cards may be left open: " + "; ".join(left_open))
