"""Converts the exchanges of each recording format into :class:`Entry`.

Sources: vcrpy (cassettes of version 1), HAR 1.2, Schemathesis (reports VCR and NDJSON),
``Exchange.as_dict`` of this package.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.recordings.audit.entry import (
    Entry,
    Texts,
    decoded,
    lowered,
    merged,
    seconds_of,
    seconds_of_date,
    structured,
    text_of,
    texts_of,
)
from pytest_atomic_cards.rules.parsed_response import Fidelity

if TYPE_CHECKING:
    from pytest_atomic_cards.recordings.cassettes.cassette_document import Interaction

Recorded = Mapping[str, Any]

LINE_MEMBERS: Final = frozenset(
    {
        "method",
        "url",
        "requestHeaders",
        "requestBody",
        "status",
        "responseHeaders",
        "responseBody",
        "started",
        "elapsed",
        "error",
        "curl",
    }
)
"""The members of an exchange in JSON lines. Source: ``Exchange.as_dict``."""
_FROM_CACHE: Final = ("_fromCache", "_fromDiskCache")


def entry_of(
    number: int,
    line: int,
    method: str,
    url: str,
    response: tuple[int | None, Mapping[str, str], bytes],
    *,
    request_headers: Mapping[str, str],
    request_body: bytes,
    started: float | None,
    elapsed: float,
    fidelity: Fidelity = Fidelity.KEPT,
    is_ours: bool = False,
    others: Callable[[], Texts] = tuple,
) -> Entry:
    """An entry for an exchange whose bodies are bytes.

    Args:
        number: Its number in the file.
        line: Its line.
        method: HTTP method.
        url: Absolute URL.
        response: Status, headers and body of the response.
        request_headers: Headers of the request.
        request_body: Body of the request.
        started: When the request was sent.
        elapsed: Seconds until the response was read.
        fidelity: How faithful the recording is.
        is_ours: Whether it is certainly an exchange with the Cards API.
        others: Further texts of it in the file, each with its place.
    """
    status, headers, content = response
    return Entry(
        number=number,
        line=line,
        method=method,
        url=url,
        status=status,
        body=decoded(content),
        started=started,
        elapsed=elapsed,
        request_headers=request_headers,
        response_headers=lowered(headers),
        request_body=request_body,
        fidelity=fidelity,
        is_ours=is_ours,
        texts=lambda: chain(
            texts_of(url, request_headers, headers, request_body, content), others()
        ),
    )


def from_line(number: int, line: int, one: Recorded, text: str) -> list[Entry]:
    """An exchange as :meth:`Exchange.as_dict` writes it."""
    status, sent = one.get("status"), one.get("requestBody")
    entry = Entry(
        number=number,
        line=line,
        method=one["method"],
        url=one["url"],
        status=status if isinstance(status, int) else None,
        body=structured(one.get("responseBody")),
        started=seconds_of(one.get("started")),
        elapsed=float(one.get("elapsed") or 0.0),
        request_headers=one.get("requestHeaders") or {},
        response_headers=one.get("responseHeaders") or {},
        request_body=b"" if sent is None else str(sent).encode(),
        fidelity=Fidelity.KEPT,
        texts=lambda: (("", text),),
    )
    return [entry]


def from_har(number: int, line: int, one: Recorded) -> Entry:
    """An entry of a HAR file; one from the browser's own cache has no response."""
    request, response = one["request"], one["response"]
    content = response.get("content") or {}
    cached = any(one.get(name) for name in _FROM_CACHE)
    return entry_of(
        number,
        line,
        request["method"],
        request["url"],
        (
            None if cached else int(response["status"]) or None,
            _of_pairs(response.get("headers")),
            _of_text(content.get("text"), content.get("encoding")),
        ),
        request_headers=_of_pairs(request.get("headers")),
        request_body=_of_text((request.get("postData") or {}).get("text"), None),
        started=seconds_of(one.get("startedDateTime")),
        elapsed=max(float(one.get("time") or 0.0), 0.0) / 1_000,
        others=lambda: _others_in_har(one),
    )


def _others_in_har(one: Recorded) -> Texts:
    """The rest of a HAR entry, without bodies; it repeats most of the exchange."""
    request, response = one["request"], one["response"]
    for cookie in chain(request.get("cookies") or (), response.get("cookies") or ()):
        yield "its cookies", f'"Cookie": "{cookie.get("value")}"'
    bodiless = {
        **one,
        "request": {**request, "postData": _but_text(request.get("postData"))},
        "response": {**response, "content": _but_text(response.get("content"))},
    }
    yield "its fields", json.dumps(bodiless, default=str)


