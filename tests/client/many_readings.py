"""A Cards API behind a socket that reads each request in many ways at once, and keeps count.

What a target makes of an odd request is not documented. This one makes of it all that servers are
known to: a foreign card counts as touched as soon as one of its readings selects it.
"""

from __future__ import annotations

import socketserver
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from itertools import combinations
from typing import Any
from urllib.parse import unquote

from client_doubles import served

from pytest_atomic_cards.model.query import Attribute

ATTRIBUTES = tuple(attribute.value for attribute in Attribute)
_ACTIONS = ("/cards/dismiss", "/cards/cancel", "/cards/complete")


@dataclass(frozen=True)
class Reading:
    """One way to read a request; without any flag it is the standard one."""

    last_wins: bool = False
    semicolons: bool = False
    decodes_first: bool = False
    decodes_again: bool = False
    any_case: bool = False
    brackets: bool = False
    trims: bool = False
    empty_is_absent: bool = False
    ends_at_nul: bool = False
    cuts: bool = False
    matrix: bool = False
    fragment: bool = False
    replaces_bad_bytes: bool = False
    overrides: bool = False
    merges_body: bool = False
    lax_path: bool = False

    def selects(self, request: Request, cards: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        """The cards that the request changes."""
        method, path, query = self._parts(request)
        if method in {"GET", "HEAD", "OPTIONS"} or not self._is_action(path):
            return []
        wanted = self._parameters(query)
        asked = [(name, wanted[name]) for name in ATTRIBUTES if name in wanted]
        return [card for card in cards if all(card[name] == value for name, value in asked)]

    def _parts(self, request: Request) -> tuple[str, str, str]:
        method, target = request.method, request.target
        headers = request.headers
        if self.overrides:
            cgi = {name.strip().replace("_", "-"): value for name, value in headers.items()}
            method = cgi.get("x-http-method-override", cgi.get("x-original-method", method))
            target = cgi.get("x-original-url", cgi.get("x-rewrite-url", target))
        path, _, query = target.partition("?")
        if not self.fragment:
            query = query.partition("#")[0]
        if self.matrix and ";" in path:
            path, _, matrix = path.partition(";")
            query = f"{matrix.replace(';', '&')}&{query}"
        if self.overrides and "_method=put" in f"{query}&{request.body}".lower():
            method = "PUT"
        if self.merges_body and request.body:
            query = f"{request.body}&{query}"
        return method.upper(), path, query[:4_096] if self.cuts else query

    def _is_action(self, path: str) -> bool:
        path = unquote(path)
        if self.lax_path:
            path = unquote(path).replace("\\", "/").partition(";")[0].lower().rstrip("/")
        return path.endswith(_ACTIONS)

    def _parameters(self, query: str) -> dict[str, str]:
        if self.decodes_first:
            query = self._decoded(query)
        if self.ends_at_nul and not self.decodes_first:
            query = query.partition("%00")[0]
        if self.semicolons:
            query = query.replace(";", "&")
        found: dict[str, str] = {}
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            name, value = self._name(name), self._decoded(value)
            if not (value == "" and self.empty_is_absent) and (self.last_wins or name not in found):
                found[name] = value
        return found

    def _name(self, name: str) -> str:
        name = self._decoded(name)
        if self.brackets:
            name = name.partition("[")[0]
        if self.any_case:
            names = {attribute.lower(): attribute for attribute in ATTRIBUTES}
            name = names.get(name.lower(), name)
        return name

    def _decoded(self, text: str) -> str:
        errors = "replace" if self.replaces_bad_bytes else "ignore"
        text = unquote(text.replace("+", " "), errors=errors)
        if self.decodes_again:
            text = unquote(text, errors=errors)
        if self.ends_at_nul:
            text = text.partition("\0")[0]
        return text.strip() if self.trims else text


FLAGS = [flag.name for flag in fields(Reading)]
READINGS = [
    Reading(**dict.fromkeys(chosen, True))  # type: ignore[arg-type]
    for size in range(3)
    for chosen in combinations(FLAGS, size)
] + [Reading(**dict.fromkeys(FLAGS, True))]  # type: ignore[arg-type]
"""The standard reading, each oddity alone, each two together, and all at once."""


@dataclass(frozen=True)
class Request:
    """A request as the socket received it."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def touches(self, cards: Sequence[dict[str, str]]) -> Reading | None:
        """The first reading, if any, by which it changes one of these cards."""
        return next((how for how in READINGS if how.selects(self, cards)), None)


class _ManyReadingsHandler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        server: Any = self.server
        while line := self.rfile.readline().decode("latin-1").strip():
            method, target, _ = line.split(" ", 2)
            headers = {}
            while header := self.rfile.readline().decode("latin-1").strip():
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            sent = self.rfile.read(int(headers.get("content-length", 0))).decode("latin-1")
            server.arrived.append(Request(method, target, headers, sent))
            body = b'{"data": [], "summary": {"total": 0, "updated": 0}}'
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            )
            self.wfile.write(f"{head}\r\n\r\n".encode() + body)


@contextmanager
def many_readings() -> Iterator[tuple[str, list[Request]]]:
    """Serves it on loopback; gives its address, and the list of the requests that arrive."""
    arrived: list[Request] = []
    with served(_ManyReadingsHandler, arrived=arrived) as url:
        yield url, arrived


def stranger(**values: str) -> dict[str, str]:
    """A card of somebody else's, with some attribute values of ours."""
    return dict.fromkeys(ATTRIBUTES, "theirs") | {"status": "active"} | values
