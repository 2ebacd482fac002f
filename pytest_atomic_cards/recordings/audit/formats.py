"""Converts the exchanges of each recording format into :class:`Entry`.

Sources: cassettes of vcrpy, cassetter, betamax, VCR for Ruby and R, go-vcr (versions 1 to 3) and
PHP-VCR; reports of Schemathesis (VCR and NDJSON) and of newman; ``Exchange.as_dict`` of this
package. HAR files are read by ``har_format``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.recordings.audit.bodies import Body, body_in
from pytest_atomic_cards.recordings.audit.entry import Attached, Entry, Recorded, entry_of
from pytest_atomic_cards.recordings.audit.fields import (
    headers_of,
    lowered,
    method_of,
    moment_of,
    pairs_of,
    seconds_of,
    status_of,
    text_of,
)
from pytest_atomic_cards.recordings.audit.har_format import from_har
from pytest_atomic_cards.rules.parsed_response import Fidelity

if TYPE_CHECKING:
    from pytest_atomic_cards.recordings.cassettes.cassette_document import Interaction

_LINE_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "method": ("method",),
    "url": ("url", "uri"),
    "status": ("status", "statusCode", "status_code"),
    "request_headers": ("requestHeaders", "request_headers"),
    "request_body": ("requestBody", "request_body"),
    "response_headers": ("responseHeaders", "response_headers"),
    "response_body": ("responseBody", "response_body", "body"),
    "started": ("started", "timestamp", "time"),
    "elapsed": ("elapsed", "duration"),
}
"""The members of an exchange on one line. The first are those of ``Exchange.as_dict``."""
LINE_MEMBERS: Final = frozenset(chain({"error", "curl"}, *_LINE_FIELDS.values()))


def from_any(number: int, line: int, one: Recorded, attached: Attached) -> Entry:
    """An exchange of a format that only its own members show."""
    if "request" not in one or "method" in one:
        return from_line(number, line, one, json.dumps(one, default=str))
    response = one.get("response")
    is_har = isinstance(response, Mapping) and "content" in response
    return (from_har if is_har else from_vcr)(number, line, one, attached)


def from_line(number: int, line: int, one: Recorded, text: str) -> Entry:
    """An exchange on one line, as :meth:`Exchange.as_dict` and similar loggers write it."""
    body, headers = one.get("responseBody"), one.get("responseHeaders")
    if body.__class__ is dict and headers.__class__ is dict and "content-type" in headers:
        get = one.get
    else:
        get = {
            field: next((one[name] for name in names if name in one), None)
            for field, names in _LINE_FIELDS.items()
        }.get
        return _from_fields(number, line, get, text)
    sent = get("requestBody")
    return Entry(
        number=number,
        line=line,
        method=method_of(one["method"]),
        url=text_of(one["url"]),
        status=status_of(get("status")),
        body=Body(b"", body),
        started=moment_of(get("started")),
        elapsed=seconds_of(get("elapsed")),
        request_headers=get("requestHeaders") or {},
        response_headers=headers,
        request_body=b"" if sent is None else body_in(sent).content,
        fidelity=Fidelity.KEPT,
        texts=lambda: (("", text),),
    )


def _from_fields(number: int, line: int, get: Callable[[str], Any], text: str) -> Entry:
    for name in ("method", "url"):
        if get(name) is None:
            raise KeyError(name)
    entry = entry_of(number, line, **{name: get(name) for name in _LINE_FIELDS})
    return replace(entry, texts=lambda: (("", text),))


# Cassettes


def from_vcr(number: int, line: int, one: Recorded, attached: Attached) -> Entry:
    """An interaction of a cassette, whose filters may have removed fields."""
    del attached
    request, response = one["request"], one.get("response") or {}
    headers = headers_of(response.get("headers"))
    return entry_of(
        number,
        line,
        method=request["method"],
        url=request["uri"] if "uri" in request else request["url"],
        request_headers=request.get("headers"),
        request_body=_body_in_vcr(request),
        status=response.get("status") or response.get("code") or response.get("status_code"),
        response_headers=headers,
        response_body=_body_in_vcr(response),
        started=moment_of(one.get("recorded_at")) or _date_in(headers),
        elapsed=response.get("elapsed"),
        # Only a report of Schemathesis says how long a response took.
        fidelity=Fidelity.KEPT if "elapsed" in response else Fidelity.EDITED,
    )


def _body_in_vcr(message: Recorded) -> Any:  # noqa: ANN401 - as recorded
    """The body; in TOML cassetter writes its type beside it, and JSON as text."""
    if "body_type" not in message:
        return message.get("body")
    kind = {"json": "text"}.get(message["body_type"], message["body_type"])
    return {"type": kind, "content": message.get("body_content")}


# Reports


def from_schemathesis_event(number: int, line: int, event: Recorded, _: str) -> list[Entry]:
    """The exchanges of an event in Schemathesis' NDJSON report; most events have none."""
    entries: list[Entry] = []
    for scenario in event.values():
        recorder = scenario.get("recorder") if isinstance(scenario, dict) else None
        for one in ((recorder or {}).get("interactions") or {}).values():
            request, response = one["request"], one.get("response") or {}
            entry = entry_of(
                number + len(entries),
                line,
                method=request["method"],
                url=request["uri"],
                request_headers=request.get("headers"),
                request_body=request.get("body"),
                status=response.get("status_code"),
                response_headers=response.get("headers"),
                response_body=response.get("content"),
                started=one.get("timestamp"),
                elapsed=response.get("elapsed"),
            )
            entries.append(entry)
    return entries


def from_newman(number: int, line: int, one: Recorded, attached: Attached) -> Entry:
    """An execution of newman's JSON report."""
    del attached
    request, response = one["request"], one.get("response") or {}
    headers = headers_of(response.get("header"))
    return entry_of(
        number,
        line,
        method=request["method"],
        url=_url_in_postman(request["url"]),
        request_headers=request.get("header"),
        request_body=request.get("body"),
        status=response.get("code"),
        response_headers=headers,
        response_body=response["stream"] if "stream" in response else response.get("body"),
        started=_date_in(headers),
        elapsed=seconds_of(response.get("responseTime")) / 1_000,
    )


def _date_in(headers: Mapping[str, str]) -> str | None:
    """When a response was sent, by its own account."""
    return lowered(headers).get("date")


def _url_in_postman(url: Any) -> str:  # noqa: ANN401 - as recorded
    if not isinstance(url, Mapping):
        return text_of(url)
    host, path = url.get("host") or "", url.get("path") or ""
    host = host if isinstance(host, str) else ".".join(map(str, host))
    path = path if isinstance(path, str) else "/".join(map(str, path))
    port = f":{url['port']}" if url.get("port") else ""
    query = "&".join(f"{name}={value}" for name, value in pairs_of(url.get("query")))
    start = f"{url.get('protocol') or 'https'}://{host}{port}/{path.lstrip('/')}"
    return f"{start}?{query}" if query else start


# This package


def from_own(number: int, line: int, one: Interaction, began: float | None) -> Entry:
    """An interaction of a cassette of this package.

    Args:
        number: Its number in the file.
        line: Its line.
        one: The interaction.
        began: When the recording was started, in seconds since 1970.
    """
    request, response = one.request, one.response
    return entry_of(
        number,
        line,
        method=request.method,
        url=request.uri,
        request_headers=dict(request.headers),
        request_body=request.body,
        status=response["status"]["code"],
        response_headers=response["headers"],
        response_body=response["body"]["string"],
        started=None if began is None else began + one.started,
        elapsed=one.elapsed,
        is_ours=True,
    )
