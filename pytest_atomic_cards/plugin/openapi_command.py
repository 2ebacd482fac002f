"""The command ``atomic-cards openapi``, which prints the document that the suite uses."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_openapi(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Add the command."""
    document = commands.add_parser(
        "openapi",
        help="print the Cards API as an OpenAPI document, for mocks and client generators",
    )
    document.set_defaults(run=_print)


def _print(_: argparse.Namespace) -> int:
    from pytest_atomic_cards.suite.generation.schema_document import DOCUMENT

    print(Path(DOCUMENT).read_text("utf-8"), end="")  # noqa: T201 - a command's own output
    return 0
