"""How tools that write HAR files write the same exchanges down."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pytest_atomic_cards.model.exchange import Exchange


def as_json(document: Any, indent: int | None = None) -> bytes:  # noqa: ANN401
    """A document in JSON."""
    return json.dumps(document, indent=indent).encode()


def in_base64(content: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(content).decode()


def raw_deflate(content: bytes) -> bytes:
    """Compressed without the header that zlib adds."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def entry_of(
    one: Exchange,
    content: dict[str, Any] | None = None,
    **changes: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """An entry of a HAR file; ``changes`` are of the request."""
    names = ("headers", "cookies")
    text = one.response_body.decode()
    return {
        "startedDateTime": one.started.isoformat().replace("+00:00", "Z"),
        "time": one.elapsed * 1000,
        "request": {
            "method": one.method,
            "url": one.url,
            "httpVersion": "HTTP/2.0",
            **{name: [] for name in names},
            "queryString": [
                {"name": name, "value": value}
                for name, value in parse_qsl(urlsplit(one.url).query, keep_blank_values=True)
            ],
            "postData": {"mimeType": "application/json", "text": one.request_body.decode()},
            **changes,
        },
        "response": {
            "status": one.status,
            "statusText": "",
            "cookies": [],
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": content or {"size": len(text), "mimeType": "application/json", "text": text},
            "redirectURL": "",
        },
        "cache": {},
        "timings": {"send": 0, "wait": 1, "receive": 0},
    }


def har_of(entries: Iterable[dict[str, Any]], creator: str, **log: Any) -> bytes:  # noqa: ANN401
    """A HAR file; ``log`` are further members."""
    members = {"version": "1.2", "creator": {"name": creator, "version": "1"}, **log}
    return as_json({"log": {**members, "entries": list(entries)}}, 2)


def packed_entry_of(one: Exchange, content: bytes, coding: str, **extra: Any) -> dict[str, Any]:  # noqa: ANN401
    """An entry whose body is compressed."""
    entry = entry_of(one, {"mimeType": "application/json", "text": in_base64(content), **extra})
    entry["response"]["content"].setdefault("encoding", "base64")
    entry["response"]["headers"].append({"name": "content-encoding", "value": coding})
    return entry


def chrome(all_: Sequence[Exchange]) -> bytes:
    """Chrome: pages, initiators, members with an underscore, other hosts."""
    extra = {"_initiator": {"type": "script"}, "_priority": "High", "_resourceType": "fetch"}
    other = entry_of(all_[0], url="https://cdn.test/logo.png")
    other["response"] |= {"status": 0, "content": {"size": 0, "mimeType": "x-unknown"}}
    other["time"] = "12 ms"
    return har_of(
        [other, *({**extra, **entry_of(one)} for one in all_), other], "WebInspector", pages=[]
    )


def edge(all_: Sequence[Exchange]) -> bytes:
    """Edge: as Chrome, in base64."""
    content = [
        {"mimeType": "application/json", "text": in_base64(one.response_body), "encoding": "base64"}
        for one in all_
    ]
    return har_of(map(entry_of, all_, content), "WebInspector")


def firefox(all_: Sequence[Exchange]) -> bytes:
    """Firefox: a byte order mark, times with an offset, headers that may repeat."""
    entries = [
        {**entry_of(one), "startedDateTime": one.started.isoformat(), "pageref": "page_1"}
        for one in all_
    ]
    return b"\xef\xbb\xbf" + har_of(entries, "Firefox", browser={"name": "Firefox"})


def safari(all_: Sequence[Exchange]) -> bytes:
    """Safari: entries without a response, and one that failed."""
    failed = entry_of(all_[0], url="https://push.test/socket")
    del failed["response"]
    return har_of([failed, *map(entry_of, all_)], "WebKit Web Inspector")


def insomnia(all_: Sequence[Exchange]) -> bytes:
    """Insomnia: the query only in its list."""
    return har_of(
        (entry_of(one, url=one.url.partition("?")[0]) for one in all_), "Insomnia REST Client"
    )


