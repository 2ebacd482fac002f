"""A sandbox behind a socket, which the code under test takes for a live target."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.model.settings import Settings, TargetKind
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.server import SandboxServer
from pytest_atomic_cards.targets import LiveTarget

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from pytest_atomic_cards.sandbox import CardRecord
    from pytest_atomic_cards.targets.cards_fixture import Cards

_OF_SANDBOX = {"faults", "creation_delay", "token_lifetime"}


class _Hostile(Sandbox):
    """A sandbox that keeps the method and path of every request, and can be made to lie.

    Attributes:
        log: The requests.
        ignored: Query parameters that requests of a method are answered without.
        restart: What a start is answered with instead, given what it was answered with.
        starts_nothing: Whether a start is answered and not carried out.
        forgiving: The environment that requests to others whose id begins with it are sent to.
    """

    log: list[str]
    ignored: dict[str, set[str]]
    restart: Callable[[Any], Any] | None = None
    starts_nothing = False
    forgiving: str | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.log.append(f"{method} {path}")
        if self.forgiving and path.startswith(f"/v1/{self.forgiving}"):
            rest = path.removeprefix("/v1/").partition("/")[2]
            environ["PATH_INFO"] = f"/v1/{self.forgiving}/{rest}"
        ignored = self.ignored.get(method, set())
        pairs = environ["QUERY_STRING"].split("&")
        kept = [pair for pair in pairs if pair.partition("=")[0] not in ignored]
        environ["QUERY_STRING"] = "&".join(kept)
        if self.restart is None or "/action-flow/" not in path:
            return super().__call__(environ, start_response)
        if self.starts_nothing:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self.restart(None)).encode()]

        def begin(status: str, headers: list[tuple[str, str]], *_: object) -> object:
            return start_response(status, [h for h in headers if h[0].lower() != "content-length"])

        body = b"".join(super().__call__(environ, begin))  # type: ignore[arg-type]
        return [json.dumps(self.restart(json.loads(body))).encode()]


class LiveSandbox:
    """A served sandbox, and the settings that name it as a live target.

    Args:
        **settings: Keywords of ``Sandbox``; all others are answers of its ``Profile``.
    """

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - passed on
        own = {name: settings.pop(name) for name in settings.keys() & _OF_SANDBOX}
        self.sandbox = _Hostile(Profile(**settings), **own)
        self.sandbox.ignored = {}
        self.log = self.sandbox.log = []
        self.environment = self.sandbox.default
        self.credential = self.environment.create_credential()
        self._server = SandboxServer(self.sandbox)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self.sandbox.close()

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that point a run at it."""
        values = {name: str(value) for name, value in self._values().items()}
        return {f"ATOMIC_CARDS_{name.upper()}": value for name, value in values.items()}

    def be_the_target(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let runs of pytest, and those of commands, take it for their target from now on."""
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)

    def settings(self, **changes: Any) -> Settings:  # noqa: ANN401 - fields of Settings
        """Settings that name it as the target."""
        return Settings(**self._values() | {"seed_timeout": 10.0} | changes)

    def open_world(self, *, settling: float = 5.0, **changes: Any) -> Cards:  # noqa: ANN401
        """A world on it, of a run of its own.

        Args:
            settling: Seconds of real time until a change of state must be visible.
            **changes: Fields of ``Settings``.
        """
        world = LiveTarget(self.settings(**changes)).open_world()
        world.backend.settling = settling
        return world

    @property
    def open_cards(self) -> list[CardRecord]:
        """The cards that are open, as they truly are."""
        return [card for card in self.environment.cards() if card.status.is_open]

    def count(self, request: str) -> int:
        """How many requests began with a method and path."""
        return sum(entry.startswith(request) for entry in self.log)

    def _values(self) -> dict[str, Any]:
        return {
            "target": TargetKind.LIVE,
            "api_url": self._server.url,
            "token_url": f"{self._server.url}{self.sandbox.token_path}",
            "environment_id": self.environment.environment_id,
            "client_id": self.credential.client_id,
            "client_secret": self.credential.client_secret,
            "flow_id": self.sandbox.flow_id,
        }


Serve = Callable[..., LiveSandbox]
"""The fixture ``serve``: starts one, with the keywords of :class:`LiveSandbox`."""
