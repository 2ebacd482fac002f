"""Names files that are not recordings, or not of a format that is read, and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Final, TypeVar

Sign = TypeVar("Sign")

_AS_HAR: Final = "record the traffic as a HAR file"

_MEMBERS: Final[tuple[tuple[str, str, str], ...]] = (
    ("mappings", "a set of WireMock mappings", _AS_HAR),
    ("imposters", "a file of mountebank", _AS_HAR),
    ("consumer provider", "a Pact contract", _AS_HAR),
    ("endpointPrefix routes", "a Mockoon environment", _AS_HAR),
    (
        "info item",
        "a Postman collection",
        "run it with newman --reporters json, and audit that report",
    ),
    ("_postman_variable_scope values", "a Postman environment", "export a run instead"),
    (
        "results collection_id",
        "a test run of Postman, which holds no bodies",
        "run the collection with newman --reporters json",
    ),
    (
        "__export_format resources",
        "an export of Insomnia's requests",
        "export the history as HAR",
    ),
    ("openapi", "an OpenAPI document", _AS_HAR),
    ("swagger", "an OpenAPI document", _AS_HAR),
    ("constants events", "a network log of Chrome", "save a HAR file in its network panel"),
    ("traceEvents", "a trace of Chrome", "save a HAR file in its network panel"),
    ("req res meta", "a tape of talkback", _AS_HAR),
    ("tool conclusion", "a report of this package", "name the recording it is about"),
)
"""Members that a document has, what it then is, and what helps."""

_JSON: Final[tuple[tuple[str, str, str], ...]] = (
    (
        r'"(?:urlPath\w*|urlPattern|jsonBody|bodyFileName)"\s*:|"url"\s*:\s*"/',
        "a WireMock mapping",
        _AS_HAR,
    ),
    (r'^\s*\{\s*"data"\s*:\s*\{\s*"pairs"', "a Hoverfly simulation", _AS_HAR),
    (r'"httpRequest"\s*:', "a file of MockServer", _AS_HAR),
    (r'"scope"\s*:[^{]*"method"\s*:', "a fixture of nock", _AS_HAR),
    (
        r'^\s*\[\s*\{\s*"status"\s*:\s*"COMPLETE"',
        "a session of Charles",
        "export it as HAR with File › Export Session",
    ),
)
"""What a JSON document without exchanges holds near its beginning, what it is, and what helps."""

_TEXTS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        r"\d+:\d+:",
        "a flow file of mitmproxy",
        "convert it with: mitmdump -nr FILE --set hardump=FILE.har",
    ),
    (
        r"\s*<[^>]*>\s*(?:<!DOCTYPE.{0,3000}?)?<items burpVersion",
        "an export of Burp Suite",
        _AS_HAR,
    ),
    (r"\s*<[^>]*>\s*<(?:testResults|httpSample)\b", "a result file of JMeter", _AS_HAR),
    (r"\s*<(?:!doctype html|html)\b", "a web page", "save a HAR file, not the page"),
    (r"\s*<\?xml", "an XML document", _AS_HAR),
    (r"(?-i:[A-Z]{3,7}) \S+ HTTP/|HTTP/[\d.]+ \d{3}", "a raw HTTP message", _AS_HAR),
    (r"\s*curl\s", "a command of curl", "record its exchanges as a HAR file"),
)
"""How a text begins that is not JSON, what it is, and what helps."""

_SIGNATURES: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"SQLite format 3\0", "an SQLite database", "export a HAR file"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture", _AS_HAR),
    (b"\xa1\xb2\xc3\xd4", "a packet capture", _AS_HAR),
    (b"\n\r\r\n", "a packet capture", _AS_HAR),
    (b"\x28\xb5\x2f\xfd", "a file packed by zstd", "unpack it"),
    (b"BZh", "a file packed by bzip2", "unpack it"),
    (b"\xfd7zXZ\0", "a file packed by xz", "unpack it"),
    (b"\x89PNG", "an image", "name a recording"),
    (b"\xff\xd8\xff", "an image", "name a recording"),
    (b"%PDF", "a PDF document", "name a recording"),
)

_ARCHIVED: Final[tuple[tuple[str, str, str], ...]] = (
    (r"raw/\d+_[cms]\.", "an archive of Fiddler", "export its sessions as HTTPArchive"),
    (r"(?:.*\.)?trace", "a trace of Playwright", "record a HAR file with recordHar"),
    (r"xl/|word/|ppt/", "an office document", "name a recording"),
)


def described_document(members: Collection[str]) -> str:
    """What a JSON document is and what helps, by the names in its root; empty if unknown."""
    return _described(_MEMBERS, lambda names: set(members).issuperset(names.split()))


def described_json(head: str) -> str:
    """What a JSON document without exchanges is, by its beginning; empty if unknown."""
    return _described(_JSON, lambda part: re.search(part, head))


def described_text(head: str) -> str:
    """What a text that is not JSON is and what helps, by its beginning; empty if unknown."""
    return _described(_TEXTS, lambda start: re.match(start, head, re.IGNORECASE | re.DOTALL))


def described_content(head: bytes) -> str:
    """What a binary file is and what helps, by its first bytes; empty if it is unknown."""
    return _described(_SIGNATURES, head.startswith)


def described_archive(names: Collection[str]) -> str:
    """What an archive of files is and what helps; empty if it is unknown."""
    return _described(_ARCHIVED, lambda start: any(re.match(start, name) for name in names))


def _described(rows: Iterable[tuple[Sign, str, str]], applies: Callable[[Sign], object]) -> str:
    return next((f"{what}; {remedy}" for sign, what, remedy in rows if applies(sign)), "")
