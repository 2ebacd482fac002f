"""The embedded sandbox as a target."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import requests

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.client.forwarding import ForwardingSession
from pytest_atomic_cards.client.overlap import Listener
from pytest_atomic_cards.client.retry import RetryPolicy
from pytest_atomic_cards.client.sandbox_controls import SandboxControls
from pytest_atomic_cards.client.session import CardsSession
from pytest_atomic_cards.client.tokens import ClientCredentials
from pytest_atomic_cards.client.transport import Wire
from pytest_atomic_cards.model.network_faults import NetworkFaults
from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.model.settings import SANDBOX_URL, Settings
from pytest_atomic_cards.sandbox.app import TOKEN_PATH
from pytest_atomic_cards.sandbox.control_endpoint import Control
from pytest_atomic_cards.sandbox.faulty_network import FaultyAdapter, FaultyNetwork
from pytest_atomic_cards.sandbox.in_process_adapter import SandboxAdapter
from pytest_atomic_cards.support.recorder import NULL_RECORDER, Recorder
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.fronted_sandbox import FrontedSandbox, behind_gateway
from pytest_atomic_cards.targets.gateway import Gateway
from pytest_atomic_cards.targets.seeding.clean_up import CleanUp
from pytest_atomic_cards.targets.seeding.sandbox_backend import SandboxBackend

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter


class SandboxTarget:
    """The embedded sandbox: each isolated environment is a separate sandbox.

    Args:
        settings: Its faults, and the limits of its sessions.
        recorder: Records it, or replays it.
        profile: Its answers to the open questions; those of the settings if left out.
        deadline: When nothing more is sent; none if left out.
    """

    def __init__(
        self,
        settings: Settings,
        recorder: Recorder = NULL_RECORDER,
        profile: Profile | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        self.listeners: list[Listener] = []
        self.settings = settings
        self.recorder = recorder
        self._deadline = deadline
        self._profile = profile or (
            Profile.read(settings.profile) if settings.profile else Profile()
        )

    def open_world(self) -> Cards:
        """A new sandbox, empty, with its clock at the present; or the recording of one."""
        recorder, timeout = self.recorder, self.settings.timeout
        replayed, faults = recorder.is_replayed, self.settings.fault
        sandbox = None if replayed else FrontedSandbox(self._profile, faults)
        sound, faulty = NetworkFaults(), sandbox.network if sandbox else NetworkFaults()
        inner = SandboxAdapter(behind_gateway(Control(sandbox)), sound) if sandbox else None
        recorded = recorder.adapter(inner)
        http, behind = _http(FaultyAdapter(recorded, faulty)), _http(recorded)
        controls = SandboxControls(http, SANDBOX_URL, timeout=timeout, clock=recorder.clock)
        credential = controls.create_credential()
        authenticate = partial(
            ClientCredentials,
            token_url=f"{SANDBOX_URL}{TOKEN_PATH}",
            http=http,
            clock=lambda: controls.now().timestamp(),
            retry=RetryPolicy.by(recorder.clock, recorder.randomness),
        )
        session = CardsSession(
            base_url=SANDBOX_URL,
            tokens=recorder.tokens(
                authenticate(client_id=credential.client_id, client_secret=credential.client_secret)
            ),
            http=http,
            timeout=timeout,
            deadline=self._deadline,
            clock=recorder.clock,
            randomness=recorder.randomness,
        )
        session.listeners += self.listeners
        token_endpoint = Wire(behind, f"{SANDBOX_URL}{TOKEN_PATH}", setting="url", timeout=timeout)
        gateway = Gateway(ForwardingSession(session, behind), faulty, token_endpoint)
        if sandbox:
            sandbox.gateway = FaultyNetwork(gateway, faulty)
        return Cards(
            CardsApi(session, credential.environment_id),
            SandboxBackend(controls, recorder.randomness),
            gateway=gateway,
            client_id=credential.client_id,
            client_secret=credential.client_secret,
            authenticate=authenticate,
            controls=controls,
            faults=faulty,
            sandbox=sandbox,
            environment=sandbox.default if sandbox else None,
            recorder=recorder,
        )

    def close(self) -> CleanUp:
        """Nothing outlives a sandbox."""
        return CleanUp(0)


def _http(adapter: BaseAdapter) -> requests.Session:
    http = requests.Session()
    http.trust_env = False
    http.mount(SANDBOX_URL, adapter)
    return http
