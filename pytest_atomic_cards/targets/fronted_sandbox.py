"""FrontedSandbox: a sandbox that nobody reaches around the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.targets.gateway import AS_IT_IS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BEHIND: Final = "cards.behind_gateway"


class FrontedSandbox(Sandbox):
    """A sandbox whose requests go through a gateway, also if it is called as an application.

    So a ``SandboxAdapter``, a ``SandboxServer`` or a test client of WSGI that is given the sandbox
    itself is watched and recorded as well, and network faults affect it.

    Attributes:
        gateway: The gateway, once there is one.
    """

    gateway: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request. Source: PEP 3333."""
        if self.gateway is None or _BEHIND in environ:
            return super().__call__(environ, start_response)
        return self.gateway({**environ, AS_IT_IS: True}, start_response)


def behind_gateway(app: WSGIApplication) -> WSGIApplication:
    """An application whose requests have passed the gateway.

    Args:
        app: Hands them to a sandbox.
    """

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[_BEHIND] = True
        return app(environ, start_response)

    return serve
