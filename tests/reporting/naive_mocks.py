"""Mocks with one mistake each, as a first mock has them: the minimal mock of the recipe, spoilt.

``MOCKS`` names each WSGI application with words of its cause, of which the first screen of a check
must show one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))

import minimal_mock

Environ = dict[str, Any]
Reply = tuple[str, str, bytes]
"""Status line, media type and body."""
Spoil = Callable[[Environ, Reply], Reply]
Application = Callable[[Environ, Callable[..., object]], Iterable[bytes]]


def _correct(environ: Environ) -> Reply:
    """The reply of the minimal mock."""
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(minimal_mock.app(environ, lambda *head: heads.append(head)))
    return heads[0][0], dict(heads[0][1])["Content-Type"], body


def _spoilt(
    spoil: Spoil = lambda _, reply: reply, before: Callable[[Environ], None] | None = None
) -> Application:
    """The minimal mock with a change to what it reads, or to what it replies."""

    def app(environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        if before:
            before(environ)
        status, kind, body = spoil(environ, _correct(environ))
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return app


def _is_listing(environ: Environ) -> bool:
    return bool(environ["REQUEST_METHOD"] == "GET")


def _is_start(environ: Environ) -> bool:
    return "/action-flow/" in environ["PATH_INFO"]


def _is_token(environ: Environ) -> bool:
    return bool(environ["PATH_INFO"].endswith("/oauth2/token"))


def _is_action(environ: Environ) -> bool:
    return bool(environ["REQUEST_METHOD"] == "PUT")


def _replaced(where: Callable[[Environ], bool], *reply: str) -> Application:
    """The minimal mock with one reply for every request of a kind, which then does nothing."""
    status, kind, text = reply

    def app(environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        if not where(environ):
            return minimal_mock.app(environ, start_response)
        body = text.encode()
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return app


def _changed(where: Callable[[Environ], bool], change: Callable[[Any], Any]) -> Application:
    """The minimal mock with the body of every success of a kind changed."""

    def spoil(environ: Environ, reply: Reply) -> Reply:
        status, kind, body = reply
        if not where(environ) or not status.startswith("200"):
            return reply
        return status, kind, json.dumps(change(json.loads(body))).encode()

    return _spoilt(spoil)


def _each_card(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Application:
    return _changed(_is_listing, lambda body: {"data": [change(card) for card in body["data"]]})


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name)


def _ignoring(*names: str) -> Application:
    """The minimal mock without some parameters of the query; without names, of all."""

    def before(environ: Environ) -> None:
        if not _is_listing(environ):
            return
        parts = environ["QUERY_STRING"].split("&")
        environ["QUERY_STRING"] = "&".join(
            part for part in parts if names and part.partition("=")[0] not in names
        )

    return _spoilt(before=before)


ONE_CARD: Final = {"data": [{"cardInstanceId": "1", "userId": "someone", "status": "active"}]}
JSON: Final = "application/json"

MOCKS: Final[dict[str, tuple[Application, tuple[str, ...]]]] = {
    "bare_list": (_changed(_is_listing, lambda body: body["data"]), ("is an array",)),
    "wrong_wrapper": (
        _changed(_is_listing, lambda body: {"cards": body["data"]}),
        ('{"cards": ',),
    ),
    "snake_case": (
        _each_card(lambda card: {_snake(name): value for name, value in card.items()}),
        ("user_id",),
    ),
    "ids_as_numbers": (
        _each_card(lambda card: {**card, "cardInstanceId": int(card["cardInstanceId"], 16)}),
        ("cardInstanceId",),
    ),
    "no_ids": (
        _each_card(lambda card: {k: v for k, v in card.items() if not k.endswith("Id")}),
        ("userId",),
    ),
    "ignores_query": (_ignoring(), ("QUERY-05",)),
    "ignores_user": (_ignoring("userId"), ("userId",)),
    "ignores_limit": (_ignoring("limit"), ("PAGE-02",)),
    "ignores_offset": (_ignoring("offset"), ("PAGE-04",)),
    "no_start": (_replaced(_is_start, "404 Not Found", JSON, "{}"), ("404", "start")),
    "start_without_id": (_changed(_is_start, lambda _: {"ok": True}), ("flowInvocationId",)),
    "start_without_cards": (
        _replaced(_is_start, "200 OK", JSON, '{"flowInvocationId": "made-up"}'),
        ("made-up", "not all visible"),
    ),
    "listing_500": (
        _replaced(_is_listing, "500 Internal Server Error", "text/plain", "boom"),
        ("500",),
    ),
    "action_500": (
        _replaced(_is_action, "500 Internal Server Error", "text/plain", "boom"),
        ("500",),
    ),
    "token_500": (
        _replaced(_is_token, "500 Internal Server Error", "text/plain", "boom"),
        ("token", "500"),
    ),
    "token_field": (_changed(_is_token, lambda _: {"token": "t"}), ("access_token",)),
    "html": (
        _replaced(lambda _: True, "200 OK", "text/html", "<html><h1>It works</h1></html>"),
        ("access_token",),
    ),
    "listing_html": (
        _replaced(_is_listing, "200 OK", "text/html", "<html><h1>It works</h1></html>"),
        ("not JSON", "text/html"),
    ),
    "static_card": (_replaced(_is_listing, "200 OK", JSON, json.dumps(ONE_CARD)), ("SHAPE-02",)),
    "action_without_result": (
        _changed(_is_action, lambda _: {"ok": True}),
        ('{"ok": ',),
    ),
    "action_does_nothing": (
        _replaced(
            _is_action, "200 OK", JSON, '{"data": [], "summary": {"total": 1, "updated": 1}}'
        ),
        ("STATE-01",),
    ),
    "all_404": (_replaced(lambda _: True, "404 Not Found", JSON, '{"error": "no"}'), ("404",)),
    "time_without_zone": (
        _each_card(lambda card: {**card, "created": card["created"].removesuffix("Z")}),
        ("SHAPE-04",),
    ),
}
globals().update({name: app for name, (app, _) in MOCKS.items()})
