"""Writes a copy of a recording without what looks like a secret, in the same format."""

from __future__ import annotations

import base64
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from pytest_atomic_cards.recordings.audit.bodies import decoded
from pytest_atomic_cards.recordings.audit.containers import recordings_in
from pytest_atomic_cards.recordings.audit.secret_prefilter import may_hold_secret
from pytest_atomic_cards.recordings.malformed import MALFORMED, reason_of
from pytest_atomic_cards.support.errors import CassetteError
from pytest_atomic_cards.support.files import write_text
from pytest_atomic_cards.support.secrets.finder import redacted
from pytest_atomic_cards.support.secrets.hidden import REDACTED
from pytest_atomic_cards.support.secrets.names import is_secret_name

_LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a recording that is copied: unlike for an audit, a document is held in memory."""
_NAMES: Final = ("name", "key")
_IN_BASE64: Final = ("$base64", "base64_string", "base64")
_COOKIES: Final = "cookies"


def write_redacted(path: Path, out: Path) -> None:
    """Write a redacted copy of a recording.

    Args:
        path: The recording; ``-`` for standard input.
        out: The copy.

    Raises:
        CassetteError: The recording cannot be read or copied.
        SettingsError: The copy cannot be written.
    """
    with recordings_in(path) as recordings:
        recording = recordings[0]
        if len(recordings) > 1 or (recording.path != path and path.suffix == ".zip"):
            raise CassetteError(f"{path} is a zip file; unpack it, and redact what it contains")
        try:
            with closing(recording.open()) as file:
                content = file.read(_LARGEST + 1)
            if len(content) > _LARGEST:
                raise ValueError(f"it has more than {_LARGEST // 1024 // 1024} MB")
            written = _redacted_text(content.decode("utf-8-sig"))
        except MALFORMED as error:
            raise CassetteError(
                f"{path} cannot be redacted: {reason_of(error)}; give a complete JSON or YAML file"
            ) from None
    write_text(out, written)


def _redacted_text(text: str) -> str:
    if text.lstrip()[:1] not in {"{", "["}:
        return _redacted_yaml(text)
    if _is_lines(text):
        return "".join(map(_redacted_line, io.StringIO(text, newline="\n")))
    value = json.loads(text)
    return json.dumps(_redacted_value(value), ensure_ascii=False, indent=2) + "\n"


def _is_lines(text: str) -> bool:
    """Whether the first line is a document of its own."""
    first = text.lstrip().partition("\n")[0]
    try:
        json.loads(first)
    except json.JSONDecodeError:
        return False
    return True


def _redacted_line(line: str) -> str:
    """A line of JSON lines; the last one may be cut off."""
    if not line.strip():
        return line
    try:
        value = json.loads(line)
    except json.JSONDecodeError:
        return redacted(line)
    return json.dumps(_redacted_value(value), ensure_ascii=False) + "\n"


def _redacted_yaml(text: str) -> str:
    import yaml  # noqa: PLC0415 - heavy

    from pytest_atomic_cards.recordings.audit.yaml_stream import YamlStream  # noqa: PLC0415 - heavy

    value = YamlStream(io.StringIO(text)).document(_LARGEST)
    return yaml.safe_dump(_redacted_value(value), sort_keys=False, allow_unicode=True)


def _redacted_value(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """A value without secrets; a part that shows one only as a whole loses all its texts."""
    return _without_remains(_cleaned(value))


def _without_remains(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if not isinstance(value, dict | list) or not _is_suspect(value):
        return value
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in list(parts):
        value[key] = _without_remains(part)
    return _emptied(value) if _is_suspect(value) else value


def _is_suspect(value: Any) -> bool:  # noqa: ANN401 - a JSON value
    return may_hold_secret([json.dumps(value, default=str)])


def _emptied(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        return {name: _emptied(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(_emptied, value))
    return REDACTED if isinstance(value, str | bytes) else value


def _cleaned(value: Any, name: str = "") -> Any:  # noqa: ANN401, PLR0911 - a case for each type
    """A value without secrets.

    Args:
        value: The value.
        name: What it is called.
    """
    if isinstance(value, dict):
        return _cleaned_object(value)
    if isinstance(value, list):
        if name == _COOKIES:
            return [_cleaned_cookie(one) for one in value]
        if len(value) == 2 and isinstance(value[0], str) and is_secret_name(value[0]):  # noqa: PLR2004
            return [value[0], _cleaned(value[1], value[0])]
        return [_cleaned(one, name) for one in value]
    if isinstance(value, bytes):
        return _cleaned_bytes(value)
    if name and not isinstance(value, bool | None) and is_secret_name(name):
        return REDACTED if value else value
    return redacted(value) if isinstance(value, str) else value


def _cleaned_object(value: dict[str, Any]) -> dict[str, Any]:
    for name in _IN_BASE64:
        if isinstance(value.get(name), str):
            content = _cleaned_bytes(_of_base64(value[name]))
            return {**value, name: base64.b64encode(content).decode()}
    if value.get("encoding") == "base64":
        for name in ("text", "string"):
            if isinstance(value.get(name), str):
                content = _of_base64(value[name])
                cleaned = _cleaned_bytes(content)
                if cleaned != content:
                    return {**value, name: cleaned.decode("utf-8", "replace"), "encoding": ""}
                return value
    if isinstance(value.get("value"), str | list) and any(name in value for name in _NAMES):
        return _cleaned_pair(value)
    return {name: _cleaned(part, str(name)) for name, part in value.items()}


def _cleaned_pair(value: dict[str, Any]) -> dict[str, Any]:
    """A name and its value in two members, as in HAR files."""
    called = next((value[name] for name in _NAMES if name in value), "")
    cleaned = _cleaned(value["value"], str(called))
    return {**{name: _cleaned(part) for name, part in value.items()}, "value": cleaned}


def _cleaned_cookie(cookie: Any) -> Any:  # noqa: ANN401 - a JSON value
    return {**cookie, "value": REDACTED} if isinstance(cookie, dict) else REDACTED


def _cleaned_bytes(content: bytes) -> bytes:
    plain = decoded(content).content
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        return content
    cleaned = redacted(text)
    return content if cleaned == text else cleaned.encode()


def _of_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return text.encode("utf-8", "replace")
