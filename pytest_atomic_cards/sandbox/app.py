"""Sandbox: a stateful Cards API as a WSGI application, with a token endpoint and Action Flows."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.network_faults import NetworkFaults
from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.sandbox.authorization import Credential
from pytest_atomic_cards.sandbox.behaviour import Behaviour
from pytest_atomic_cards.sandbox.cards_endpoint import CardsEndpoint
from pytest_atomic_cards.sandbox.environment import DEFAULT_FLOW, Environment
from pytest_atomic_cards.sandbox.faults import fault_named, install
from pytest_atomic_cards.sandbox.flow_endpoint import FlowEndpoint
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.sandbox.request_body import read_body
from pytest_atomic_cards.sandbox.sandbox_clock import SandboxClock
from pytest_atomic_cards.sandbox.server_errors import trouble_with
from pytest_atomic_cards.sandbox.stale_reads import StaleReads
from pytest_atomic_cards.sandbox.store import Store
from pytest_atomic_cards.sandbox.token_service import TokenRefusal, TokenService
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from pytest_atomic_cards.sandbox.card_record import Json

TOKEN_PATH: Final = "/oauth2/token"  # noqa: S105 - a path
DEFAULT_ENVIRONMENT: Final = "sandbox"

_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_ACTIONS: Final = {action.value: action for action in Action}
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode
_Answer = tuple[int, list[tuple[str, str]], bytes]


class Sandbox:
    """A complete Cards API in this process. Call it as a WSGI application.

    Args:
        profile: Its choices in what the documentation leaves open.
        faults: Names of :data:`FAULTS`: what it does wrong. Conditions narrow one, as in
            ``any-token-accepted@operation=dismiss``.
        db: File for environments, credentials and cards; in memory if left out. Tokens, flows,
            settings of environments and starts that wait for their delay are not kept.
        creation_delay: How long after a start its cards are created, by the sandbox's clock.
        clock: The clock; if left out, a new one that runs with real time.
        token_lifetime: How long an access token is valid. Source: Authentication page.
        token_rate_limit: Most token requests in a minute; any more get a 429.

    Attributes:
        network: Network faults, applied by its adapter and its server.

    Raises:
        MisuseError: A fault is unknown, or the database file cannot be used.
    """

    token_path: Final = TOKEN_PATH
    flow_id: Final = DEFAULT_FLOW

    def __init__(
        self,
        profile: Profile | None = None,
        faults: Collection[str] = (),
        *,
        db: Path | None = None,
        creation_delay: timedelta = timedelta(0),
        clock: SandboxClock | None = None,
        token_lifetime: timedelta = timedelta(hours=1),
        token_rate_limit: int | None = None,
    ) -> None:
        self.profile = profile or Profile()
        self.clock = clock or SandboxClock()
        self.network = NetworkFaults()
        self.faults = tuple(faults)
        chosen = [fault_named(name) for name in self.faults]
        self._behaviour = behaviour = Behaviour(self.profile)
        self._store = Store(
            db,
            self.clock,
            behaviour,
            system_updates=self.profile.updated_by_system == "yes",
            ignores_case=self.profile.attribute_case == "insensitive",
        )
        lags = bool(chosen) or self.profile.read_after_write == "delayed"
        self._cards = CardsEndpoint(behaviour, self._store, StaleReads() if lags else None)
        self._flows = FlowEndpoint(behaviour, self._store, creation_delay)
        self._tokens = TokenService(behaviour, self.clock, token_lifetime, token_rate_limit)
        self._tokens.credentials |= {one[0]: Credential(*one) for one in self._store.credentials()}
        parts = {"app": self, "behaviour": behaviour, "store": self._store, "cards": self._cards}
        for fault in chosen:
            install(fault, parts)
        self.environments: dict[str, Environment] = {
            environment_id: self._environment(environment_id, number)
            for environment_id, number in self._store.environments().items()
        }
        self.default = self.environments.get(DEFAULT_ENVIRONMENT) or self.create_environment(
            DEFAULT_ENVIRONMENT
        )

    def create_environment(self, environment_id: str) -> Environment:
        """Create an empty environment.

        Raises:
            MisuseError: The id is taken, or cannot be a segment of a path.
        """
        if not environment_id or "/" in environment_id or not environment_id.isprintable():
            raise MisuseError(f"{environment_id!r} cannot be an environment id in a path")
        if environment_id in self.environments:
            raise MisuseError(f"there is an environment {environment_id!r} already")
        number = self._store.add_environment(environment_id)
        environment = self._environment(environment_id, number)
        self.environments[environment_id] = environment
        return environment

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request. Source: PEP 3333."""
        try:
            status, headers, body = self.answer(environ)
        except Refusal as refusal:
            status, headers, body = self._refused(refusal)
        except Exception as error:  # noqa: BLE001 - the client gets a response in any case
            status, headers, body = _troubled(error)
        headers.append(("Content-Length", str(len(body))))
        start_response(_STATUS_LINES[status], headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def answer(self, environ: WSGIEnvironment) -> _Answer:
        """Status, headers and body of a response; raises a refusal."""
        path: str = environ.get("PATH_INFO", "")
        if path.endswith("/"):
            path = self._behaviour.slashed_path(path)
        if path == TOKEN_PATH:
            return self._token(environ)
        self._behaviour.check_user_agent(environ.get("HTTP_USER_AGENT"))
        match path.split("/"):
            case ["", "v1", environment_id, "cards"]:
                self._allow(environ, "GET")
                environment = self._authorised(environ, environment_id)
                query_string = environ.get("QUERY_STRING", "")
                return self._json(self._cards.show(environment.number, query_string))
            case ["", "v1", environment_id, "cards", word] if word in _ACTIONS:
                self._allow(environ, "PUT")
                environment = self._authorised(environ, environment_id)
                query_string = environ.get("QUERY_STRING", "")
                content, kind = read_body(environ), environ.get("CONTENT_TYPE", "")
                self._behaviour.check_content_type(kind, has_body=bool(content))
                return self._json(
                    self._cards.act(environment.number, _ACTIONS[word], query_string, content),
                    self._behaviour.action_status(),
                )
            case ["", "v1", environment_id, "action-flow", flow_id, ("start" | "test") as mode]:
                self._allow(environ, "POST")
                environment = self._authorised(environ, environment_id)
                return self._start(environ, environment, _text(flow_id), test=mode == "test")
            case ["", "v1", "environments"]:
                self._allow(environ, "GET")
                return self._discovery(environ)
        raise self._behaviour.unknown_path()

    def _allow(self, environ: WSGIEnvironment, method: str) -> None:
        given = environ["REQUEST_METHOD"]
        if (given, method) == ("HEAD", "GET"):
            self._behaviour.check_head()
        elif given != method:
            raise self._behaviour.wrong_method(method)

    def _authorised(self, environ: WSGIEnvironment, environment_id: str) -> Environment:
        environment_id = _text(environment_id)
        environment = self.environments.get(environment_id)
        access = (
            environ.get("HTTP_AUTHORIZATION"),
            self._tokens.grants,
            self._tokens.credentials,
        )
        now = self.clock.milliseconds()
        if environment is None:
            self._behaviour.identify(*access, now)
            raise self._behaviour.unknown_environment()
        self._behaviour.authorise(*access, environment_id, now)
        return environment

    def _token(self, environ: WSGIEnvironment) -> _Answer:
        if environ["REQUEST_METHOD"] != "POST":
            raise TokenRefusal(405, "invalid_request", (("Allow", "POST"),))
        return self._json(
            self._tokens.issue(
                environ.get("HTTP_AUTHORIZATION"),
                environ.get("QUERY_STRING", ""),
                read_body(environ),
            )
        )

    def _start(
        self, environ: WSGIEnvironment, environment: Environment, flow_id: str, *, test: bool
    ) -> _Answer:
        flow = environment.flows.get(flow_id)
        if flow is None:
            raise Refusal(404, "no such Action Flow")
        body = self._flows.start(
            environment.number,
            flow,
            read_body(environ),
            test=test,
            test_users=environment.test_users,
        )
        return self._json(body, int(self.profile.start_status))

    def _discovery(self, environ: WSGIEnvironment) -> _Answer:
        grant = self._behaviour.identify(
            environ.get("HTTP_AUTHORIZATION"),
            self._tokens.grants,
            self._tokens.credentials,
            self.clock.milliseconds(),
        )
        own = grant.credential.environment_id
        return self._json({"data": [{"id": own, "name": own}]})

    def _json(self, body: Json, status: int = 200) -> _Answer:
        headers = self._behaviour.rate_limit_headers()
        if body is None:
            return 204, headers, b""
        headers.append(("Content-Type", self._behaviour.content_type()))
        return status, headers, _encode(body).encode()

    def _refused(self, refusal: Refusal) -> _Answer:
        if isinstance(refusal, TokenRefusal):
            kind, body = "application/json", _encode({"error": refusal.message}).encode()
        else:
            kind, body = self._behaviour.error_body(refusal.message)
        return refusal.status, [("Content-Type", kind), *refusal.headers], body

    def _environment(self, environment_id: str, number: int) -> Environment:
        return Environment(environment_id, number, self._behaviour, self._store, self._tokens)


def _text(segment: str) -> str:
    """Decode a segment of PATH_INFO, whose characters stand for bytes."""
    if segment.isascii():
        return segment
    try:
        return segment.encode("latin-1").decode()
    except UnicodeError:
        raise Refusal(400, "the path is not UTF-8") from None


def _troubled(error: Exception) -> _Answer:
    status, message = trouble_with(error)
    body = _encode({"message": message}).encode()
    return status, [("Content-Type", "application/json")], body
