"""``atomic-cards price``: measures what each contract takes of a live target."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.plugin.check_command import check

if TYPE_CHECKING:
    import pytest

    from pytest_atomic_cards.suite.planning.prices import Prices

_UNLIMITED = ("--cards-max-cards", "1000000", "--cards-max-requests", "1000000")
"""So that nothing is left out at quick effort."""
_UNGUARDED = ("-W", "ignore::pytest_atomic_cards.client.unguarded.ScopeWarning")
"""The guard warns when it is off; nobody else has cards on the sandbox that is measured."""


def add_price(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the subcommands of a parser."""
    parser = commands.add_parser("price", help="measure what each contract takes of a live target")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the prices there")
    parser.set_defaults(run=price)


def price(arguments: argparse.Namespace) -> int:
    """Print the price of the whole suite at each effort, and write those of all contracts."""
    from pytest_atomic_cards.suite.planning.prices import FILES
    from pytest_atomic_cards.support.files import write_text

    for effort, file in FILES.items():
        code, prices = measure(check, effort)
        if code:
            return code
        if arguments.write:
            write_text(arguments.write / file, prices.to_text())
        print(f"the whole suite takes {prices.of(prices.contracts)} ({effort})")  # noqa: T201
    return 0


def measure(
    run: Callable[[Sequence[str], Sequence[object]], int], effort: str
) -> tuple[int, Prices]:
    """Run the whole suite on a sandbox behind a socket; its exit code and the prices.

    Args:
        run: Runs the suite with arguments and further plugins.
        effort: How much to test.
    """
    from pytest_atomic_cards.suite.planning.price_measurement import PriceMeter

    meter = PriceMeter()
    with _served_sandbox():
        arguments = ["-p", "no:xdist", "--cards-effort", effort, *_UNLIMITED, *_UNGUARDED]
        code = run(arguments, [_Registers(meter)])
    return code, meter.prices


@contextmanager
def _served_sandbox() -> Iterator[None]:
    """A served sandbox that the environment names as the live target."""
    from pytest_atomic_cards.sandbox import Sandbox
    from pytest_atomic_cards.sandbox.server import SandboxServer

    sandbox = Sandbox()
    credential = sandbox.default.create_credential()
    with SandboxServer(sandbox) as server, TemporaryDirectory() as journals:
        settings = {
            "TARGET": "live",
            "API_URL": server.url,
            "TOKEN_URL": f"{server.url}{sandbox.token_path}",
            "ENVIRONMENT_ID": sandbox.default.environment_id,
            "CLIENT_ID": credential.client_id,
            "CLIENT_SECRET": credential.client_secret,
            "FLOW_ID": sandbox.flow_id,
            "JOURNAL": journals,
        }
        before = dict(os.environ)
        for name in [name for name in before if name.startswith("ATOMIC_CARDS_")]:
            del os.environ[name]
        os.environ.update({f"ATOMIC_CARDS_{name}": text for name, text in settings.items()})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
    sandbox.close()


class _Registers:
    """Registers the meter under the name by which the suite finds it."""

    def __init__(self, meter: object) -> None:
        self._meter = meter

    def pytest_configure(self, config: pytest.Config) -> None:
        from pytest_atomic_cards.suite.planning.price_measurement import PRICE_METER

        config.pluginmanager.register(self._meter, PRICE_METER)
