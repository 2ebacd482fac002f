"""A plain WSGI caller for the sandbox's own tests, without any client code."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_atomic_cards.sandbox import Credential, Environment, Sandbox


_UNPREFIXED = {"CONTENT_LENGTH", "CONTENT_TYPE"}  # PEP 3333


@dataclass(frozen=True)
class Reply:
    """The response to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - a JSON value
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """The card ids in ``data``, in order."""
        return [element["cardInstanceId"] for element in self.json["data"]]

    @property
    def counts(self) -> tuple[int, int]:
        """``summary.total`` and ``summary.updated``."""
        return self.json["summary"]["total"], self.json["summary"]["updated"]


class Api:
    """Calls a sandbox as one client of one environment."""

    def __init__(self, sandbox: Sandbox, environment: Environment | None = None) -> None:
        self.sandbox = sandbox
        self.environment = environment or sandbox.default
        self.prefix = f"/v1/{self.environment.environment_id}"
        self.headers = {"User-Agent": "test", "Content-Type": "application/json"}

    def request(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        headers: Mapping[str, str | None] | None = None,
    ) -> Reply:
        """Send one request; a header that is None is omitted."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in (self.headers | dict(headers or {})).items():
            if value is not None:
                variable = name.upper().replace("-", "_")
                environ[variable if variable in _UNPREFIXED else f"HTTP_{variable}"] = value
        answer: list[Any] = []
        chunks = self.sandbox(environ, lambda status, head: answer.extend((status, head)))
        return Reply(int(answer[0][:3]), dict(answer[1]), b"".join(chunks))

    def token(
        self,
        credential: Credential,
        query: str = "grant_type=client_credentials",
        body: bytes = b"",
    ) -> Reply:
        """Send a request to the token endpoint."""
        pair = f"{credential.client_id}:{credential.client_secret}".encode()
        basic = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return self.request("POST", self.sandbox.token_path, query, body, basic)

    def log_in(self, role: str = "events") -> Credential:
        """Use the token of a new credential from now on."""
        credential = self.environment.create_credential(role)
        access_token = self.token(credential, body=b"grant_type=client_credentials").json[
            "access_token"
        ]
        self.headers["Authorization"] = f"Bearer {access_token}"
        return credential

    def get(self, **parameters: Any) -> Reply:  # noqa: ANN401
        """List cards."""
        return self.request("GET", f"{self.prefix}/cards", urlencode(parameters))

    def put(self, action: str, body: bytes = b"", **parameters: Any) -> Reply:  # noqa: ANN401
        """Act on cards."""
        path = f"{self.prefix}/cards/{action}"
        return self.request("PUT", path, urlencode(parameters), body)

    def start(self, body: object, flow: str = "sandbox-flow", mode: str = "start") -> Reply:
        """Start an Action Flow."""
        path = f"{self.prefix}/action-flow/{flow}/{mode}"
        return self.request("POST", path, body=json.dumps(body).encode())
