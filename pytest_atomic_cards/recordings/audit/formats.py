"""Converts the exchanges of each recording format into :class:`Entry`.

Sources: HAR 1.2 and what browsers, Insomnia, Polly.JS and Playwright make of it; cassettes of
vcrpy, cassetter, betamax, VCR for Ruby and R, go-vcr (versions 1 to 3) and PHP-VCR; reports of
Schemathesis (VCR and NDJSON) and of newman; ``Exchange.as_dict`` of this package.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pytest_atomic_cards.recordings.audit.bodies import NO_BODY, Body, body_in, decoded, of_chunks
from pytest_atomic_cards.recordings.audit.entry import Entry, Texts, texts_of
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
from pytest_atomic_cards.rules.parsed_response import Fidelity

if TYPE_CHECKING:
    from pytest_atomic_cards.recordings.cassettes.cassette_document import Interaction

Recorded = Mapping[str, Any]
Attached = Callable[[str], bytes | None]
"""The content of a file that a recording names; ``None`` if there is none."""
Parser = Callable[[int, int, Any, Attached], Entry]
"""Makes an entry of number, line and value of an exchange."""

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
_FROM_CACHE: Final = ("_fromCache", "_fromDiskCache")


def entry_of(
    number: int,
    line: int,
    method: str,
    url: str,
    response: tuple[int | None, Mapping[str, str], Body],
    *,
    request_headers: Mapping[str, str],
    request_body: bytes,
    started: float | None,
    elapsed: float,
    fidelity: Fidelity = Fidelity.KEPT,
    is_ours: bool = False,
    others: Callable[[], Texts] = tuple,
) -> Entry:
    """An entry for an exchange of any format.

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
    status, headers, body = response
    return Entry(
        number=number,
        line=line,
        method=method,
        url=url,
        status=status,
        body=body,
        started=started,
        elapsed=elapsed,
        request_headers=request_headers,
        response_headers=lowered(headers),
        request_body=request_body,
        fidelity=fidelity,
        is_ours=is_ours,
        texts=lambda: chain(
            texts_of(url, request_headers, headers, request_body, body.content), others()
        ),
    )


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
    headers = lowered(headers_of(get("response_headers")))
    return Entry(
        number=number,
        line=line,
        method=method_of(get("method")),
        url=text_of(get("url")),
        status=status_of(get("status")),
        body=body_in(get("response_body"), headers.get("content-encoding", "")),
        started=moment_of(get("started")),
        elapsed=seconds_of(get("elapsed")),
        request_headers=headers_of(get("request_headers")),
        response_headers=headers,
        request_body=body_in(get("request_body")).content,
        fidelity=Fidelity.KEPT,
        texts=lambda: (("", text),),
    )


# HAR


def from_har(number: int, line: int, one: Recorded, attached: Attached) -> Entry:
    """An entry of a HAR file; one from the browser's own cache has no response."""
    request, response = one["request"], one.get("response") or {}
    headers = headers_of(response.get("headers"))
    cached = any(one.get(name) for name in _FROM_CACHE)
    coding = lowered(headers).get("content-encoding", "")
    return entry_of(
        number,
        line,
        method_of(request["method"]),
        _url_in_har(request),
        (
            None if cached else status_of(response.get("status")),
            headers,
            _content_in_har(response.get("content"), coding, attached),
        ),
        request_headers=headers_of(request.get("headers")),
        request_body=_content_in_har(request.get("postData"), "", attached).content,
        started=moment_of(one.get("startedDateTime")),
        elapsed=seconds_of(one.get("time")) / 1_000,
        others=lambda: _others_in_har(one),
    )


