"""How tools of the world write the same exchanges down.

Each manner gives the content of a file; the members that an audit does not read are as the tool
writes them, as far as they could mislead it.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from pytest_atomic_cards.model.exchange import Exchange

Manner = Callable[[Sequence[Exchange]], bytes]


def _json(document: Any, indent: int | None = None) -> bytes:  # noqa: ANN401
    return json.dumps(document, indent=indent).encode()


def _yaml(document: Any) -> bytes:  # noqa: ANN401
    return yaml.safe_dump(document, sort_keys=False).encode()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def _date(one: Exchange) -> str:
    return one.started.strftime("%a, %d %b %Y %H:%M:%S GMT")


# HAR


def _entry(one: Exchange, content: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
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


def _har(entries: Iterable[dict[str, Any]], creator: str, **log: Any) -> bytes:  # noqa: ANN401
    members = {"version": "1.2", "creator": {"name": creator, "version": "1"}, **log}
    return _json({"log": {**members, "entries": list(entries)}}, 2)


def _packed(one: Exchange, content: bytes, coding: str, **extra: Any) -> dict[str, Any]:  # noqa: ANN401
    entry = _entry(one, {"mimeType": "application/json", "text": _base64(content), **extra})
    entry["response"]["content"].setdefault("encoding", "base64")
    entry["response"]["headers"].append({"name": "content-encoding", "value": coding})
    return entry


def chrome(all_: Sequence[Exchange]) -> bytes:
    """Chrome: pages, initiators, members with an underscore, other hosts."""
    extra = {"_initiator": {"type": "script"}, "_priority": "High", "_resourceType": "fetch"}
    other = _entry(all_[0], url="https://cdn.test/logo.png")
    other["response"] |= {"status": 0, "content": {"size": 0, "mimeType": "x-unknown"}}
    other["time"] = "12 ms"
    return _har(
        [other, *({**extra, **_entry(one)} for one in all_), other], "WebInspector", pages=[]
    )


def edge(all_: Sequence[Exchange]) -> bytes:
    """Edge: as Chrome, in base64."""
    content = [
        {"mimeType": "application/json", "text": _base64(one.response_body), "encoding": "base64"}
        for one in all_
    ]
    return _har(map(_entry, all_, content), "WebInspector")


def firefox(all_: Sequence[Exchange]) -> bytes:
    """Firefox: a byte order mark, times with an offset, headers that may repeat."""
    entries = [
        {**_entry(one), "startedDateTime": one.started.isoformat(), "pageref": "page_1"}
        for one in all_
    ]
    return b"\xef\xbb\xbf" + _har(entries, "Firefox", browser={"name": "Firefox"})


def safari(all_: Sequence[Exchange]) -> bytes:
    """Safari: entries without a response, and one that failed."""
    failed = _entry(all_[0], url="https://push.test/socket")
    del failed["response"]
    return _har([failed, *map(_entry, all_)], "WebKit Web Inspector")


def insomnia(all_: Sequence[Exchange]) -> bytes:
    """Insomnia: the query only in its list."""
    return _har(
        (_entry(one, url=one.url.partition("?")[0]) for one in all_), "Insomnia REST Client"
    )


def charles(all_: Sequence[Exchange]) -> bytes:
    """Charles: base64 of the compressed body."""
    entries = (_packed(one, gzip.compress(one.response_body), "gzip") for one in all_)
    return _har(entries, "Charles Proxy")


def fiddler(all_: Sequence[Exchange]) -> bytes:
    """Fiddler: seven digits of a second, and numbers as text."""
    entries = [_entry(one) for one in all_]
    for one, entry in zip(all_, entries, strict=True):
        entry["startedDateTime"] = one.started.strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")
        entry["response"]["status"] = str(one.status)
        entry["time"] = str(entry["time"])
    return _har(entries, "Fiddler")


def mitmproxy(all_: Sequence[Exchange]) -> bytes:
    """mitmproxy: one line, the body raw deflate in base64."""
    entries = [_packed(one, _raw_deflate(one.response_body), "deflate") for one in all_]
    return _json({"log": {"version": "1.2", "creator": {"name": "mitmproxy"}, "entries": entries}})


def polly(all_: Sequence[Exchange]) -> bytes:
    """Polly.JS: values of headers in lists, chunks of a compressed body in hexadecimal digits."""
    entries = []
    for one in all_:
        packed = gzip.compress(one.response_body)
        chunks = json.dumps([packed[:10].hex(), packed[10:].hex()])
        entry = _entry(one, {"mimeType": "application/json", "text": chunks})
        entry["response"]["headers"] = [
            {"name": "content-encoding", "value": ["gzip"]},
            {"name": "set-cookie", "value": ["theme=[redacted]"]},
        ]
        entries.append({"_id": "ff44ed3f1f9a17bd8d3aa651a8afe7f2", "_order": 0, **entry})
    return _har(entries, "Polly.JS", _recordingName="cards")


def polly_binary(all_: Sequence[Exchange]) -> bytes:
    """Polly.JS before version 6: the whole body in hexadecimal digits."""
    contents = ({"text": one.response_body.hex(), "_isBinary": True} for one in all_)
    return _har(map(_entry, all_, contents), "Polly.JS")


def playwright(all_: Sequence[Exchange]) -> bytes:
    """Playwright, embedded: a WebSocket among the entries."""
    socket = _entry(all_[0], url="wss://live.test/v1/e/cards")
    socket["_webSocketMessages"] = [{"type": "receive", "data": "{}"}]
    return _har([*map(_entry, all_), socket], "Playwright")


def playwright_zip(all_: Sequence[Exchange]) -> bytes:
    """Playwright, attached: a zip file with the bodies beside the HAR file."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        entries = []
        for number, one in enumerate(all_):
            archive.writestr(f"{number}.json", one.response_body)
            entries.append(_entry(one, {"size": 1, "mimeType": "x", "_file": f"{number}.json"}))
        archive.writestr("har.har", _har(entries, "Playwright"))
    return kept.getvalue()


