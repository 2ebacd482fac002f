"""Progress of worker processes, as the process that controls them shows it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from pytest_atomic_cards.reporting.terminal_capture import WorkersProgress
from pytest_atomic_cards.support.progress import LiveLine, RelayedLine

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNEL = "atomic_cards_progress"


class Channel:
    """A channel whose other end is in this process."""

    def setcallback(self, callback: Callable[[str], None], endmarker: str) -> None:
        self.send = callback
        self.endmarker = endmarker


def channel_to(progress: WorkersProgress, worker: str) -> Channel:
    """The end of a channel that a worker process has."""
    gateway = SimpleNamespace(id=worker, newchannel=Channel)
    node = SimpleNamespace(workerinput={}, gateway=gateway)
    progress.listen_to(node)
    channel: Channel = node.workerinput[CHANNEL]
    return channel


def test_workers_share_a_line() -> None:
    """What several workers tell stands side by side, until they are done or have died."""
    written: list[str] = []
    progress = WorkersProgress(LiveLine(written.append, width=lambda: 80))
    first, second = (channel_to(progress, name) for name in ("gw0", "gw1"))
    first.send("seeding cards: 3 of 10, 2 s")
    second.send("draining cards: 7, 4 s")
    first.send("")
    second.send(second.endmarker)
    second.send(second.endmarker)
    assert written == [
        "\r\x1b[Kgw0: seeding cards: 3 of 10, 2 s",
        "\r\x1b[Kgw0: seeding cards: 3 of 10, 2 s; gw1: draining cards: 7, 4 s",
        "\r\x1b[Kgw1: draining cards: 7, 4 s",
        "\r\x1b[K",
    ]


def test_the_line_is_out_of_the_way_of_pytest() -> None:
    """While pytest writes of a test nothing of the line is there, and it comes back later."""
    written: list[str] = []
    progress = WorkersProgress(LiveLine(written.append, column=lambda: 5, width=lambda: 80))
    channel = channel_to(progress, "gw0")
    channel.send("seeding cards: 3, 2 s")
    writing = progress.pytest_runtest_logreport()
    next(writing)
    assert written == ["\ngw0: seeding cards: 3, 2 s", "\r\x1b[K\x1b[A\x1b[6G"]
    next(writing, None)
    channel.send("seeding cards: 4, 3 s")
    assert written[2:] == ["\ngw0: seeding cards: 4, 3 s"]


def test_a_worker_whose_controller_is_gone_goes_on() -> None:
    """Progress that can no longer be shown stops nothing."""

    def fail(text: str) -> None:
        raise OSError(text)

    line = RelayedLine(fail)
    line._clock = lambda: now
    now = 0.0
    with line.activity("seeding cards", None) as update:
        now = 5.0
        update(1)
