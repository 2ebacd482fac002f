"""Targets: what the settings name, and the worlds of cards that are opened on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import requests

from pytest_atomic_cards.client.api import CardsApi
from pytest_atomic_cards.client.controls import SandboxControls
from pytest_atomic_cards.client.flows import ActionFlows
from pytest_atomic_cards.client.retry import RetryPolicy
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
from pytest_atomic_cards.tape import NO_TAPE, Tape
from pytest_atomic_cards.timeline import REAL_TIME
from pytest_atomic_cards.world import Cards

if TYPE_CHECKING:
    from pytest_atomic_cards.cassettes.deck import Deck

SANDBOX_URL: Final = "http://sandbox.invalid"
"""The address under which a session reaches the embedded sandbox; nothing is ever looked up."""


class Target(Protocol):
    """Something that answers the Cards API."""

    @property
    def settings(self) -> Settings:
        """Those that it goes by: in a replay, those of the recording."""

    @property
    def tape(self) -> Tape:
        """What is recorded of it, or stands for it."""

    def open_world(self) -> Cards:
        """A new world of cards; :meth:`Cards.clean_up` ends it."""

    def close(self) -> None:
        """Clean up what arrived late.

        Raises:
            SeedingError: Cards that were seeded may still be open.
        """


class SandboxTarget:
    """The embedded sandbox: each world is a sandbox of its own."""

    def __init__(self, settings: Settings, tape: Tape = NO_TAPE) -> None:
        self.settings = settings
        self.tape = tape
        self._profile = Profile.read(settings.profile) if settings.profile else Profile()

    def open_world(self) -> Cards:
        """A new sandbox, empty, with its clock at the present; or the recording of one."""
        tape, timeout = self.tape, self.settings.timeout
        sandbox = None if tape.is_replayed else Sandbox(self._profile, self.settings.fault)
        http = requests.Session()
        http.trust_env = False
        http.mount(SANDBOX_URL, tape.adapter(SandboxAdapter(Control(sandbox)) if sandbox else None))
        controls = SandboxControls(http, SANDBOX_URL, timeout=timeout, timeline=tape.timeline)
        credential = controls.create_credential()
        authenticate = partial(
            ClientCredentials,
            token_url=f"{SANDBOX_URL}{TOKEN_PATH}",
            http=http,
            clock=lambda: controls.now().timestamp(),
            retry=RetryPolicy.by(tape.timeline, tape.chance),
        )
        session = CardsSession(
            base_url=SANDBOX_URL,
            tokens=tape.tokens(
                authenticate(client_id=credential.client_id, client_secret=credential.client_secret)
            ),
            http=http,
            timeout=timeout,
            timeline=tape.timeline,
            chance=tape.chance,
        )
        return Cards(
            CardsApi(session, credential.environment_id),
            DirectPlacement(controls, tape.chance),
            client_id=credential.client_id,
            authenticate=authenticate,
            http=http,
            controls=controls,
            sandbox=sandbox,
            environment=sandbox.default if sandbox else None,
            tape=tape,
        )

    def close(self) -> None:
        """Nothing outlives a sandbox."""


class LiveTarget:
    """A Cards API on the network: all worlds share its environment, a session and a token.

    Args:
        settings: Where it is and what to authenticate with.
        token_cache: File in which the worker processes of a run share their access token.
        tape: What is recorded of it, or stands for it.
    """

    def __init__(
        self, settings: Settings, token_cache: Path | None = None, tape: Tape = NO_TAPE
    ) -> None:
        self.settings = settings
        self.tape = tape
        self._replayed = tape.is_replayed
        network = open_http()
        self._http = open_http()
        for scheme, adapter in network.adapters.items():
            self._http.mount(scheme, tape.adapter(None if self._replayed else adapter))
        self._authenticate = partial(
            ClientCredentials,
            http=self._http,
            token_url=settings.token_endpoint or "",
            grant_type_in=settings.grant_type_in,
            timeout=settings.timeout,
            clock=tape.timeline.timestamp,
            retry=RetryPolicy.by(tape.timeline, tape.chance),
        )
        tokens = self._authenticate(  # one token serves many tests, so that no recording holds it
            client_id=settings.client_id or "",
            client_secret=settings.client_secret or "",
            http=self._http if self._replayed else network,
            clock=REAL_TIME.timestamp,
            retry=RetryPolicy(),
            cache=token_cache,
        )
        self._scope = Scope()
        self._session = CardsSession(
            base_url=settings.base_url,
            tokens=tape.tokens(tokens),
            http=self._http,
            guard=self._scope,
            timeout=settings.timeout,
            timeline=tape.timeline,
            chance=tape.chance,
        )
        self._worlds: list[Cards] = []
        self._clock = ServerClock(tape.timeline)
        if not tape.is_used:  # recordings hold no Date
            self._session.listeners.append(self._clock.observe)

    def open_world(self) -> Cards:
        """A world that acts only on the cards which it, or another world of this run, seeded."""
        environment_id = self.settings.environment_id or ""
        world = Cards(
            CardsApi(self._session, environment_id),
            FlowPlacement(
                ActionFlows(self._session, environment_id),
                self.settings,
                self._clock,
                self.tape.chance,
            ),
            client_id=self.settings.client_id or "",
            authenticate=self._authenticate,
            http=self._http,
            scope=self._scope,
            tape=self.tape,
        )
        self._worlds.append(world)
        return world

    def close(self) -> None:
        """Clean up once more, as a flow may send a card after its world was cleaned up."""
        if self._replayed:
            return
        _complain([left for world in self._worlds for left in world.clean_up().left_open])


class RecordedTarget:
    """The target that the settings name, on cassettes; or in a replay whatever was recorded.

    Args:
        settings: The settings.
        token_cache: As for :class:`LiveTarget`.
        deck: The cassettes.
    """

    def __init__(self, settings: Settings, token_cache: Path | None, deck: Deck) -> None:
        from pytest_atomic_cards.cassettes.taping import DeckTape  # noqa: PLC0415 - imports vcrpy

        self.tape = DeckTape(deck)
        self._settings = settings
        self._token_cache = token_cache
        self._targets: dict[str, SandboxTarget | LiveTarget] = {}

    @property
    def settings(self) -> Settings:
        """The settings of the run; in a replay, those of the recordings.

        Raises:
            CassetteError: There is no recording to replay.
        """
        return self.tape.settings_of_run(self._settings)

    def open_world(self) -> Cards:
        """A new world of cards, or in a replay the one that the current cassette has.

        Raises:
            CassetteError: There is no recording to replay.
        """
        replayed = self.tape.is_replayed
        settings = self.tape.settings_of_world(self._settings)
        target = self._targets.get(key := f"{replayed} {settings}")
        if target is None:
            target = _open(settings, None if replayed else self._token_cache, self.tape)
            self._targets[key] = target
        return target.open_world()

    def close(self) -> None:
        """Clean up what arrived late; no recording holds it."""
        with self.tape.paused():
            for target in self._targets.values():
                target.close()


def open_target(
    settings: Settings, token_cache: Path | None = None, deck: Deck | None = None
) -> Target:
    """The target that the settings name, or in a replay the ones that were recorded.

    Args:
        settings: The settings.
        token_cache: As for :class:`LiveTarget`.
        deck: The cassettes, if there are any.
    """
    if deck is not None:
        return RecordedTarget(settings, token_cache, deck)
    return _open(settings, token_cache, NO_TAPE)


def _open(settings: Settings, cache: Path | None, tape: Tape) -> SandboxTarget | LiveTarget:
    if settings.target is TargetKind.LIVE:
        return LiveTarget(settings, cache, tape)
    return SandboxTarget(settings, tape)


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
