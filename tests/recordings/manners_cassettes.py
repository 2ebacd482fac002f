"""How reports and cassettes of other tools write the same exchanges down."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

import yaml
from manners_har import as_json, in_base64

from pytest_atomic_cards.model.exchange import Exchange


def as_yaml(document: Any) -> bytes:  # noqa: ANN401
    """A document in YAML."""
    return yaml.safe_dump(document, sort_keys=False).encode()


def date_of(one: Exchange) -> str:
    """When an exchange was, as in a ``Date`` header."""
    return one.started.strftime("%a, %d %b %Y %H:%M:%S GMT")


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
    default = {"Content-Type": ["application/json"], "Date": [date_of(one)]}
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
    return as_yaml({"interactions": exchanges, "version": 1})


def vcrpy_packed(all_: Sequence[Exchange]) -> bytes:
    """vcrpy, YAML: compressed bodies as ``!!binary``."""
    coding = {"Content-Encoding": ["gzip"], "Content-Type": ["application/json"]}
    exchanges = [
        _exchange(one, {"string": gzip.compress(one.response_body)}, headers=coding) for one in all_
    ]
    return as_yaml({"interactions": exchanges, "version": 1})


def vcrpy_json(all_: Sequence[Exchange]) -> bytes:
    """vcrpy, JSON."""
    exchanges = [_exchange(one, {"string": one.response_body.decode()}) for one in all_]
    return as_json({"version": 1, "interactions": exchanges}, 1)


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
    return as_yaml({"version": 1, "interactions": exchanges})


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
            {"encoding": "utf-8", "base64_string": in_base64(one.response_body)},
            sent={"encoding": "utf-8", "string": one.request_body.decode()},
            url="uri",
        )
        | {"recorded_at": one.started.replace(tzinfo=None).isoformat()}
        for one in all_
    ]
    return as_json({"http_interactions": exchanges, "recorded_with": "betamax/0.9.0"})


def _of_ruby(one: Exchange) -> dict[str, Any]:
    return _exchange(
        one,
        {"encoding": "UTF-8", "string": one.response_body.decode()},
        sent={"encoding": "US-ASCII", "string": one.request_body.decode()},
        method=one.method.lower(),
        http_version=None,
    ) | {"recorded_at": date_of(one)}


def ruby_vcr(all_: Sequence[Exchange]) -> bytes:
    """VCR for Ruby, YAML: methods in lower case, binary bodies with a tag of Ruby."""
    document = {"http_interactions": list(map(_of_ruby, all_)), "recorded_with": "VCR 6.1.0"}
    for one in document["http_interactions"][::2]:
        body = one["response"]["body"]  # type: ignore[index]
        body["string"] = body["string"].encode()
    return b"---\n" + as_yaml(document).replace(b"!!binary", b"!binary")


def ruby_vcr_json(all_: Sequence[Exchange]) -> bytes:
    """VCR for Ruby, JSON."""
    return as_json({"http_interactions": list(map(_of_ruby, all_)), "recorded_with": "VCR 6.1.0"})


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
    return as_yaml({"http_interactions": exchanges, "recorded_with": "vcr/1.7.0"})


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
    return b"---\n" + as_yaml({"version": 1, "interactions": list(map(_of_go, all_))})


def go_vcr_3(all_: Sequence[Exchange]) -> bytes:
    """go-vcr 2 and 3: details of the transfer."""
    exchanges = [
        {"id": number, **_of_go(one, proto="HTTP/2.0", uncompressed=True, content_length=-1)}
        for number, one in enumerate(all_)
    ]
    return b"---\n" + as_yaml({"version": 2, "interactions": exchanges})


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
    return as_yaml(exchanges)


CASSETTE_MANNERS = (
    vcrpy,
    vcrpy_packed,
    vcrpy_json,
    cassetter,
    cassetter_toml,
    betamax,
    ruby_vcr,
    ruby_vcr_json,
    r_vcr,
    go_vcr,
    go_vcr_3,
    php_vcr,
)