def _but_text(body: Recorded | None) -> Recorded:
    return {name: value for name, value in (body or {}).items() if name != "text"}


def _of_pairs(pairs: Any) -> dict[str, str]:  # noqa: ANN401 - as recorded
    return {text_of(pair["name"]): text_of(pair["value"]) for pair in pairs or ()}


def _of_text(text: Any, encoding: str | None) -> bytes:  # noqa: ANN401 - as recorded
    if text is None:
        return b""
    if isinstance(text, bytes):
        return text
    content = text_of(text).encode("utf-8", "surrogatepass")
    return base64.b64decode(content) if encoding == "base64" else content


def from_vcr(number: int, line: int, one: Recorded) -> Entry:
    """An interaction of a vcrpy cassette, whose filters may have removed fields."""
    request, response = one["request"], one["response"]
    headers = merged(response.get("headers"))
    return entry_of(
        number,
        line,
        text_of(request["method"]),
        text_of(request["uri"]),
        (int(response["status"]["code"]), headers, _of_vcr_body(response.get("body"))),
        request_headers=merged(request.get("headers")),
        request_body=_of_vcr_body(request.get("body")),
        started=seconds_of(one.get("recorded_at")) or seconds_of_date(lowered(headers)),
        elapsed=0.0,
        fidelity=Fidelity.EDITED,
    )


def _of_vcr_body(body: Any) -> bytes:  # noqa: ANN401 - as recorded
    if isinstance(body, Mapping):
        for name in ("base64_string", "base64"):
            if name in body:
                return _of_text(body[name], "base64")
        body = body["string"] if "string" in body else json.dumps(body, default=str)
    return _of_text(json.dumps(body, default=str) if isinstance(body, dict | list) else body, None)


def from_schemathesis_vcr(number: int, line: int, one: Recorded) -> Entry:
    """An interaction of Schemathesis' VCR report."""
    request, response = one["request"], one.get("response") or {}
    code = (response.get("status") or {}).get("code")
    return entry_of(
        number,
        line,
        text_of(request["method"]),
        text_of(request["uri"]),
        (
            None if code is None else int(code),
            merged(response.get("headers")),
            _of_vcr_body(response.get("body")),
        ),
        request_headers=merged(request.get("headers")),
        request_body=_of_vcr_body(request.get("body")),
        started=seconds_of(one.get("recorded_at")),
        elapsed=float(response.get("elapsed") or 0.0),
    )


def from_schemathesis_event(number: int, line: int, event: Recorded, _: str) -> list[Entry]:
    """The exchanges of an event in Schemathesis' NDJSON report; most events have none."""
    entries: list[Entry] = []
    for scenario in event.values():
        recorder = scenario.get("recorder") if isinstance(scenario, dict) else None
        for one in ((recorder or {}).get("interactions") or {}).values():
            request, response = one["request"], one.get("response") or {}
            timestamp = one.get("timestamp")
            entry = entry_of(
                number + len(entries),
                line,
                request["method"],
                request["uri"],
                (
                    response.get("status_code"),
                    merged(response.get("headers")),
                    _of_content(response.get("content")),
                ),
                request_headers=merged(request.get("headers")),
                request_body=_of_content(request.get("body")),
                started=None if timestamp is None else float(timestamp),
                elapsed=float(response.get("elapsed") or 0.0),
            )
            entries.append(entry)
    return entries


def _of_content(content: Any) -> bytes:  # noqa: ANN401 - as recorded
    if isinstance(content, Mapping):
        return _of_text(content["$base64"], "base64")
    return _of_text(content, None)


def from_own(number: int, line: int, one: Interaction, began: float | None) -> Entry:
    """An interaction of a cassette of this package.

    Args:
        number: Its number in the file.
        line: Its line.
        one: The interaction.
        began: When the recording was started, in seconds since 1970.
    """
    request, response = one.request, one.response
    headers = merged(response["headers"])
    return entry_of(
        number,
        line,
        request.method,
        request.uri,
        (response["status"]["code"], headers, response["body"]["string"]),
        request_headers=merged(dict(request.headers)),
        request_body=request.body or b"",
        started=None if began is None else began + one.started,
        elapsed=one.elapsed,
        is_ours=True,
    )