def _url_in_har(request: Recorded) -> str:
    """The URL; Insomnia gives the query in a list alone."""
    url = text_of(request["url"])
    query = pairs_of(request.get("queryString")) if "?" not in url else []
    pairs = (f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    return f"{url}?{'&'.join(pairs)}" if query else url


def _content_in_har(content: Any, coding: str, attached: Attached) -> Body:  # noqa: ANN401
    if not isinstance(content, Mapping):
        return NO_BODY
    text, encoding = content.get("text"), content.get("encoding")
    if text is None and isinstance(content.get("_file"), str):
        return decoded(attached(content["_file"]) or b"", coding)
    if content.get("_isBinary"):
        encoding = "hex"
    body = body_in({"text": text, "encoding": encoding}, coding)
    if coding and isinstance(body.value, list) and isinstance(text, str):
        chunks = of_chunks(text)
        return body if chunks is None else decoded(chunks, coding)
    return body


def _others_in_har(one: Recorded) -> Texts:
    """The rest of a HAR entry, without bodies; it repeats most of the exchange."""
    request, response = one["request"], one.get("response") or {}
    for cookie in chain(request.get("cookies") or (), response.get("cookies") or ()):
        value = cookie.get("value") if isinstance(cookie, Mapping) else cookie
        yield "its cookies", f'"Cookie": "{value}"'
    bodiless = {
        **one,
        "request": {**request, "postData": _but_text(request.get("postData"))},
        "response": {**response, "content": _but_text(response.get("content"))},
    }
    yield "its fields", json.dumps(bodiless, default=str)


def _but_text(body: Any) -> Any:  # noqa: ANN401 - as recorded
    if not isinstance(body, Mapping):
        return None
    return {name: value for name, value in body.items() if name != "text"}


# Cassettes


def from_vcr(number: int, line: int, one: Recorded, attached: Attached) -> Entry:
    """An interaction of a cassette, whose filters may have removed fields."""
    del attached
    request, response = one["request"], one.get("response") or {}
    headers = headers_of(response.get("headers"))
    in_lower_case = lowered(headers)
    status = response.get("status") or response.get("code") or response.get("status_code")
    started = moment_of(one.get("recorded_at")) or moment_of(in_lower_case.get("date"))
    return entry_of(
        number,
        line,
        method_of(request["method"]),
        text_of(request["uri"] if "uri" in request else request["url"]),
        (
            status_of(status),
            headers,
            body_in(_body_in_vcr(response), in_lower_case.get("content-encoding", "")),
        ),
        request_headers=headers_of(request.get("headers")),
        request_body=body_in(_body_in_vcr(request)).content,
        started=started,
        elapsed=seconds_of(response.get("elapsed")),
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
            headers = headers_of(response.get("headers"))
            entry = entry_of(
                number + len(entries),
                line,
                method_of(request["method"]),
                text_of(request["uri"]),
                (
                    status_of(response.get("status_code")),
                    headers,
                    body_in(response.get("content"), lowered(headers).get("content-encoding", "")),
                ),
                request_headers=headers_of(request.get("headers")),
                request_body=body_in(request.get("body")).content,
                started=moment_of(one.get("timestamp")),
                elapsed=seconds_of(response.get("elapsed")),
            )
            entries.append(entry)
    return entries


def from_newman(number: int, line: int, one: Recorded, attached: Attached) -> Entry:
    """An execution of newman's JSON report."""
    del attached
    request, response = one["request"], one.get("response") or {}
    headers = headers_of(response.get("header"))
    in_lower_case = lowered(headers)
    body = response["stream"] if "stream" in response else response.get("body")
    return entry_of(
        number,
        line,
        method_of(request["method"]),
        _url_in_postman(request["url"]),
        (
            status_of(response.get("code")),
            headers,
            body_in(body, in_lower_case.get("content-encoding", "")),
        ),
        request_headers=headers_of(request.get("header")),
        request_body=body_in(request.get("body")).content,
        started=moment_of(in_lower_case.get("date")),
        elapsed=seconds_of(response.get("responseTime")) / 1_000,
    )


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
    headers = headers_of(response["headers"])
    return entry_of(
        number,
        line,
        request.method,
        request.uri,
        (response["status"]["code"], headers, decoded(response["body"]["string"])),
        request_headers=headers_of(dict(request.headers)),
        request_body=request.body or b"",
        started=None if began is None else began + one.started,
        elapsed=one.elapsed,
        is_ours=True,
    )
