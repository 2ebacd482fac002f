"""Cards: an isolated environment on a target, as tests see it."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, Unpack

from pytest_atomic_cards.client.cards_api import CardsApi
from pytest_atomic_cards.model.card_spec import CardFields, CardSpec, Population, current_names
from pytest_atomic_cards.model.cards import ActionResponse, Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery, QueryFields
from pytest_atomic_cards.support.argument_types import given_or_default, refuse_other_types
from pytest_atomic_cards.support.errors import CardsWarning, MisuseError, NotAvailableError
from pytest_atomic_cards.support.polling import poll
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.support.recorder import NULL_RECORDER, Recorder
from pytest_atomic_cards.targets.application_access import ApplicationAccess
from pytest_atomic_cards.targets.seeding.backend import SeedingBackend
from pytest_atomic_cards.targets.seeding.clean_up import Cleaner, CleanUp
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of
from pytest_atomic_cards.targets.seeding.seeder import Seeder

if TYPE_CHECKING:
    from pytest_atomic_cards.client.sandbox_controls import SandboxControls
    from pytest_atomic_cards.client.scope_guard import Scope
    from pytest_atomic_cards.client.tokens import ClientCredentials
    from pytest_atomic_cards.model.network_faults import NetworkFaults
    from pytest_atomic_cards.sandbox import Environment, Sandbox
    from pytest_atomic_cards.targets.gateway import Gateway


_T = TypeVar("_T")
_LIVE: Final = "a live target cannot be steered as the sandbox can"
_NOT_RECORDED: Final = (
    "a replay of this test will fail, as it has no cards.{}: use cards.controls, cards.url or "
    'cards.requests_adapter() instead, or mark the test with cards_cassettes("off")'
)
_DURATION: Final = "cards.{}({}timedelta(days=4))"
_NO_SANDBOX: Final = "there is no sandbox behind a recording; cards.controls is replayed"


class Cards(ApplicationAccess):
    """An isolated environment: seed cards, list them, act on them, pass time.

    The sandbox has a separate one for each test; on a live target tests share one environment, and
    each touches only the cards that it seeded.

    Args:
        api: Client of the target.
        backend: Puts cards into place on it.
        gateway: Passes on what an application sends.
        client_id: Id of the credential that the client authenticates with.
        client_secret: The secret that an application needs for a token of the gateway.
        authenticate: Makes a token source for a ``client_id`` and a ``client_secret``.
        faults: The faults of the network between the client and the target.
        scope: Which cards are ours, on a target that others share.
        cleaner: Remembers what was seeded on such a target.
        controls: Those of the sandbox, if that is the target.
        sandbox: The sandbox itself, if it is in this process.
        environment: The environment of the sandbox.
        recorder: Records the exchanges.

    Attributes:
        clock: The clock for waiting.
        randomness: Source of generated values.
    """

    def __init__(
        self,
        api: CardsApi,
        backend: SeedingBackend,
        *,
        gateway: Gateway,
        client_id: str,
        client_secret: str,
        authenticate: Callable[..., ClientCredentials],
        faults: NetworkFaults,
        scope: Scope | None = None,
        controls: SandboxControls | None = None,
        cleaner: Cleaner | None = None,
        sandbox: Sandbox | None = None,
        environment: Environment | None = None,
        recorder: Recorder = NULL_RECORDER,
    ) -> None:
        super().__init__(api, gateway, client_id, client_secret)
        self.clock = api.session.clock
        self.recorder = recorder
        self.randomness = recorder.randomness
        self.seeder = Seeder(api, backend, scope, cleaner)
        self.reader = self.seeder.reader
        self.backend = backend
        self.authenticate = authenticate
        self._faults = faults
        self.scope = scope
        self._controls = controls
        self._sandbox = sandbox
        self._environment = environment
        self._groups: dict[str, Group] = {}

    # Seeding

    def seed(self, spec: CardSpec | None = None, /, **fields: Unpack[CardFields]) -> Card:
        """Seed one card and return it in the requested state.

        Args:
            spec: The card to seed, or its fields as keywords (see :class:`CardSpec`).
            **fields: Fields of :class:`CardSpec`, such as ``user_id="customer-1"``.

        Raises:
            NotAvailableError: The target cannot provide such a card.
            SeedingError: The card did not appear in time, or not as requested.
            MisuseError: A field is unknown or has a wrong value, or fields contradict each other.
        """
        own = current_names(fields)
        wanted = given_or_default(spec, CardSpec, "cards.seed(user_id=…)")
        return self.seed_all(Population((dataclasses.replace(wanted, **own),)))[0]

    def seed_all(self, population: Population) -> list[Card]:
        """Seed a population as one invocation; returns the cards in the order of its specs.

        An empty population needs no request.

        Raises:
            NotAvailableError: The target cannot provide such cards.
            SeedingError: The cards did not appear in time, or not as requested.
            MisuseError: The argument is not a population.
        """
        if not isinstance(population, Population):
            raise MisuseError(
                f"seed_all needs a Population, such as Population.of(3), not {population!r}"
            )
        if not population.specs:
            return []
        group = self.seeder.seed(population)[0]
        self._groups |= dict.fromkeys(map(key_of, group.cards), group)
        return list(group.cards[: len(population)])

    # Looking

    def get(self, card: Card) -> Card:
        """A card that was seeded here, as the target shows it now.

        A closed card that no listing shows any more keeps the attributes it had; its status is
        then ``None``.

        Raises:
            MisuseError: The card was not seeded here.
        """
        return self.reader.look(self._group(card), card)

    def list(
        self, query: CardQuery | None = None, /, **attributes: Unpack[QueryFields]
    ) -> list[Card]:
        """One page of cards that match a query, or attributes given as keywords.

        Raises:
            MisuseError: An attribute is unknown or has an impossible value.
        """
        wanted = given_or_default(query, CardQuery, "cards.list(user_id=…)")
        return self.api.list(wanted.replace(**attributes))

    def wait_for(self, card: Card, status: Status, timeout: float = 10.0) -> Card:
        """Poll until a card is in a state.

        Raises:
            TimeoutError: It is not, after ``timeout`` seconds.
            MisuseError: The state is not a :class:`Status`.
        """
        refuse_other_types(status, Status, "cards.wait_for(card, Status.EXPIRED)")
        found = poll(lambda: self.get(card), lambda now: now.status is status, timeout, self.clock)
        if found.status is not status:
            raise TimeoutError(
                f"card {brief(key_of(card))} is {brief(found.status)} and not {status} "
                f"after {timeout:g} s"
            )
        return found

    # Acting

    def dismiss(self, card: Card) -> ActionResponse:
        """Dismiss one card that was seeded here."""
        return self.api.dismiss(self._pin(card))

    def complete(self, card: Card, payload: Mapping[str, Any] | None = None) -> ActionResponse:
        """Complete one card that was seeded here, with an optional JSON payload."""
        return self.api.complete(self._pin(card), payload)

    def cancel(self, card: Card) -> ActionResponse:
        """Cancel one card that was seeded here."""
        return self.api.cancel(self._pin(card))

    def snooze(self, card: Card, duration: timedelta) -> None:
        """Snooze an active card, as if the customer did it.

        Raises:
            NotAvailableError: The target is live; the public API has no snooze.
        """
        refuse_other_types(duration, timedelta, _DURATION.format("snooze", "card, "))
        self.backend.snooze(card, duration)

    def pass_time(self, duration: timedelta) -> None:
        """Let time pass on the target: at once on the sandbox, by waiting on a live one.

        Tokens that an application holds may expire by it, as in production; :meth:`token` is valid.
        """
        refuse_other_types(duration, timedelta, _DURATION.format("pass_time", ""))
        self.backend.pass_time(duration)
        self._gateway.time_passed()

    # The target

    @property
    def controls(self) -> SandboxControls:
        """The controls of the sandbox, over HTTP, so that a cassette holds what they did.

        Raises:
            NotAvailableError: The target is live.
        """
        if self._controls is None:
            raise NotAvailableError(_LIVE)
        return self._controls

    @property
    def is_steerable(self) -> bool:
        """Whether the target is a sandbox, which can be steered beyond the public API."""
        return self._controls is not None

    @property
    def faults(self) -> NetworkFaults:
        """The network faults that affect requests; none to begin with.

        They affect ``api`` and every application behind ``url``, whatever its client. With a live
        target they act on this side of the wire: a request that must not be processed is not sent,
        and responses to other requests are late or lost.

        Example:
            >>> cards.faults.inject("reset-after", method="PUT", path="/cards/cancel")
        """
        return self._faults

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox behind these cards.

        A recording holds the requests to it and nothing else that is done with it, so this warns
        while one is made.

        Raises:
            NotAvailableError: The target is live.
        """
        return self._direct(self._sandbox, "sandbox")

    @property
    def environment(self) -> Environment:
        """The environment in the sandbox; as for :attr:`sandbox`, no recording holds it.

        Raises:
            NotAvailableError: The target is live.
        """
        return self._direct(self._environment, "environment")

    def _direct(self, part: _T | None, name: str) -> _T:
        """A part of the sandbox that can be used without a request."""
        if part is None:
            raise NotAvailableError(_NO_SANDBOX if self._controls else _LIVE)
        if self.recorder.is_used:
            warnings.warn(_NOT_RECORDED.format(name), CardsWarning, stacklevel=3)
        return part

    def clean_up(self) -> CleanUp:
        """Cancel what was seeded here if others share the target, without network faults.

        Cassettes do not include it. Applications are cut off first.
        """
        self._gateway.close()
        self._faults.clear()
        if self.scope is None or self.recorder.is_replayed:
            return CleanUp(0)
        with self.recorder.unrecorded("what is to be cleaned up depends on what else was run"):
            return self.seeder.clean_up()

    def _pin(self, card: Card) -> CardQuery:
        return self._group(card).single(card)

    def _group(self, card: Card) -> Group:
        refuse_other_types(card, Card, "the card that cards.seed(…) returned")
        group = self._groups.get(key_of(card))
        if group is None:
            raise MisuseError(
                f"card {brief(key_of(card))} was not seeded here; use cards.api with a query for "
                "others"
            )
        return group
