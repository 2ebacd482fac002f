"""Files: written whole or not at all, and looked at before a long run."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.files import check_writable, write_text


def test_a_check_leaves_nothing_behind(tmp_path: Path):
    """Directories that had to be made for it are gone afterwards, and files are as before."""
    (tmp_path / "old").write_text("mine")
    check_writable(tmp_path / "a" / "b" / "report.json")
    check_writable(tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "mine"


@pytest.mark.parametrize("path", ["file/x", "directory", "n" * 300, "/proc/x/y"])
def test_what_cannot_be_written_is_named(path: str, tmp_path: Path):
    """The check fails for the same paths as writing does, with the same text."""
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    messages = []
    for attempt in (check_writable, lambda path: write_text(path, "text")):
        with pytest.raises(SettingsError, match=r"cannot write .*; name a directory") as raised:
            attempt(tmp_path / path)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path):
    """A special file, such as /dev/stdout, receives the text and is not replaced."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    check_writable(pipe)
    write_text(pipe, "text")
    reader.join(10)
    assert read == ["text"]
    assert pipe.is_fifo()
