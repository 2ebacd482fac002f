"""The command ``atomic-cards sandbox``: its arguments, and how it serves."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pytest_atomic_cards.support.secrets.hidden import Hidden


def add_sandbox_parser(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Add the command and its arguments."""
    serve = commands.add_parser("sandbox", help="serve the sandbox")
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on, 0.0.0.0 for all; the controls respond to this machine only",
    )
    serve.add_argument("--port", type=_port, default=0, help="port to listen on; 0 for a free one")
    serve.add_argument(
        "--db", type=Path, metavar="FILE", help="keep cards and credentials in this file"
    )
    serve.add_argument("--client-id", metavar="ID", help="id of its credential; default: a new one")
    serve.add_argument(
        "--client-secret",
        type=Hidden,
        metavar="SECRET",
        help="secret of its credential, which is then not printed; default: a new one",
    )
    serve.add_argument(
        "--cors", action="store_true", help="let pages of any site call it from a browser"
    )
    serve.add_argument(
        "--test-user",
        action="append",
        default=[],
        metavar="ID",
        help="a user whom test starts reach, and no others; may be repeated",
    )
    serve.add_argument(
        "--profile",
        type=Path,
        metavar="FILE",
        help="behave as this file answers the open questions",
    )
    serve.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME",
        help="switch on a named fault; @ narrows it, as in limit-ignored@by=userId",
    )
    serve.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    from pytest_atomic_cards.model.profile import Profile
    from pytest_atomic_cards.sandbox.server import run_sandbox

    profile = Profile.read(arguments.profile) if arguments.profile else None
    return run_sandbox(
        port=arguments.port,
        db=arguments.db,
        host=arguments.host,
        profile=profile,
        faults=arguments.fault,
        client_id=arguments.client_id,
        client_secret=arguments.client_secret,
        cors=arguments.cors,
        test_users=arguments.test_user,
    )


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port < 65_536:  # noqa: PLR2004 - TCP ports
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return port
