"""Progress: one line that shows what takes long, and leaves the terminal as it was."""

from __future__ import annotations

import io

import pytest

from pytest_atomic_cards.support.progress import LiveLine, activity, is_terminal, line_on, shown_on


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class MonitorPlugin:
    """A line whose clock the test sets, and what it wrote."""

    def __init__(self, column: int = 0) -> None:
        self.now = 0.0
        self.written: list[str] = []
        self.line = LiveLine(
            self.written.append,
            column=lambda: column,
            clock=lambda: self.now,
            width=lambda: 40,
        )


def test_nobody_hears_what_nobody_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    """Without a line to show it on, an activity writes nothing anywhere."""
    with activity("seeding cards", 10) as update:
        update(3)
    assert capfd.readouterr() == ("", "")


def test_what_is_short_is_not_shown() -> None:
    """Nothing appears in the first two seconds, and nothing has to be erased."""
    watch = MonitorPlugin()
    with shown_on(watch.line), activity("seeding cards", 10) as update:
        watch.now = 1.9
        update(3)
    assert watch.written == []


def test_what_takes_long_is_shown_and_erased() -> None:
    """After two seconds the line shows what, how much of how much, and for how long."""
    watch = MonitorPlugin()
    with shown_on(watch.line), activity("seeding cards", 1_030) as update:
        watch.now = 2.0
        update(412)
        watch.now = 2.1
        update(500)
        watch.now = 3.0
        update(1_000)
    assert watch.written == [
        "\r\x1b[Kseeding cards: 412 of 1,030, 2 s",
        "\r\x1b[Kseeding cards: 1,000 of 1,030, 3 s",
        "\r\x1b[K",
    ]


def test_the_line_below_is_used_where_something_stands() -> None:
    """What pytest has written on its line stays, and the cursor goes back to its end."""
    watch = MonitorPlugin(column=17)
    with shown_on(watch.line), activity("draining cards") as update:
        watch.now = 5.0
        update(7)
    assert watch.written == ["\ndraining cards: 7, 5 s", "\r\x1b[K\x1b[A\x1b[18G"]


def test_a_line_is_never_wider_than_the_terminal() -> None:
    """A long activity is cut, as a line that wraps could not be erased."""
    watch = MonitorPlugin()
    with shown_on(watch.line), activity("x" * 100) as update:
        watch.now = 5.0
        update(7)
    assert watch.written[0] == "\r\x1b[K" + "x" * 39


def test_the_innermost_activity_is_shown() -> None:
    """While one activity is a part of another, the part is shown; then the whole again."""
    watch = MonitorPlugin()
    with shown_on(watch.line), activity("whole") as update_whole:
        with activity("part") as update_part:
            watch.now = 5.0
            update_whole(1)
            update_part(2)
        watch.now = 6.0
        update_whole(3)
    assert [text.strip("\r\x1b[K") for text in watch.written] == [
        "part: 2, 5 s",
        "",
        "whole: 3, 6 s",
        "",
    ]


def test_an_error_leaves_the_terminal_clean() -> None:
    """An activity that fails is erased, and shown no more."""
    watch = MonitorPlugin()

    def fail() -> None:
        with activity("seeding cards") as update:
            watch.now = 5.0
            update(1)
            raise RuntimeError

    with shown_on(watch.line):
        with pytest.raises(RuntimeError):
            fail()
        assert watch.written[-1] == "\r\x1b[K"
    with activity("afterwards") as update:
        update(1)
    assert len(watch.written) == 2


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_only_a_terminal_shows_progress(
    stream: io.StringIO,
    environ: dict[str, str],
    expected: bool,  # noqa: FBT001
) -> None:
    """A file, a pipe and a terminal that cannot erase show nothing."""
    assert is_terminal(stream, environ) == expected


def test_a_line_writes_to_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of a command is written to the stream at once, or there is none."""
    monkeypatch.setenv("TERM", "xterm")
    assert line_on(io.StringIO()) is None
    terminal = Terminal()
    line = line_on(terminal)
    assert line is not None
    line._write("text")
    assert terminal.getvalue() == "text"
