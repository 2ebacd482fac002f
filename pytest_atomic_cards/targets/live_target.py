"""A live Cards API as a target: on the network, or an application in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pytest_atomic_cards.client.action_flows import ActionFlows
from pytest_atomic_cards.client.added_headers import AddedHeaders
from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.client.deadline import DeadlineClock
from pytest_atomic_cards.client.forwarding import ForwardingSession
from pytest_atomic_cards.client.granted_access import Access
from pytest_atomic_cards.client.overlap import AT_ONCE
from pytest_atomic_cards.client.rate_limit import AcceptedRate
from pytest_atomic_cards.client.retry import RetryPolicy
from pytest_atomic_cards.client.scope_guard import Scope
from pytest_atomic_cards.client.session import CardsSession
from pytest_atomic_cards.client.tokens import (
    ClientCredentials,
    NoToken,
    StaticToken,
    TokenSource,
)
from pytest_atomic_cards.client.transport import open_http
from pytest_atomic_cards.model.network_faults import NetworkFaults
from pytest_atomic_cards.model.settings import APP_URL, Settings
from pytest_atomic_cards.sandbox.faulty_network import FaultyAdapter
from pytest_atomic_cards.support.errors import MisuseError, NotAvailableError, SettingsError
from pytest_atomic_cards.support.recorder import NULL_RECORDER, Recorder
from pytest_atomic_cards.targets.base import complain
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.gateway import Gateway
from pytest_atomic_cards.targets.run_context import RunContext
from pytest_atomic_cards.targets.seeding.clean_up import Cleaner, CleanUp
from pytest_atomic_cards.targets.seeding.flow_backend import FlowBackend
from pytest_atomic_cards.targets.seeding.hook_backend import HookBackend
from pytest_atomic_cards.targets.seeding.journal import (
    Journal,
    Record,
    journal_directory,
    target_name,
)
from pytest_atomic_cards.targets.seeding.listing_reader import Reader
from pytest_atomic_cards.targets.seeding.live_backend import LiveBackend, NoBackend
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.server_clock import ServerClock
from pytest_atomic_cards.targets.seeding.start_register import StartRegister

if TYPE_CHECKING:
    import requests

_ANY: Final = "any-credential"
"""What an application fetches tokens with at the gateway, which accepts every credential, so that
none of a live target need be handed to it."""


def tokens_of(
    settings: Settings,
    context: RunContext | None = None,
    http: requests.Session | None = None,
) -> TokenSource:
    """The source of the tokens that a run sends; see :func:`credentials_of`."""
    if settings.way_in == "credentials":
        return credentials_of(settings, context, http)
    return StaticToken(settings.token or "") if settings.way_in == "token" else NoToken()


def credentials_of(
    settings: Settings,
    context: RunContext | None = None,
    http: requests.Session | None = None,
) -> ClientCredentials:
    """The source of the tokens that client credentials obtain.

    Args:
        settings: Where the target is and what to authenticate with.
        context: What it shares with the rest of the run.
        http: Provides the transport; one for the network if left out.
    """
    context = context or RunContext()
    return _token_endpoint(settings)(
        client_id=settings.client_id or "",
        client_secret=settings.client_secret or "",
        http=http or _network(settings, context),
        cache=None if settings.app else context.token_cache,  # each process has its own app
        deadline=context.deadline,
        breaker=context.breaker,
    )


def _certificate(settings: Settings) -> str | tuple[str, str] | None:
    """The client certificate, as ``requests`` takes it."""
    match settings.client_cert:
        case (certificate, key):
            return str(certificate), str(key)
        case (both,):
            return str(both)
    return None


def _token_endpoint(settings: Settings) -> partial[ClientCredentials]:
    return partial(
        ClientCredentials,
        token_url=settings.token_endpoint or "",
        grant_type_in=settings.grant_type_in,
        timeout=settings.timeout,
        max_body=settings.max_body,
    )


def _network(settings: Settings, context: RunContext) -> requests.Session:
    """The transport to the target: a socket, or the application; with what it needs to get in.

    Raises:
        SettingsError: The application was not opened.
    """
    network = open_http()
    network.cert = _certificate(settings)
    if settings.app:
        if context.app is None:
            raise SettingsError("--cards-app names an application that was not opened")
        network.mount(APP_URL, context.app)
    if settings.headers:
        origin = "{0.scheme}://{0.netloc}/".format(urlsplit(settings.base_url))
        inner = network.get_adapter(origin)
        network.mount(origin, AddedHeaders(inner, settings.headers))
    return network


def _no_credentials(**_: str) -> ClientCredentials:
    raise NotAvailableError("this target is accessed without client credentials")


class LiveTarget:
    """A Cards API on the network or in this process, whose environment and token are shared.

    Args:
        settings: Where it is and what to authenticate with.
        context: What it shares with the rest of the run.
        recorder: Records it, or replays it.
    """

    def __init__(
        self,
        settings: Settings,
        context: RunContext | None = None,
        recorder: Recorder = NULL_RECORDER,
    ) -> None:
        self.settings = settings
        self.recorder = recorder
        context = context or RunContext()
        self._replayed = recorder.is_replayed
        network = open_http() if self._replayed else _network(settings, context)
        self._http, self._behind, self._faults = open_http(), open_http(), NetworkFaults()
        self._http.cert = network.cert
        for scheme, adapter in network.adapters.items():
            recorded = recorder.adapter(None if self._replayed else adapter)
            self._http.mount(scheme, FaultyAdapter(recorded, self._faults))
            self._behind.mount(scheme, recorded)
        self._seed = context.seed
        self._authenticate: Callable[..., ClientCredentials] = _no_credentials
        if settings.way_in == "credentials":
            self._authenticate = partial(
                _token_endpoint(settings),
                http=self._http,
                deadline=context.deadline,
                clock=recorder.clock.timestamp,
                retry=RetryPolicy.by(
                    DeadlineClock(recorder.clock, context.deadline), recorder.randomness
                ),
            )
        # Many tests share one token, so no recording holds it.
        tokens = tokens_of(settings, context, http=self._http if self._replayed else network)
        if settings.way_in != "none":
            tokens = recorder.tokens(tokens)
        self._scope = Scope()
        self._session = CardsSession(
            base_url=settings.base_url,
            tokens=tokens,
            http=self._http,
            guard=self._scope if recorder.has_target else None,
            timeout=settings.timeout,
            max_body=settings.max_body,
            deadline=context.deadline,
            breaker=context.breaker,
            clock=recorder.clock,
            randomness=recorder.randomness,
            rate=context.rate or AcceptedRate(settings.max_rate),
            # A recording has one order, and an application in this process makes nobody wait.
            at_once=1 if recorder.is_used or settings.app else AT_ONCE,
            secrets=settings.secrets,
        )
        self.listeners = self._session.listeners
        self._api = CardsApi(self._session, settings.environment_id or "", Access(recorder))
        journal = (
            None if self._replayed else Journal(journal_directory(settings), target_name(settings))
        )
        reader = Reader(self._api)
        ownership = Ownership(self._api, reader, self._scope, recorder)
        self._cleaner = Cleaner(self._api, StartRegister(ownership, journal))
        if settings.max_cards:
            self._cleaner.register.most_cards = settings.max_cards // context.workers
        if not self._replayed:
            self._scope.evidence = ownership
        self._clock = ServerClock(recorder.clock, learns=not recorder.is_used)
        self._session.listeners.append(self._clock.observe)

    def open_world(self) -> Cards:
        """A view of the environment that acts only on the cards which this run seeded."""
        return Cards(
            CardsApi(self._session, self._api.environment_id, self._api.access),
            self._backend(),
            gateway=Gateway(ForwardingSession(self._session, self._behind), self._faults),
            client_id=self.settings.client_id or _ANY,
            client_secret=_ANY,
            authenticate=self._authenticate,
            faults=self._faults,
            scope=self._scope,
            cleaner=self._cleaner,
            recorder=self.recorder,
        )

    def _backend(self) -> LiveBackend:
        """Creates cards in the way that the settings choose."""
        settings, randomness = self.settings, self.recorder.randomness
        if settings.way_to_seed == "flow":
            flows = ActionFlows(self._session, self._api.environment_id)
            return FlowBackend(flows, settings, self._clock, randomness)
        if settings.way_to_seed == "hook":
            return HookBackend(self._seed, settings, self._session.clock, self.recorder)
        return NoBackend(settings, self._session.clock, randomness)

    def take_over(self, record: Record) -> Cleaner:
        """Claim the starts of a run that crashed, to clean up after it.

        What the journal claims counts only as far as the target's listings show it. The cleaner
        waits for late cards, and writes to the journal what it has seen; own it in the meantime.

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
            self._cleaner.ownership.provenance.register(start)
        register = replace(
            self._cleaner.register, journal=Journal.resume(record), starts=list(record.starts)
        )
        return replace(self._cleaner, register=register, final_wait=self.settings.seed_timeout)

    def close(self) -> CleanUp:
        """Clean up once more, as a flow may send a card after a test was cleaned up."""
        if self._replayed:
            return CleanUp(0)
        report = self._cleaner.finish()
        left = (*report.left_open, *report.waiting) if report.left_open else ()
        complain(left, "; when they can be cancelled: atomic-cards clean")
        return report
