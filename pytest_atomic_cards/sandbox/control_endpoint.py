"""Controls of a sandbox over HTTP: what a test can do beyond the API, even from another process.

They are under ``/_sandbox/`` and not part of the Cards API.
"""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pytest_atomic_cards.model.network_faults import NetworkFault, NetworkFaults
from pytest_atomic_cards.sandbox.authorization import CARDS_ROLE
from pytest_atomic_cards.sandbox.card_record import OBJECTS, TEXTS, TIMES
from pytest_atomic_cards.sandbox.loopback_only import check_local
from pytest_atomic_cards.sandbox.refusal import Refusal
from pytest_atomic_cards.sandbox.request_body import read_body
from pytest_atomic_cards.sandbox.server_errors import trouble_with
from pytest_atomic_cards.sandbox.timestamps import format_milliseconds
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from pytest_atomic_cards.sandbox.app import Sandbox
    from pytest_atomic_cards.sandbox.card_record import CardRecord
    from pytest_atomic_cards.sandbox.environment import Environment

PREFIX: Final = "/_sandbox/"

_FURTHEST: Final = timedelta(days=36_525)
"""A century: more is a mistake of the unit."""
_LAST_YEAR: Final = 9_000
"""Leaves room for times that are counted from now, since no moment is beyond the year 9999."""


def _in_camel_case(*fields: str) -> dict[str, str]:
    """Fields by their names in JSON."""
    return {re.sub("_(.)", lambda found: found[1].upper(), name): name for name in fields}


_TEXTS: Final = _in_camel_case(*TEXTS)
_OBJECTS: Final = _in_camel_case(*OBJECTS)
_TIMES: Final = _in_camel_case(*TIMES)
_NETWORK: Final = _in_camel_case(*(field.name for field in dataclasses.fields(NetworkFault)))
_FIELDS: Final = _TEXTS | _OBJECTS | _TIMES | {"completion": "completion"}


class Control:
    """A sandbox with its controls, as a WSGI application.

    - ``POST clock`` with ``{"advance": seconds}`` advances the clock.
    - ``POST snooze`` with ``{"cardInstanceId", "seconds"}`` snoozes an active card.
    - ``POST cards`` with ``{"cards": [{…}]}`` seeds cards. Each has field names of a listing and
      ``variables``, ``metadata``, ``cardOptions``, and in seconds from now ``created``,
      ``updated``, ``embargoUntil``, ``expiresAt`` and ``snoozeUntil``. The response lists the
      cards, or with ``"brief": true`` only their number.
    - ``GET card`` with ``cardInstanceId`` shows one card.
    - ``GET analytics`` lists the events. ``POST settings`` with ``{"exportCardResponses": false}``
      excludes completion payloads from them; ``{"testUsers": [ids]}`` names those of test starts.
    - ``POST credentials`` with ``{"role"}`` creates a credential, and ``DELETE credentials`` with
      ``clientId`` deletes it.
    - ``POST environments`` with ``{"environment"}`` creates an environment, which all controls but
      those of clock and network accept as ``environment``.
    - ``POST network`` with ``{"faults": [{"kind", …}]}`` replaces all pending network faults. Each
      has the fields of ``NetworkFault`` in camel case.

    Args:
        sandbox: Serves all other requests.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._routes: dict[str, dict[str, Callable[[WSGIEnvironment], Any]]] = {
            "clock": {"POST": self._clock},
            "snooze": {"POST": self._snooze},
            "cards": {"POST": self._seed},
            "card": {"GET": self._card},
            "analytics": {"GET": self._analytics},
            "settings": {"POST": self._settings},
            "credentials": {"POST": self._new_credential, "DELETE": self._end_credential},
            "environments": {"POST": self._new_environment},
            "network": {"POST": self._network},
        }

    @property
    def network(self) -> NetworkFaults:
        """The network faults of the sandbox."""
        return self._sandbox.network

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request. Source: PEP 3333."""
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self._sandbox(environ, start_response)
        headers: tuple[tuple[str, str], ...] = ()
        try:
            status, answer = 200, self._answer(environ)
        except Refusal as refusal:
            status, answer, headers = refusal.status, {"message": refusal.message}, refusal.headers
        except MisuseError as error:
            status, answer = 400, {"message": str(error)}
        except Exception as error:  # noqa: BLE001 - the client gets a response in any case
            status, message = trouble_with(error)
            answer = {"message": message}
        return _respond(environ, start_response, status, answer, headers)

    def _answer(self, environ: WSGIEnvironment) -> Any:  # noqa: ANN401 - a JSON value
        check_local(environ)
        methods = self._routes.get(environ["PATH_INFO"].removeprefix(PREFIX))
        if methods is None:
            raise Refusal(404, f"no such control; there are {', '.join(self._routes)}")
        method = environ["REQUEST_METHOD"]
        if method not in methods:
            allowed = ", ".join(methods)
            raise Refusal(405, f"use {allowed}", (("Allow", allowed),))
        return methods[method](environ)

    def _clock(self, request: WSGIEnvironment) -> dict[str, Any]:
        by = _seconds(_fields(request, {"advance"}).get("advance"), "advance")
        clock = self._sandbox.clock
        if (clock.now() + by).year >= _LAST_YEAR:
            raise Refusal(400, f"the clock cannot go beyond the year {_LAST_YEAR}")
        clock.advance(by)
        return {"now": format_milliseconds(clock.milliseconds())}

    def _snooze(self, request: WSGIEnvironment) -> dict[str, Any]:
        fields = _fields(request, {"environment", "cardInstanceId", "seconds"})
        environment = self._environment(fields.get("environment"))
        name = _text(fields, "cardInstanceId")
        environment.snooze(name, _seconds(fields.get("seconds"), "seconds"))
        return _shown(environment.card(name))

    def _seed(self, request: WSGIEnvironment) -> dict[str, Any]:
        fields = _fields(request, {"environment", "cards", "brief"})
        environment = self._environment(fields.get("environment"))
        cards = fields.get("cards")
        if not isinstance(cards, list):
            raise Refusal(400, "cards must be an array")
        seeded = environment.seed([_spec(card) for card in cards])
        if fields.get("brief"):
            return {"count": len(seeded)}
        return {"data": [_shown(record) for record in seeded]}

    def _card(self, request: WSGIEnvironment) -> dict[str, Any]:
        query = _query(request)
        environment = self._environment(query.get("environment"))
        return _shown(environment.card(_text(query, "cardInstanceId")))

    def _analytics(self, request: WSGIEnvironment) -> dict[str, Any]:
        return {"data": self._environment(_query(request).get("environment")).analytics_events()}

    def _settings(self, request: WSGIEnvironment) -> dict[str, Any]:
        fields = _fields(request, {"environment", "exportCardResponses", "testUsers"})
        environment = self._environment(fields.get("environment"))
        exported = fields.get("exportCardResponses", environment.export_card_responses)
        if not isinstance(exported, bool):
            raise Refusal(400, "exportCardResponses must be true or false")
        users = fields.get("testUsers", sorted(environment.test_users))
        if not isinstance(users, list) or not all(isinstance(user, str) for user in users):
            raise Refusal(400, "testUsers must be an array of user ids")
        environment.export_card_responses = exported
        environment.test_users = frozenset(users)
        return {"exportCardResponses": exported, "testUsers": users}

    def _new_credential(self, request: WSGIEnvironment) -> dict[str, Any]:
        fields = {"role": CARDS_ROLE} | _fields(request, {"environment", "role"})
        environment = self._environment(fields.get("environment"))
        credential = environment.create_credential(_text(fields, "role"))
        return {
            "environment": environment.environment_id,
            "role": credential.role,
            "clientId": credential.client_id,
            "clientSecret": credential.client_secret,
        }

    def _end_credential(self, request: WSGIEnvironment) -> dict[str, Any]:
        query = _query(request)
        self._environment(query.get("environment")).delete_credential(_text(query, "clientId"))
        return {"clientId": query["clientId"]}

    def _new_environment(self, request: WSGIEnvironment) -> dict[str, Any]:
        name = _text(_fields(request, {"environment"}), "environment")
        return {"environment": self._sandbox.create_environment(name).environment_id}

    def _network(self, request: WSGIEnvironment) -> dict[str, Any]:
        faults = _fields(request, {"faults"}).get("faults")
        if not isinstance(faults, list):
            raise Refusal(400, "faults must be an array")
        wanted = [_fault(fault) for fault in faults]
        self._sandbox.network.clear()
        self._sandbox.network.inject_all(wanted)
        return {"data": [fault.kind for fault in wanted]}

    def _environment(self, name: object) -> Environment:
        if name is None:
            return self._sandbox.default
        environment = self._sandbox.environments.get(name) if isinstance(name, str) else None
        if environment is None:
            raise Refusal(404, f"there is no environment {name!r}")
        return environment


