"""Converts entries of HAR files into :class:`Entry`.

Source: HAR 1.2, and what browsers, Insomnia, Polly.JS and Playwright make of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import Any, Final
from urllib.parse import quote

from pytest_atomic_cards.recordings.audit.bodies import NO_BODY, Body, body_in, decoded, of_chunks
from pytest_atomic_cards.recordings.audit.entry import Attached, Entry, Recorded, Texts, entry_of
from pytest_atomic_cards.recordings.audit.fields import pairs_of, seconds_of, text_of

_FROM_CACHE: Final = ("_fromCache", "_fromDiskCache")


def from_har(number: int, line: int, one: Recorded, attached: Attached) -> Entry:
    """An entry of a HAR file; one from the browser's own cache has no response."""
    request, response = one["request"], one.get("response") or {}
    cached = any(one.get(name) for name in _FROM_CACHE)
    return entry_of(
        number,
        line,
        method=request["method"],
        url=_url_in_har(request),
        request_headers=request.get("headers"),
        request_body=request.get("postData"),
        status=None if cached else response.get("status"),
        response_headers=response.get("headers"),
        response_body=response.get("content"),
        started=one.get("startedDateTime"),
        elapsed=seconds_of(one.get("time")) / 1_000,
        read=partial(_content_in_har, attached),
        others=lambda: _others_in_har(one),
    )


def _url_in_har(request: Recorded) -> str:
    """The URL; Insomnia gives the query in a list alone."""
    url = text_of(request["url"])
    query = pairs_of(request.get("queryString")) if "?" not in url else []
    pairs = (f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    return f"{url}?{'&'.join(pairs)}" if query else url


def _content_in_har(attached: Attached, content: Any, coding: str) -> Body:  # noqa: ANN401
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
