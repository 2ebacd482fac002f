"""Text of a target is data: nothing in it acts on a terminal, a shell, a report or a CI server."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_atomic_cards.support.errors import ContractBrokenError, error_text
from pytest_atomic_cards.support.printable import (
    LONGEST,
    LONGEST_VALUE,
    brief,
    escape_unencodable,
    json_text,
    printable,
    shell_word,
)

AWKWARD = (
    *("\n", "\r", "\t", " ", "\x1b[2J", "\x07", "\x7f", "\x85", "\x9b", "\0"),
    *("\u2028", "\u202e", "\u2066", "\u200b", "\ufeff", "\u3000", "\ud83d", "😀", "é", "\\", "'"),
    *("#", "##", "##[x]", "##vso[", "vso[", ":", "::", "::error::x"),
)
TEXTS = st.lists(st.one_of(st.sampled_from(AWKWARD), st.text(max_size=3))).map("".join)


@given(TEXTS, st.booleans(), st.integers(60, 200))
@example("\x1b]0;x\x07\x1b[2J ##[stop-commands]zzz \n::error::x\r\n::add-mask::a", True, 200)  # noqa: FBT003
@example("::", False, 60)  # noqa: FBT003
def test_nothing_that_acts_is_left(text: str, lines: bool, limit: int) -> None:  # noqa: FBT001
    """The result is printable, bounded, begins no command, and does not change any more."""
    shown = printable(text, lines=lines, limit=limit)
    parts = shown.split("\n") if lines else [shown]
    assert all(part.isprintable() and not part.lstrip().startswith("::") for part in parts)
    assert not re.search(r"##\w*\[", shown)
    assert len(shown) <= limit
    assert printable(shown, lines=lines, limit=limit) == shown


@pytest.mark.parametrize("text", ["", "PAGE-01: a b", "a::b ::c", "# 1 ## 2 [x]", "C:\\new", "~"])
def test_plain_text_is_itself(text: str) -> None:
    """Text in ASCII without commands is handed back as it is."""
    assert printable(text) == text
    assert printable(f"{text}\n {text}", lines=True) == f"{text}\n {text}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("user\u202egpj\u2028.exe\x85", r"user\u202egpj\u2028.exe\x85"),
        ("a\u200bb\u3000c\ufeff", r"a\u200bb\u3000c\ufeff"),
        ("half \ud83d of 😀 Grüße 日本", r"half \ud83d of 😀 Grüße 日本"),
        ("hidden \U000e0041", r"hidden \U000e0041"),
        ("x ##[error]y ##vso[task]z ###[a", r"x \x23#[error]y \x23#vso[task]z #\x23#[a"),
        ("  ::add-mask::a ::b", r"  \x3a:add-mask::a ::b"),
        ("\u3000::error::x", r"\u3000::error::x"),
    ],
)
def test_what_acts_is_escaped(text: str, shown: str) -> None:
    """Controls, separators, hidden characters and commands are shown as escapes, all else as is."""
    assert printable(text) == shown


def test_our_own_lines_are_kept() -> None:
    """Of a message the line ends are kept, and no line of it begins a command."""
    assert printable("a\n::error::b\r\n  ::c", lines=True) == "a\n\\x3a:error::b\\r\n  \\x3a:c"


@pytest.mark.parametrize("character", ["x", "é", "\x1b"])
def test_long_text_is_cut(character: str) -> None:
    """What is left out is counted in characters of the text."""
    shown = printable(character * 1_000_000)
    end = re.search(r"… \(([\d,]+) characters left out\)$", shown)
    assert end
    kept = shown[: end.start()].count(printable(character))
    assert kept + int(end[1].replace(",", "")) == 1_000_000
    assert LONGEST - 10 < len(shown) <= LONGEST
    assert len(brief(character * 1_000_000)) <= LONGEST_VALUE


def test_messages_of_errors_are_printable() -> None:
    """Whatever goes into the message of an error, no one who prints it prints a control."""
    nasty = "is \x1b[2J\n::error::x"
    error = ContractBrokenError(nasty)
    assert str(error) == "is \\x1b[2J\n\\x3a:error::x"
    group = ExceptionGroup("several", [error, ValueError(nasty)])
    assert error_text(group) == f"{error}; ValueError: {error}"


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_files_lose_nothing(value: object) -> None:
    """A JSON document reads back as what was written, and is printable."""
    text = json_text(value)
    assert json.loads(text) == json.loads(json.dumps(value))
    assert printable(text, lines=True, limit=len(text)) == text
    text.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_json_files_hold_no_number_that_is_not_finite(number: float) -> None:
    """A number that JSON does not have is refused, and not written."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text([number])


@given(TEXTS)
def test_words_of_commands_are_printable(text: str) -> None:
    """A word of a command begins nothing and acts on nothing; a plain one is quoted as usual."""
    word = shell_word(text)
    assert word.isprintable()
    assert not re.search(r"##\w*\[", word)
    if text.isprintable() and "##" not in text:
        assert shlex.split(word) == [text]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_words_of_commands_are_read_by_a_shell() -> None:
    """A shell reads each word as the text that it was made of."""
    texts = [text for text in AWKWARD if "\0" not in text and "\ud83d" not in text]
    command = f"printf '%s\\0' {' '.join(map(shell_word, texts))}"
    run = subprocess.run(  # noqa: S603 - our own command
        [str(shutil.which("bash")), "-c", command], capture_output=True, check=True
    )
    assert run.stdout.decode().split("\0")[:-1] == texts


def test_streams_escape_what_they_cannot_encode() -> None:
    """A stream in ASCII takes any text."""
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    escape_unencodable(stream)
    stream.write("✗ é \ud83d")
    stream.flush()
    assert stream.buffer.getvalue() == rb"\u2717 \xe9 \ud83d"
