"""Reads a recording, of this package or of vcrpy. Nothing in a file is ever executed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import yaml
from vcr.request import Request  # type: ignore[import-untyped]
from vcr.serialize import deserialize  # type: ignore[import-untyped]
from vcr.serializers import jsonserializer, yamlserializer  # type: ignore[import-untyped]

from pytest_atomic_cards.recordings.cassettes.cassette_document import (
    VERSION,
    Content,
    Interaction,
    interactions_in,
)
from pytest_atomic_cards.recordings.cassettes.metadata import (
    FORMAT,
    UNKNOWN_TIME,
    Recorded,
    Source,
)
from pytest_atomic_cards.recordings.cassettes.vcr_conversion import LOGICAL_URL
from pytest_atomic_cards.recordings.malformed import MALFORMED, reason_of, text_in
from pytest_atomic_cards.support.errors import CassetteError

SUFFIXES: Final = (".json", ".yaml", ".yml")
"""The suffixes of recordings; this package writes files with the first."""

_CLIENT: Final = "recorded-by-another-tool"
"""The credential of a replay that needs none: no request leaves the process."""
_TOKEN_PATH: Final = re.compile(r"/(?:.*/)?token")
_OF_THE_TRANSFER: Final = {"content-length", "transfer-encoding", "connection"}
_API_PATH: Final = re.compile(
    r"(?P<root>/?.*?)/v1/(?P<environment>[^/]+)/(?:cards|action-flow/(?P<flow>[^/]+))(?:/|$)"
)
RECORD_AGAIN: Final = "record it again with --cards-cassettes record"


def name_in(directory: Path, path: Path) -> str:
    """The name of a recording on all machines of a run: its path below the directory."""
    return path.relative_to(directory).as_posix()


def read_content(path: Path) -> Content:
    """Read the file of a recording as a whole.

    Raises:
        CassetteError: The file is missing, damaged, not a recording, or of an unknown version. The
            message names the file, the place and the remedy.
    """
    text = _text_of(path)
    parts = None if path.suffix in SUFFIXES[1:] else _json(path, text)
    if isinstance(parts, dict) and "recorded" in parts:
        return _own(path, parts)
    return _foreign(path, text, parts)


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise CassetteError(f"there is no recording {path}; {RECORD_AGAIN}") from None
    except UnicodeDecodeError as error:
        raise CassetteError(
            f"{path} is not a recording: byte {error.start + 1} is not UTF-8; {RECORD_AGAIN}"
        ) from None
    except OSError as error:
        raise CassetteError(
            f"{path} cannot be read ({error.strerror}); make it a readable file, or {RECORD_AGAIN}"
        ) from None


def _json(path: Path, text: str) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise CassetteError(
            f"{path} is cut off or damaged: line {error.lineno}, column {error.colno}: "
            f"{error.msg}; restore it from version control, or {RECORD_AGAIN}"
        ) from None
    except RecursionError:
        raise CassetteError(
            f"{path} is not a recording: it is nested too deep; {RECORD_AGAIN}"
        ) from None


def _own(path: Path, parts: dict[str, Any]) -> Content:
    recorded, version = parts["recorded"], parts.get("version")
    made = recorded.get("format") if isinstance(recorded, dict) else None
    if made != FORMAT or version != VERSION:
        raise CassetteError(
            f"{path} has format {made!r} and version {version!r}, but this version of "
            f"pytest-atomic-cards reads format {FORMAT} and version {VERSION}; {RECORD_AGAIN}, or "
            "install the version that wrote it"
        )
    try:
        metadata = Recorded.from_json(recorded)
    except MALFORMED as error:
        raise _malformed(path, "recorded", error) from None
    cases = parts.get("cases", {})
    if not isinstance(cases, dict):
        raise _malformed(path, "cases", TypeError("it must be an object"))
    return Content(metadata, _checked(path, interactions_in(parts)), cases)


def _foreign(path: Path, text: str, parts: Any) -> Content:  # noqa: ANN401 - a JSON value
    """A file of vcrpy, read with its own safe loaders."""
    serializer = yamlserializer if parts is None else jsonserializer
    try:
        requests, responses, *_ = deserialize(text, serializer)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "this is not YAML"
        raise CassetteError(
            f"{path} is cut off or damaged: {place}{problem}; restore it from version control, or "
            f"{RECORD_AGAIN}"
        ) from None
    except MALFORMED as error:
        raise CassetteError(
            f"{path} is not a recording of this package or of vcrpy: {reason_of(error)}; "
            f"{RECORD_AGAIN}"
        ) from None
    pairs = zip(requests, responses, strict=True)
    interactions = _checked(path, (_plain(*pair) for pair in pairs))
    recorded = Recorded(
        source=Source.LIVE,
        at=next(filter(None, map(_date_of, interactions)), UNKNOWN_TIME),
        seed="",
        settings=_settings_in([interaction.request.path for interaction in interactions]),
        versions={},
    )
    return Content(recorded, interactions, is_redacted=False)


def _settings_in(paths: Iterable[str]) -> dict[str, str]:
    """The settings of a target, as far as the paths of requests show them."""
    paths = list(paths)
    token_path = next(filter(_TOKEN_PATH.fullmatch, paths), "/oauth2/token")
    settings = {"client_id": _CLIENT, "token_url": f"{LOGICAL_URL}{token_path}"}
    for match in filter(None, map(_API_PATH.match, paths)):
        settings.setdefault("api_url", f"{LOGICAL_URL}{match['root']}")
        settings.setdefault("environment_id", match["environment"])
        if match["flow"]:
            settings.setdefault("flow_id", match["flow"])
    return settings


def _date_of(interaction: Interaction) -> datetime | None:
    """The ``Date`` of a response, if it has one."""
    try:
        moment = parsedate_to_datetime(interaction.response["headers"]["date"][0])
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo and moment > UNKNOWN_TIME else None


def _plain(request: Any, response: Any) -> Interaction:  # noqa: ANN401 - read from a file
    """An exchange of vcrpy, reduced to what a replay needs.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: It is malformed.
    """
    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    if not isinstance(body, bytes | None):
        body = b"".join(map(_bytes, body))
    content = response["body"]["string"]
    return Interaction(
        Request(text_in(request.method), text_in(request.uri), body, dict(request.headers)),
        {
            "status": {
                "code": int(response["status"]["code"]),
                "message": str(response["status"]["message"] or ""),
            },
            "headers": {
                str(name).lower(): [str(value) for value in _listed(values)]
                for name, values in response["headers"].items()
                if str(name).lower() not in _OF_THE_TRANSFER
            },
            "body": {"string": _bytes(content or b"")},
        },
    )


def _listed(values: Any) -> Iterable[Any]:  # noqa: ANN401 - read from a file
    return values if isinstance(values, list | tuple) else [values]


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"expected text, not a {type(value).__name__}")


def _checked(path: Path, interactions: Iterator[Interaction]) -> list[Interaction]:
    read: list[Interaction] = []
    try:
        for interaction in interactions:
            read.append(interaction)  # noqa: PERF402 - the count locates an error
    except MALFORMED as error:
        raise _malformed(path, f"exchange {len(read) + 1}", error) from None
    return read


def _malformed(path: Path, place: str, error: Exception) -> CassetteError:
    return CassetteError(
        f"{path} is damaged: {place}: {reason_of(error)}; restore it from version control, or "
        f"{RECORD_AGAIN}"
    )