# Reports


def newman(all_: Sequence[Exchange]) -> bytes:
    """newman: the URL in parts, the body as a list of bytes."""
    executions = []
    for one in all_:
        parts = urlsplit(one.url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        executions.append(
            {
                "cursor": {"iteration": 0},
                "item": {"name": "list", "request": {"method": "GET"}},
                "request": {
                    "url": {
                        "protocol": parts.scheme,
                        "host": (parts.hostname or "").split("."),
                        "path": parts.path.strip("/").split("/"),
                        "query": [{"key": name, "value": value} for name, value in query],
                    },
                    "header": [{"key": "Accept", "value": "*/*"}],
                    "method": one.method,
                    "body": {"mode": "raw", "raw": one.request_body.decode()},
                },
                "response": {
                    "status": "OK",
                    "code": one.status,
                    "header": [
                        {"key": "Content-Type", "value": "application/json"},
                        {"key": "Date", "value": _date(one)},
                    ],
                    "stream": {"type": "Buffer", "data": list(one.response_body)},
                    "responseTime": 12,
                },
            }
        )
    collection = {"info": {"name": "cards"}, "item": []}
    return _json({"collection": collection, "run": {"stats": {}, "executions": executions}})


def schemathesis_vcr(all_: Sequence[Exchange]) -> bytes:
    """Schemathesis, VCR: the status as text."""
    exchanges = [
        {
            "id": str(number),
            "request": {
                "uri": one.url,
                "method": one.method,
                "headers": {"Authorization": ["[Filtered]"]},
                "body": {"encoding": "utf-8", "string": one.request_body.decode()},
            },
            "response": {
                "status": {"code": str(one.status), "message": "OK"},
                "elapsed": "0.1",
                "headers": {"Content-Type": ["application/json"]},
                "body": {"encoding": "utf-8", "base64_string": _base64(one.response_body)},
            },
            "recorded_at": one.started.isoformat(),
        }
        for number, one in enumerate(all_)
    ]
    return _yaml({"recorded_with": "Schemathesis 4", "http_interactions": exchanges})


def schemathesis_ndjson(all_: Sequence[Exchange]) -> bytes:
    """Schemathesis, NDJSON: several exchanges in one event."""
    exchanges = {
        str(number): {
            "request": {"method": one.method, "uri": one.url, "headers": {}},
            "response": {
                "status_code": one.status,
                "headers": {"content-type": ["application/json"]},
                "content": {"$base64": _base64(one.response_body)},
                "elapsed": 0.1,
            },
            "timestamp": one.started.timestamp(),
        }
        for number, one in enumerate(all_)
    }
    events = [{"Initialize": {}}, {"ScenarioFinished": {"recorder": {"interactions": exchanges}}}]
    return b"".join(_json(event) + b"\n" for event in events)


# Cassettes


def _exchange(
    one: Exchange,
    body: Any,  # noqa: ANN401 - of the response
    *,
    sent: Any = None,  # noqa: ANN401
    method: str = "",
    url: str = "uri",
    status: Any = None,  # noqa: ANN401
    headers: Any = None,  # noqa: ANN401
    **response: Any,  # noqa: ANN401
) -> dict[str, Any]:
    default = {"Content-Type": ["application/json"], "Date": [_date(one)]}
    return {
        "request": {
            "method": method or one.method,
            url: one.url,
            "body": one.request_body.decode() or None if sent is None else sent,
            "headers": {"Accept": ["*/*"]},
        },
        "response": {
            "status": status or {"code": one.status, "message": "OK"},
            "headers": default if headers is None else headers,
            "body": body,
            **response,
        },
    }


def vcrpy(all_: Sequence[Exchange]) -> bytes:
    """vcrpy, YAML."""
    exchanges = [_exchange(one, {"string": one.response_body.decode()}) for one in all_]
    return _yaml({"interactions": exchanges, "version": 1})


def vcrpy_packed(all_: Sequence[Exchange]) -> bytes:
    """vcrpy, YAML: compressed bodies as ``!!binary``."""
    coding = {"Content-Encoding": ["gzip"], "Content-Type": ["application/json"]}
    exchanges = [
        _exchange(one, {"string": gzip.compress(one.response_body)}, headers=coding) for one in all_
    ]
    return _yaml({"interactions": exchanges, "version": 1})


def vcrpy_json(all_: Sequence[Exchange]) -> bytes:
    """vcrpy, JSON."""
    exchanges = [_exchange(one, {"string": one.response_body.decode()}) for one in all_]
    return _json({"version": 1, "interactions": exchanges}, 1)


def _structured(body: bytes) -> dict[str, Any]:
    return {"type": "json", "content": json.loads(body)} if body else {"type": "none"}


def cassetter(all_: Sequence[Exchange]) -> bytes:
    """cassetter, YAML: bodies as structure, the status as a number."""
    exchanges = [
        _exchange(
            one,
            _structured(one.response_body),
            sent=_structured(one.request_body),
            status=one.status,
        )
        | {"recorded_at": one.started.isoformat().replace("+00:00", "Z")}
        for one in all_
    ]
    return _yaml({"version": 1, "interactions": exchanges})


def cassetter_toml(all_: Sequence[Exchange]) -> bytes:
    """cassetter, TOML: bodies as JSON text with the type beside it."""
    tables = []
    for one in all_:
        kind = "json" if one.request_body else "none"
        tables += [
            "[[interactions]]",
            f'recorded_at = "{one.started.isoformat()}"',
            "[interactions.request]",
            f'method = "{one.method}"',
            f"uri = {json.dumps(one.url)}",
            f'body_type = "{kind}"',
            f"body_content = {json.dumps(one.request_body.decode())}",
            "[interactions.response]",
            f"status = {one.status}",
            'body_type = "json"',
            f"body_content = {json.dumps(one.response_body.decode())}",
            "[interactions.response.headers]",
            'content-type = ["application/json"]',
        ]
    return "\n".join(["version = 1", "", *tables, ""]).encode()


def betamax(all_: Sequence[Exchange]) -> bytes:
    """betamax: JSON with base64, and times without a zone."""
    exchanges = [
        _exchange(
            one,
            {"encoding": "utf-8", "base64_string": _base64(one.response_body)},
            sent={"encoding": "utf-8", "string": one.request_body.decode()},
            url="uri",
        )
        | {"recorded_at": one.started.replace(tzinfo=None).isoformat()}
        for one in all_
    ]
    return _json({"http_interactions": exchanges, "recorded_with": "betamax/0.9.0"})


def _of_ruby(one: Exchange) -> dict[str, Any]:
    return _exchange(
        one,
        {"encoding": "UTF-8", "string": one.response_body.decode()},
        sent={"encoding": "US-ASCII", "string": one.request_body.decode()},
        method=one.method.lower(),
        http_version=None,
    ) | {"recorded_at": _date(one)}


def ruby_vcr(all_: Sequence[Exchange]) -> bytes:
    """VCR for Ruby, YAML: methods in lower case, binary bodies with a tag of Ruby."""
    document = {"http_interactions": list(map(_of_ruby, all_)), "recorded_with": "VCR 6.1.0"}
    for one in document["http_interactions"][::2]:
        body = one["response"]["body"]  # type: ignore[index]
        body["string"] = body["string"].encode()
    return b"---\n" + _yaml(document).replace(b"!!binary", b"!binary")


def ruby_vcr_json(all_: Sequence[Exchange]) -> bytes:
    """VCR for Ruby, JSON."""
    return _json({"http_interactions": list(map(_of_ruby, all_)), "recorded_with": "VCR 6.1.0"})


def r_vcr(all_: Sequence[Exchange]) -> bytes:
    """VCR for R: headers as text, the status as a number or with another name."""
    exchanges = [
        _exchange(
            one,
            {"string": one.response_body.decode(), "file": False},
            status=one.status if number % 2 else {"status_code": one.status},
            headers={"content-type": "application/json"},
        )
        | {"recorded_at": one.started.strftime("%Y-%m-%d %H:%M:%S GMT")}
        for number, one in enumerate(all_)
    ]
    return _yaml({"http_interactions": exchanges, "recorded_with": "vcr/1.7.0"})


def _of_go(one: Exchange, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    exchange = _exchange(
        one,
        one.response_body.decode(),
        sent=one.request_body.decode(),
        url="url",
        status=f"{one.status} OK",
        code=one.status,
        duration="85.4ms",
        **more,
    )
    exchange["request"]["form"] = {}
    return exchange


def go_vcr(all_: Sequence[Exchange]) -> bytes:
    """go-vcr 1: the status as text, the code beside it."""
    return b"---\n" + _yaml({"version": 1, "interactions": list(map(_of_go, all_))})


def go_vcr_3(all_: Sequence[Exchange]) -> bytes:
    """go-vcr 2 and 3: details of the transfer."""
    exchanges = [
        {"id": number, **_of_go(one, proto="HTTP/2.0", uncompressed=True, content_length=-1)}
        for number, one in enumerate(all_)
    ]
    return b"---\n" + _yaml({"version": 2, "interactions": exchanges})


def php_vcr(all_: Sequence[Exchange]) -> bytes:
    """PHP-VCR: a list without a name, codes as text."""
    exchanges = [
        _exchange(
            one,
            one.response_body.decode(),
            url="url",
            status={"http_version": "1.1", "code": str(one.status), "message": "OK"},
            headers={"Content-Type": "application/json"},
        )
        for one in all_
    ]
    return _yaml(exchanges)


# JSON lines


def _line(one: Exchange, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {**one.as_dict(), **changes}


def _lines(documents: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(_json(document) + b"\n" for document in documents)


def lines(all_: Sequence[Exchange]) -> bytes:
    """JSON lines of this package."""
    return _lines(map(_line, all_))


def lines_growing(all_: Sequence[Exchange]) -> bytes:
    """JSON lines that are still being written."""
    return lines([*all_, all_[0]])[:-40]


def lines_of_texts(all_: Sequence[Exchange]) -> bytes:
    """JSON lines with bodies and statuses as text, methods in lower case."""
    return _lines(
        _line(
            one,
            responseBody=one.response_body.decode(),
            status=f"{one.status} OK",
            method=one.method.lower(),
        )
        for one in all_
    )


def lines_of_lists(all_: Sequence[Exchange]) -> bytes:
    """JSON lines with lists of headers, and a year that no clock shows."""
    headers = [["Content-Type", "application/json"], {"name": "Vary", "value": ["a", "b"]}]
    return _lines(
        _line(one, responseHeaders=headers, requestHeaders=["Accept: */*"]) for one in all_
    )


def lines_of_another(all_: Sequence[Exchange]) -> bytes:
    """JSON lines of a logger with other names, times in milliseconds."""
    return _lines(
        {
            "url": one.url,
            "method": one.method,
            "status_code": one.status,
            "request_body": one.request_body.decode(),
            "response_headers": {"Content-Type": "application/json"},
            "response_body": one.response_body.decode(),
            "timestamp": one.started.timestamp() * 1000,
            "duration": None,
        }
        for one in all_
    )


def lines_nested(all_: Sequence[Exchange]) -> bytes:
    """JSON lines of entries of a HAR file, such as a proxy streams them."""
    return _lines(map(_entry, all_))


def array(all_: Sequence[Exchange]) -> bytes:
    """A JSON array of exchanges."""
    return _json([_line(one) for one in all_], 1)


def year_0(all_: Sequence[Exchange]) -> bytes:
    """Times that no calendar has."""
    impossible = ("0000-00-00T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-12:00")
    entries = [_entry(one) for one in all_]
    for number, entry in enumerate(entries):
        entry["startedDateTime"] = impossible[number % len(impossible)]
        entry["time"] = [1e308, -1, None, "NaN"][number % 4]
    return _har(entries, "a tool")


def gzipped(all_: Sequence[Exchange]) -> bytes:
    """A HAR file packed by gzip."""
    return gzip.compress(chrome(all_))


def behind_gateway(all_: Sequence[Exchange]) -> bytes:
    """A gateway with a base path of its own."""
    entries = [_entry(one) for one in all_]
    for entry in entries:
        rest = entry["request"]["url"].partition("/v1/")[2]
        entry["request"]["url"] = f"https://gateway.test/atomic/cards{rest.partition('/cards')[2]}"
    return _har(entries, "a tool")


MANNERS: dict[str, Manner] = {
    manner.__name__: manner
    for manner in (
        *(chrome, edge, firefox, safari, insomnia, charles, fiddler, mitmproxy, polly),
        *(polly_binary, playwright, playwright_zip, newman, schemathesis_vcr),
        *(schemathesis_ndjson, vcrpy, vcrpy_packed, vcrpy_json, cassetter, cassetter_toml),
        *(betamax, ruby_vcr, ruby_vcr_json, r_vcr, go_vcr, go_vcr_3, php_vcr, lines),
        *(lines_growing, lines_of_texts, lines_of_lists, lines_of_another, lines_nested, array),
        *(year_0, gzipped, behind_gateway),
    )
}
