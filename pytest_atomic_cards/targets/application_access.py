"""What an application under test needs to reach the target, whatever its HTTP client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.app import TOKEN_PATH
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from pytest_atomic_cards.client.cards_api import CardsApi
    from pytest_atomic_cards.sandbox import SandboxAdapter
    from pytest_atomic_cards.targets.gateway import Gateway
    from pytest_atomic_cards.targets.httpx_transport import HttpxTransport

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_LOOPBACK: Final = "127.0.0.1"


class ApplicationAccess:
    """One URL for any client, and the ways around the socket for those in this process.

    Behind it is the sandbox, a live target, or a recording. The monitor, recordings, network faults
    and the rate limit see all of this traffic; on a live target so does the scope guard.

    Args:
        api: Client of the target.
        gateway: Passes the requests on.
        client_id: Id of a credential that the gateway's token endpoint accepts.
        client_secret: Its secret.
    """

    def __init__(self, api: CardsApi, gateway: Gateway, client_id: str, client_secret: str) -> None:
        self.api = api
        self.client_id = client_id
        self._client_secret = client_secret
        self._gateway = gateway

    @property
    def url(self) -> str:
        """The base URL of the API for an application, without ``/v1``: on loopback.

        A server listens there from the first use of this attribute until the end of the test. A
        request without ``Authorization`` gets a valid token.

        Example:
            >>> httpx.get(f"{cards.url}/v1/{cards.environment_id}/cards?userId=customer-1")
        """
        return self._gateway.url

    @property
    def environment_id(self) -> str:
        """The environment in the path of each request."""
        return self.api.environment_id

    def token(self) -> str:
        """A valid access token; a new one if the last has expired or the target refused it.

        Call it again after ``pass_time``, which ends the life of earlier ones.

        Raises:
            AtomicCardsError: None can be fetched.
        """
        return self._gateway.token()

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables for an application in another process, named as the settings.

        ``ATOMIC_CARDS_API_URL``, ``ATOMIC_CARDS_ENVIRONMENT_ID``, and for the token either a valid
        one, ``ATOMIC_CARDS_TOKEN``, or what fetches and renews it: ``ATOMIC_CARDS_TOKEN_URL``,
        ``ATOMIC_CARDS_CLIENT_ID`` and ``ATOMIC_CARDS_CLIENT_SECRET``. The secret of a live target
        is not among them: there the gateway itself responds to token requests.

        Example:
            >>> subprocess.run(command, env=os.environ | cards.environ)
        """
        variables = {
            "API_URL": self.url,
            "ENVIRONMENT_ID": self.environment_id,
            "TOKEN": self.token(),
            "TOKEN_URL": f"{self.url}{TOKEN_PATH}",
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self._client_secret,
        }
        return {f"ATOMIC_CARDS_{name}": value for name, value in variables.items()} | _no_proxy()

    def requests_adapter(self) -> SandboxAdapter:
        """A transport adapter for ``requests`` without a socket, for any host.

        Example:
            >>> session.mount("https://", cards.requests_adapter())
        """
        return self._gateway.adapter()

    def httpx_transport(self) -> HttpxTransport:
        """A transport for ``httpx`` without a socket, for any host, sync or async.

        Example:
            >>> httpx.AsyncClient(transport=cards.httpx_transport(), base_url="https://api.example")

        Raises:
            MisuseError: ``httpx`` is not installed.
        """
        try:
            from pytest_atomic_cards.targets.httpx_transport import (  # noqa: PLC0415 - optional
                HttpxTransport,
            )
        except ImportError as error:
            raise MisuseError(
                f"cards.httpx_transport() needs httpx ({error}): pip install httpx"
            ) from error
        return HttpxTransport(self.requests_adapter())

    def raise_trouble(self) -> None:
        """Report what kept a request of an application from the target.

        Raises:
            AtomicCardsError: The scope guard refused one.
            Inconclusive: One was not recorded.
        """
        self._gateway.raise_trouble()


def _no_proxy() -> dict[str, str]:
    """What keeps a child process from sending requests for loopback to a proxy."""
    known = {name.upper(): value for name, value in os.environ.items()}
    if not any(known.get(name) for name in _PROXIES):
        return {}
    direct = ",".join(filter(None, [known.get("NO_PROXY"), _LOOPBACK]))
    return {"NO_PROXY": direct, "no_proxy": direct}