def charles(all_: Sequence[Exchange]) -> bytes:
    """Charles: base64 of the compressed body."""
    entries = (packed_entry_of(one, gzip.compress(one.response_body), "gzip") for one in all_)
    return har_of(entries, "Charles Proxy")


def fiddler(all_: Sequence[Exchange]) -> bytes:
    """Fiddler: seven digits of a second, and numbers as text."""
    entries = [entry_of(one) for one in all_]
    for one, entry in zip(all_, entries, strict=True):
        entry["startedDateTime"] = one.started.strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")
        entry["response"]["status"] = str(one.status)
        entry["time"] = str(entry["time"])
    return har_of(entries, "Fiddler")


def mitmproxy(all_: Sequence[Exchange]) -> bytes:
    """mitmproxy: one line, the body raw deflate in base64."""
    entries = [packed_entry_of(one, raw_deflate(one.response_body), "deflate") for one in all_]
    return as_json(
        {"log": {"version": "1.2", "creator": {"name": "mitmproxy"}, "entries": entries}}
    )


def polly(all_: Sequence[Exchange]) -> bytes:
    """Polly.JS: values of headers in lists, chunks of a compressed body in hexadecimal digits."""
    entries = []
    for one in all_:
        packed = gzip.compress(one.response_body)
        chunks = json.dumps([packed[:10].hex(), packed[10:].hex()])
        entry = entry_of(one, {"mimeType": "application/json", "text": chunks})
        entry["response"]["headers"] = [
            {"name": "content-encoding", "value": ["gzip"]},
            {"name": "set-cookie", "value": ["theme=[redacted]"]},
        ]
        entries.append({"_id": "ff44ed3f1f9a17bd8d3aa651a8afe7f2", "_order": 0, **entry})
    return har_of(entries, "Polly.JS", _recordingName="cards")


def polly_binary(all_: Sequence[Exchange]) -> bytes:
    """Polly.JS before version 6: the whole body in hexadecimal digits."""
    contents = ({"text": one.response_body.hex(), "_isBinary": True} for one in all_)
    return har_of(map(entry_of, all_, contents), "Polly.JS")


def playwright(all_: Sequence[Exchange]) -> bytes:
    """Playwright, embedded: a WebSocket among the entries."""
    socket = entry_of(all_[0], url="wss://live.test/v1/e/cards")
    socket["_webSocketMessages"] = [{"type": "receive", "data": "{}"}]
    return har_of([*map(entry_of, all_), socket], "Playwright")


def playwright_zip(all_: Sequence[Exchange]) -> bytes:
    """Playwright, attached: a zip file with the bodies beside the HAR file."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        entries = []
        for number, one in enumerate(all_):
            archive.writestr(f"{number}.json", one.response_body)
            entries.append(entry_of(one, {"size": 1, "mimeType": "x", "_file": f"{number}.json"}))
        archive.writestr("har.har", har_of(entries, "Playwright"))
    return kept.getvalue()


def year_0(all_: Sequence[Exchange]) -> bytes:
    """Times that no calendar has."""
    impossible = ("0000-00-00T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-12:00")
    entries = [entry_of(one) for one in all_]
    for number, entry in enumerate(entries):
        entry["startedDateTime"] = impossible[number % len(impossible)]
        entry["time"] = [1e308, -1, None, "NaN"][number % 4]
    return har_of(entries, "a tool")


def gzipped(all_: Sequence[Exchange]) -> bytes:
    """A HAR file packed by gzip."""
    return gzip.compress(chrome(all_))


def behind_gateway(all_: Sequence[Exchange]) -> bytes:
    """A gateway with a base path of its own."""
    entries = [entry_of(one) for one in all_]
    for entry in entries:
        rest = entry["request"]["url"].partition("/v1/")[2]
        entry["request"]["url"] = f"https://gateway.test/atomic/cards{rest.partition('/cards')[2]}"
    return har_of(entries, "a tool")


HAR_MANNERS = (
    chrome,
    edge,
    firefox,
    safari,
    insomnia,
    charles,
    fiddler,
    mitmproxy,
    polly,
    polly_binary,
    playwright,
    playwright_zip,
    year_0,
    gzipped,
    behind_gateway,
)
