"""Exchanges that hold a secret in some shape, as tools write them down that hide nothing."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

SECRET = "q7Zk2VnX9bR4tLmW8cPd"
URL = "https://cards.test/v1/env/cards"
LISTING = b'{"data": []}'


@dataclass(frozen=True)
class Raw:
    """An exchange as a tool writes it down that hides nothing."""

    url: str = f"{URL}?userId=u1"
    sent: Sequence[tuple[str, str]] = (("Accept", "*/*"),)
    body: bytes = b""
    received: Sequence[tuple[str, str]] = (("content-type", "application/json"),)
    answer: bytes = LISTING
    har: dict[str, Any] = field(default_factory=dict)


def _in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _named(name: str, value: str = SECRET) -> dict[str, Raw]:
    """A value under a name, everywhere a name can stand."""
    return {
        f"header {name}": Raw(sent=((name, value),)),
        f"response header {name}": Raw(received=((name, value),)),
        f"parameter {name}": Raw(url=f"{URL}?a=1&{name}={value}"),
        f"member {name}": Raw(answer=json.dumps({"data": [], "a": [{name: value}]}).encode()),
        f"form field {name}": Raw(body=f"a=1&{name}={value}".encode()),
    }


_NAMES = (
    "X-Session-Token",
    "X-Access-Token",
    "X-Vault-Token",
    "Ocp-Apim-Subscription-Key",
    "x-goog-api-key",
    "X-Amz-Security-Token",
    "api-key",
    "apikey",
    "client_secret",
    "secret",
    "pwd",
    "password",
    "passwd",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "sig",
    "signature",
    "private_key",
    "JSESSIONID",
    "X-CSRF-Token",
    "db_password2",
)


def _body(text: str | bytes) -> Raw:
    return Raw(answer=text if isinstance(text, bytes) else text.encode())


def _raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


_MEMBER = json.dumps({"access_token": SECRET}).encode()
_PART = f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{SECRET}\r\n--b--\r\n'
_PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET * 4}\n-----END RSA PRIVATE KEY-----"
_JWT = ".".join(
    base64.urlsafe_b64encode(piece.encode()).decode().rstrip("=")
    for piece in ('{"alg":"HS256"}', '{"sub":"someone"}', SECRET)
)
_DIGITS = "0123456789abcdef" * 3
SHAPES: dict[str, Raw] = {
    **{place: raw for name in _NAMES for place, raw in _named(name).items()},
    "code of a callback": Raw(url=f"{URL}?state=a&code={SECRET}"),
    "user and password in the URL": Raw(url=f"https://user:{SECRET}@cards.test/v1/env/cards"),
    "token as user in the URL": Raw(url=f"https://{SECRET}@cards.test/v1/env/cards"),
    "URL with a password in the body": _body(f'{{"next": "https://u:{SECRET}@cards.test/"}}'),
    "escaped URL with a password": _body(f'{{"next": "https:\\/\\/u:{SECRET}@cards.test\\/"}}'),
    "gzip": _body(gzip.compress(_MEMBER)),
    "gzip sent": Raw(body=gzip.compress(_MEMBER)),
    "deflate": _body(zlib.compress(_MEMBER)),
    "raw deflate": _body(_raw_deflate(_MEMBER)),
    "gzip in base64": _body(json.dumps({"a": base64.b64encode(gzip.compress(_MEMBER)).decode()})),
    "base64": _body(json.dumps({"a": base64.b64encode(_MEMBER).decode()})),
    "base64 for URLs": _body(base64.urlsafe_b64encode(b"?" + _MEMBER).rstrip(b"=")),
    "escaped name": _body(f'{{"\\u0061ccess_\\u0074oken": "{SECRET}"}}'),
    "escaped quotes": _body(f'"{{\\u0022access_token\\u0022: \\u0022{SECRET}\\u0022}}"'),
    "escaped name in upper case": _body(f'{{"access\\u005Ftoke\\u006E": "{SECRET}"}}'),
    "JSON in JSON in JSON": _body(json.dumps(json.dumps(json.dumps({"password": SECRET})))),
    "assignment": _body(f"HOME=/root\nATOMIC_CARDS_CLIENT_SECRET={SECRET}\nA=1"),
    "quoted assignment": _body(f'export GITHUB_TOKEN="{SECRET}"'),
    "assignment with spaces": _body(f"db.password = {SECRET}"),
    "assignment in JSON": _body(json.dumps({"log": f"A=1\nAPI_TOKEN={SECRET}\nB=2"})),
    "multipart": Raw(body=_PART.encode()),
    "multipart in JSON": _body(json.dumps({"echo": _PART})),
    "XML element": _body(f"<a><clientSecret>{SECRET}</clientSecret></a>"),
    "XML element with attributes": _body(f'<wsse:Password Type="text">{SECRET}</wsse:Password>'),
    "XML CDATA": _body(f"<token><![CDATA[{SECRET}]]></token>"),
    "XML attribute": _body(f'<user name="a" password="{SECRET}"/>'),
    "XML in JSON": _body(json.dumps({"echo": f"<password>{SECRET}</password>"})),
    "HTML input": _body(f'<input name="csrf_token" value="{SECRET}">'),
    "escaped HTML": _body(f"&lt;password&gt;{SECRET}&lt;/password&gt;"),
    "HTML with numbers": _body(f"&#x3c;p&#97;ssword&#x3e;{SECRET}&#x3c;/password>"),
    "percent-encoded name": Raw(url=f"{URL}?client%5Fsecret={SECRET}"),
    "percent-encoded letters": Raw(url=f"{URL}?%70assword={SECRET}"),
    "percent-encoded in lower case": Raw(body=f"client%5fsecret={SECRET}".encode()),
    "percent-encoded JSON": Raw(url=f"{URL}?q={quote(json.dumps({'password': SECRET}))}"),
    "name and value": _body(json.dumps([{"name": "X-Session-Token", "value": SECRET}])),
    "value and name": _body(json.dumps([{"value": SECRET, "name": "X-Session-Token"}])),
    "key and value": _body(json.dumps([{"key": "api_key", "value": SECRET}])),
    "list of headers": _body(json.dumps([["Accept", "*/*"], ["X-Api-Key", SECRET]])),
    "header line": _body(f"GET / HTTP/1.1\r\nX-Api-Key: {SECRET}\r\n\r\n"),
    "curl": _body(f"curl -H 'X-Vault-Token: {SECRET}' https://cards.test"),
    "number": _body('{"password": 712938127398}'),
    "bearer token": Raw(sent=(("X-Note", f"Bearer {SECRET}"),)),
    "Basic credentials": Raw(sent=(("X-Note", f"Basic {_in_base64(f'a:{SECRET}')}"),)),
    "scheme of one's own": Raw(sent=(("Authorization", f"Token {SECRET}"),)),
    "Authorization": Raw(sent=(("authorization", SECRET),)),
    "Authorization twice": Raw(
        sent=(("A", "b"), ("Authorization", SECRET), ("Authorization", "x"))
    ),
    "Cookie": Raw(sent=(("Cookie", f"theme=dark; session={SECRET}"),)),
    "Set-Cookie": Raw(received=(("set-cookie", f"session={SECRET}; HttpOnly"),)),
    "JWT": _body(json.dumps({"note": _JWT})),
    "PEM": _body(json.dumps({"note": _PEM})),
    "PEM as it is": _body(_PEM),
    "AWS key": _body('{"note": "AKIAQ7ZK2VNX9BR4TLMW"}'),
    "GitHub": _body(json.dumps({"note": f"ghp_{_DIGITS[:36]}"})),
    "GitHub fine-grained": _body(json.dumps({"note": f"github_pat_{_DIGITS}"})),
    "GitLab": _body(json.dumps({"note": f"glpat-{_DIGITS[:20]}"})),
    "Slack": _body(json.dumps({"note": f"xoxb-1234567890-1234567890-{_DIGITS[:24]}"})),
    "Stripe": _body(json.dumps({"note": f"sk_live_{_DIGITS[:24]}"})),
    "Google": _body(json.dumps({"note": f"AIza{_DIGITS[:35]}"})),
    "npm": _body(json.dumps({"note": f"npm_{_DIGITS[:36]}"})),
    "PyPI": _body(json.dumps({"note": f"pypi-{_DIGITS}"})),
    "angle brackets": _body(f'{{"password": "<{SECRET}>"}}'),
    "square brackets": _body('{"password": "[correct horse battery staple]"}'),
    "dollar": _body('{"password": "$ecretPassw0rd"}'),
}
IN_HAR: dict[str, dict[str, Any]] = {
    "cookies": {"request": {"cookies": [{"name": "sid", "value": SECRET}]}},
    "response cookies": {"response": {"cookies": [{"name": "sid", "value": SECRET}]}},
    "queryString": {"request": {"queryString": [{"name": "token", "value": SECRET}]}},
    "params": {"request": {"postData": {"params": [{"name": "pwd", "value": SECRET}]}}},
    "redirectURL": {"response": {"redirectURL": f"{URL}?access_token={SECRET}"}},
    "initiator": {"_initiator": {"url": f"{URL}?access_token={SECRET}"}},
}


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def _har(one: Raw) -> str:
    entry: dict[str, Any] = {
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "time": 1,
        "request": {
            "method": "POST",
            "url": one.url,
            "headers": [{"name": name, "value": value} for name, value in one.sent],
            "postData": {"mimeType": "text/plain", **_text(one.body)},
        },
        "response": {
            "status": 200,
            "headers": [{"name": name, "value": value} for name, value in one.received],
            "content": {"mimeType": "application/json", **_text(one.answer)},
        },
    }
    for name, value in one.har.items():
        entry[name] = {**entry[name], **value} if name in entry else value
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}, indent=1)


def _vcr(one: Raw, text: Callable[[bytes], Any]) -> dict[str, Any]:
    lists: list[dict[str, list[str]]] = [{}, {}]
    for headers, pairs in zip(lists, (one.sent, one.received), strict=True):
        for name, value in pairs:
            headers.setdefault(name, []).append(value)
    request = {"method": "POST", "uri": one.url, "headers": lists[0], "body": text(one.body)}
    status = {"code": 200, "message": "OK"}
    response = {"status": status, "headers": lists[1], "body": {"string": text(one.answer)}}
    return {"version": 1, "interactions": [{"request": request, "response": response}]}


def _or_bytes(body: bytes) -> str | bytes:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def _yaml(one: Raw) -> str:
    return yaml.safe_dump(_vcr(one, _or_bytes), sort_keys=False)


def _vcr_json(one: Raw) -> str:
    return json.dumps(_vcr(one, lambda body: body.decode()))


def _value(body: bytes) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


def _line(one: Raw) -> str:
    return json.dumps(
        {
            "method": "POST",
            "url": one.url,
            "requestHeaders": dict(one.sent),
            "requestBody": _value(one.body) if one.body else None,
            "status": 200,
            "responseHeaders": dict(one.received),
            "responseBody": _value(one.answer),
            "started": "2026-01-01T00:00:00+00:00",
            "elapsed": 0.1,
        }
    )


FORMATS: dict[str, Callable[[Raw], str]] = {
    "har": _har,
    "vcrpy-yaml": _yaml,
    "vcrpy-json": _vcr_json,
    "lines": _line,
}


def _write(path: Path, form: str, one: Raw) -> None:
    try:
        path.write_text(FORMATS[form](one), "utf-8")
    except UnicodeDecodeError:
        pytest.skip("this format holds no bytes")


def _values(one: Raw) -> set[str]:
    """What must not be printed: the secret, or else what the shape has of its own."""
    known = (SECRET, _DIGITS[:20], "correct horse", "$ecret", "712938127398", "AKIAQ7ZK2VNX")
    return {value for value in known if value in repr(one)} or {SECRET}
