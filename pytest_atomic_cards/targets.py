"""Targets: what the settings name, and the worlds of cards that are opened on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import requests

from pytest_atomic_cards.client.access import Access
from pytest_atomic_cards.client.api import CardsApi
from pytest_atomic_cards.client.controls import SandboxControls
from pytest_atomic_cards.client.flows import ActionFlows
from pytest_atomic_cards.client.retry import RetryPolicy
from pytest_atomic_cards.client.scope import Scope
from pytest_atomic_cards.client.session import CardsSession, Listener
from pytest_atomic_cards.client.tokens import ClientCredentials
from pytest_atomic_cards.client.transport import open_http
from pytest_atomic_cards.errors import MisuseError, SeedingError
from pytest_atomic_cards.network import NetworkFaults
from pytest_atomic_cards.profile import Profile
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.adapter import SandboxAdapter
from pytest_atomic_cards.sandbox.app import TOKEN_PATH
from pytest_atomic_cards.sandbox.control import Control
from pytest_atomic_cards.sandbox.faulty_network import FaultyAdapter
from pytest_atomic_cards.seeding.cleanup import Cleaner, CleanUp
from pytest_atomic_cards.seeding.direct import DirectPlacement
from pytest_atomic_cards.seeding.flow import FlowPlacement, ServerClock
from pytest_atomic_cards.seeding.joins import Joins
from pytest_atomic_cards.seeding.journal import (
    Journal,
    Record,
    journal_directory,
    target_name,
)
from pytest_atomic_cards.seeding.reader import Reader
from pytest_atomic_cards.settings import Settings, TargetKind
from pytest_atomic_cards.tape import NO_TAPE, Tape
from pytest_atomic_cards.timeline import REAL_TIME
from pytest_atomic_cards.world import Cards

if TYPE_CHECKING:
    from pytest_atomic_cards.cassettes.deck import Deck

SANDBOX_URL: Final = "http://sandbox.invalid"
"""The address under which a session reaches the embedded sandbox; nothing is ever looked up."""


class Target(Protocol):
    """Something that answers the Cards API.

    Attributes:
        listeners: Called with every exchange of the sessions that are opened from now on.
    """

    listeners: list[Listener]

    @property
    def settings(self) -> Settings:
        """Those that it goes by: in a replay, those of the recording."""

    @property
    def tape(self) -> Tape:
        """What is recorded of it, or stands for it."""

    def open_world(self) -> Cards:
        """A new world of cards; :meth:`Cards.clean_up` ends it."""

    def close(self) -> CleanUp:
        """Clean up what arrived late; gives what is left waiting.

        Raises:
            SeedingError: Cards that were seeded may still be open.
        """


class SandboxTarget:
    """The embedded sandbox: each world is a sandbox of its own.

    Args:
        settings: Its faults, and how its worlds are asked.
        tape: What is recorded of it, or stands for it.
        profile: Its answers to the open questions; those that the settings name if left out.
    """

    def __init__(
        self, settings: Settings, tape: Tape = NO_TAPE, profile: Profile | None = None
    ) -> None:
        self.listeners: list[Listener] = []
        self.settings = settings
        self.tape = tape
        self._profile = profile or (
            Profile.read(settings.profile) if settings.profile else Profile()
        )

    def open_world(self) -> Cards:
        """A new sandbox, empty, with its clock at the present; or the recording of one."""
        tape, timeout = self.tape, self.settings.timeout
        sandbox = None if tape.is_replayed else Sandbox(self._profile, self.settings.fault)
        sound, faulty = NetworkFaults(), sandbox.network if sandbox else NetworkFaults()
        inner = SandboxAdapter(Control(sandbox), sound) if sandbox else None
        http = requests.Session()
        http.trust_env = False
        http.mount(SANDBOX_URL, FaultyAdapter(tape.adapter(inner), faulty))
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
        session.listeners += self.listeners
        return Cards(
            CardsApi(session, credential.environment_id),
            DirectPlacement(controls, tape.chance),
            client_id=credential.client_id,
            authenticate=authenticate,
            http=http,
            controls=controls,
            faults=faulty,
            sandbox=sandbox,
            environment=sandbox.default if sandbox else None,
            tape=tape,
        )

    def close(self) -> CleanUp:
        """Nothing outlives a sandbox."""
        return CleanUp(0)


class LiveTarget:
    """A Cards API on the network: all worlds share its environment, a session and a token.

    Args:
        settings: Where it is and what to authenticate with.
        token_cache: File in which the worker processes of a run share their access token.
        tape: What is recorded of it, or stands for it.
        workers: How many processes share the rate of requests.
    """

    def __init__(
        self,
        settings: Settings,
        token_cache: Path | None = None,
        tape: Tape = NO_TAPE,
        workers: int = 1,
    ) -> None:
        self.settings = settings
        self.tape = tape
        self._replayed = tape.is_replayed
        network = open_http()
        self._http, self._faults = open_http(), NetworkFaults()
        for scheme, adapter in network.adapters.items():
            taped = tape.adapter(None if self._replayed else adapter)
            self._http.mount(scheme, FaultyAdapter(taped, self._faults))
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
            max_rate=settings.max_rate and settings.max_rate / workers,
        )
        self.listeners = self._session.listeners
        self._api = CardsApi(self._session, settings.environment_id or "", Access(tape))
        journal = (
            None if self._replayed else Journal(journal_directory(settings), target_name(settings))
        )
        reader = Reader(self._api)
        self._cleaner = Cleaner(self._api, reader, journal)
        if not self._replayed:
            self._scope.joins = Joins(reader, tape)
        self._clock = ServerClock(tape.timeline)
        if not tape.is_used:  # recordings hold no Date
            self._session.listeners.append(self._clock.observe)

    def open_world(self) -> Cards:
        """A world that acts only on the cards which it, or another world of this run, seeded."""
        flows = ActionFlows(self._session, self._api.environment_id)
        return Cards(
            CardsApi(self._session, self._api.environment_id, self._api.access),
            FlowPlacement(flows, self.settings, self._clock, self.tape.chance),
            client_id=self.settings.client_id or "",
            authenticate=self._authenticate,
            http=self._http,
            faults=self._faults,
            scope=self._scope,
            cleaner=self._cleaner,
            tape=self.tape,
        )

    def take_over(self, record: Record) -> Cleaner:
        """Make the starts of a run that died this run's own, to clean up after it.

        Raises:
            MisuseError: The journal is of another target.
        """
        own = target_name(self.settings)
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
        if self._replayed:
            return CleanUp(0)
        report = self._cleaner.finish()
        _complain(report.left_open, "; when they can be cancelled: atomic-cards clean")
        return report


class RecordedTarget:
    """The target that the settings name, on cassettes; or in a replay whatever was recorded.

    Args:
        settings: The settings.
        token_cache: As for :class:`LiveTarget`.
        deck: The cassettes.
        workers: As for :class:`LiveTarget`.
    """

    def __init__(
        self, settings: Settings, token_cache: Path | None, deck: Deck, workers: int = 1
    ) -> None:
        from pytest_atomic_cards.cassettes.taping import DeckTape  # noqa: PLC0415 - imports vcrpy

        self.tape = DeckTape(deck)
        self.listeners: list[Listener] = []
        self._settings = settings
        self._token_cache = token_cache
        self._workers = workers
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
            cache = None if replayed else self._token_cache
            target = _open(settings, cache, self.tape, self._workers)
            self._targets[key] = target
        target.listeners += (one for one in self.listeners if one not in target.listeners)
        return target.open_world()

    def close(self) -> CleanUp:
        """Clean up what arrived late; no recording holds it."""
        with self.tape.paused():
            return CleanUp.of([target.close() for target in self._targets.values()])


def open_target(
    settings: Settings,
    token_cache: Path | None = None,
    deck: Deck | None = None,
    workers: int = 1,
) -> Target:
    """The target that the settings name, or in a replay the ones that were recorded.

    Args:
        settings: The settings.
        token_cache: As for :class:`LiveTarget`.
        deck: The cassettes, if there are any.
        workers: As for :class:`LiveTarget`.
    """
    if deck is not None:
        return RecordedTarget(settings, token_cache, deck, workers)
    return _open(settings, token_cache, NO_TAPE, workers)


def _open(
    settings: Settings, cache: Path | None, tape: Tape, workers: int
) -> SandboxTarget | LiveTarget:
    if settings.target is TargetKind.LIVE:
        return LiveTarget(settings, cache, tape, workers)
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


@contextmanager
def sandbox_world(profile: Profile | None = None, faults: Sequence[str] = ()) -> Iterator[Cards]:
    """A world on a sandbox that behaves as told, whatever the settings of the run are.

    Args:
        profile: Its answers to the open questions.
        faults: Names of its faults.

    Raises:
        MisuseError: There is no such fault.
    """
    with world_on(SandboxTarget(Settings(fault=tuple(faults)), profile=profile)) as world:
        yield world


def _complain(left_open: Sequence[str], advice: str = "") -> None:
    if left_open:
        raise SeedingError(f"seeded cards may be left open: {'; '.join(left_open)}{advice}")