def _respond(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: int,
    answer: dict[str, Any],
    headers: tuple[tuple[str, str], ...],
) -> list[bytes]:
    body = json.dumps(answer).encode()
    usual = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", [*usual, *headers])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def _query(request: WSGIEnvironment) -> dict[str, str]:
    """Query parameters, the last of each name."""
    return dict(parse_qsl(request.get("QUERY_STRING", ""), keep_blank_values=True))


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise Refusal(400, f"{name} must be a string")
    return value


def _fields(request: WSGIEnvironment, known: set[str]) -> dict[str, Any]:
    body = read_body(request)
    try:
        document = json.loads(body)
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(400, "the body must be JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise Refusal(400, "the body must be a JSON object")
    _refuse_unknown(document, known)
    return document


def _refuse_unknown(document: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = document.keys() - set(known)
    if unknown:
        names = ", ".join(sorted(known))
        raise Refusal(400, f"unknown field {min(unknown)!r}; there are {names}")


def _seconds(value: object, name: str) -> timedelta:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Refusal(400, f"{name} must be a number of seconds")
    if not abs(value) <= _FURTHEST.total_seconds():  # nor is NaN
        raise Refusal(400, f"{name} must be at most 100 years")
    return timedelta(seconds=value)


def _spec(card: object) -> dict[str, Any]:
    if not isinstance(card, dict):
        raise Refusal(400, "each card must be an object")
    _refuse_unknown(card, _FIELDS)
    spec: dict[str, Any] = {}
    for name, value in card.items():
        if name in _OBJECTS and not isinstance(value, dict | None):
            raise Refusal(400, f"{name} must be an object")
        is_time = name in _TIMES and value is not None
        spec[_FIELDS[name]] = _seconds(value, name) if is_time else value
    return spec


def _fault(fault: object) -> NetworkFault:
    if not isinstance(fault, dict):
        raise Refusal(400, "each fault must be an object")
    _refuse_unknown(fault, _NETWORK)
    try:
        return NetworkFault(**{_NETWORK[name]: value for name, value in fault.items()})
    except TypeError:
        raise Refusal(
            400, "each fault must have a kind, and numbers where numbers belong"
        ) from None


def _shown(record: CardRecord) -> dict[str, Any]:
    return {name: getattr(record, field) for name, field in _TEXTS.items()}
