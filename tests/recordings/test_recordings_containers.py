"""Recordings on standard input, in zip files, and with bodies beside them."""

from __future__ import annotations

import gzip
import io
import sys
import types
import zipfile
from pathlib import Path

import pytest
from manners import MANNERS, lines
from manners_cassettes import vcrpy
from manners_har import entry_of
from planted import traffic_of_a_day
from test_recordings_unjudged import _counted, _of

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.audit.auditor import audit


@pytest.mark.parametrize("manner", ["lines", "chrome", "vcrpy", "playwright_zip"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_standard_input_is_read(
    packed: object, manner: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``-`` stands for it, whatever format and container it is in."""
    content = MANNERS[manner](traffic_of_a_day())
    if packed and manner != "playwright_zip":
        content = gzip.compress(content)
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(content)))
    assert main(["audit", "-"]) == 0
    assert f": {len(traffic_of_a_day())} exchanges of the Cards API" in capsys.readouterr().out


def test_a_zip_file_may_hold_several_recordings(tmp_path: Path) -> None:
    """Each recording is counted alone, and other files are ignored."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a/one.jsonl", lines(traffic_of_a_day()))
        archive.writestr("a/two.yaml", vcrpy(traffic_of_a_day()))
        archive.writestr("a/README.md", "about them")
    counts = audit([tmp_path / "all.zip"]).counts
    assert [(count.path.name, count.judged) for count in counts] == [
        ("one.jsonl", len(traffic_of_a_day())),
        ("two.yaml", len(traffic_of_a_day())),
    ]


def test_bodies_beside_a_har_file_are_read(tmp_path: Path) -> None:
    """By default Playwright keeps bodies in separate files."""
    entries = []
    for number, one in enumerate(traffic_of_a_day()):
        (tmp_path / f"{number}.json").write_bytes(one.response_body)
        entries.append(entry_of(one, {"_file": f"{number}.json"}))
    assert _counted(_of(entries), tmp_path).judged == len(entries)
