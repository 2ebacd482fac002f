r"""Printable: text of a target or of a recording, made safe to read and to print.

A status word can hold an escape sequence that clears the terminal, a line that a CI server takes
for a command, or a megabyte. :func:`printable` shows such text as data. It is applied twice, so
that one forgotten call does no harm:

==================  ===============================================================================
layer               what is escaped
==================  ===============================================================================
values              one line each: ``Exchange.describe``, ``Violation``, ``Objection``, ``Finding``,
                    ``Observation``, and the ids and status words in messages
messages            ``lines=True`` keeps the message's own line ends: ``AtomicCardsError``, the
                    troubles of a run, tracebacks of the contract suite
output              every line of the terminal (``Console``, ``explain``), the progress line,
                    annotations, the job summary (which escapes Markdown on top), the page
                    (which escapes HTML on top), and the plugin's own lines
==================  ===============================================================================

Other formats have their own lossless escaping: :func:`json_text` for files, :func:`shell_word` for
commands. pytest writes JUnit XML, from text of the first two layers.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from bisect import bisect_right
from typing import Any, Final, TextIO

LONGEST: Final = 10_000
"""Characters of a message or a line: room for the command that reproduces any usual request, and
little of a CI log."""
LONGEST_VALUE: Final = 200
"""Characters of an id or a status word in a message: more than any real one has, and the message
stays readable."""
_COMMAND: Final = r"#(?=#\w*\[)"
"""Azure DevOps, TeamCity and older GitHub runners read ``##[…]`` and ``##name[…]`` anywhere."""
_COMMAND_LINE: Final = r"^ *:(?=:)"
"""GitHub Actions reads ``::name::`` at the beginning of a line, after blanks."""
_IN_A_LINE: Final = re.compile(rf"[^ -~]|{_COMMAND}|{_COMMAND_LINE}")
_IN_LINES: Final = re.compile(rf"[^\n -~]|{_COMMAND}|{_COMMAND_LINE}", re.MULTILINE)
_IN_JSON: Final = re.compile(rf"[^\n -~]|{_COMMAND}")
_IN_A_WORD: Final = re.compile(rf"[^ -~]|[\\']|{_COMMAND}")


def printable(text: str, *, lines: bool = False, limit: int = LONGEST) -> str:
    r"""Text that cannot control a terminal or a CI server, with nothing hidden.

    Characters that are not ``str.isprintable`` are escaped, as by ``repr``: control characters,
    line and paragraph separators, bidirectional and invisible format characters, unusual blanks,
    halves of surrogate pairs. Joined emoji therefore show their joiners, as ``\u200d``. Workflow
    commands are broken by escaping their first character. The function is idempotent.

    Args:
        text: Any text.
        lines: Keep line ends, in a message of several lines by this package.
        limit: Maximum length of the result; a longer one ends with the number of characters left
            out.
    """
    unsafe = _IN_LINES if lines else _IN_A_LINE
    shown = text if len(text) > limit else unsafe.sub(_escaped, text)
    if len(shown) <= limit:
        return shown
    room = limit - len(_left_out(len(text)))
    kept = bisect_right(range(limit), room, key=lambda end: len(unsafe.sub(_escaped, text[:end])))
    kept = max(kept - 1, 0)
    return unsafe.sub(_escaped, text[:kept]) + _left_out(len(text) - kept)


def brief(value: object) -> str:
    """An id, a status word or another single value of a target, for a message."""
    return printable(str(value), limit=LONGEST_VALUE)


def cut(text: str, limit: int) -> str:
    """The beginning of a text that may be too long to show whole; not made printable."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def _left_out(count: int) -> str:
    return f"… ({count:,} characters left out)"


def _escaped(found: re.Match[str]) -> str:
    blanks, last = found[0][:-1], found[0][-1]
    if last in "#:":
        return f"{blanks}\\x{ord(last):02x}"
    return last if last.isprintable() else last.encode("unicode_escape").decode()


def json_text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    """A JSON document (RFC 8259) with the same characters escaped, and nothing lost.

    Args:
        value: JSON values.

    Raises:
        ValueError: A number is not finite.
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, indent=2)
    return _IN_JSON.sub(_escaped_in_json, text) + "\n"


def _escaped_in_json(found: re.Match[str]) -> str:
    if found[0] == "#":
        return "\\u0023"
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


def shell_word(text: str) -> str:
    r"""Text as one word of a shell command, in printable characters.

    Escapes are written in ``$'…'``, which bash, zsh, ksh and POSIX shells since 2024 support. No
    command can pass a NUL.

    Args:
        text: Any text; bytes that are not UTF-8 decoded with ``surrogateescape``.
    """
    if text.isprintable() and not re.search(_COMMAND, text):
        return shlex.quote(text)
    return f"$'{_IN_A_WORD.sub(_escaped_in_word, text)}'"


_SHORT_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "'": "\\'"}


def _escaped_in_word(found: re.Match[str]) -> str:
    character = found[0]
    if character != "#" and character.isprintable() and character not in _SHORT_ESCAPES:
        return character
    is_byte = "\udc80" <= character <= "\udcff"
    encoded = character.encode("utf-8", "surrogateescape" if is_byte else "surrogatepass")
    return _SHORT_ESCAPES.get(character) or "".join(f"\\{byte:03o}" for byte in encoded)


def escape_unencodable(stream: TextIO) -> None:
    """Make a stream escape characters that its encoding lacks, so that writing never fails."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
