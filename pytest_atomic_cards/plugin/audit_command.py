"""The command ``atomic-cards audit``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from pytest_atomic_cards.support.errors import MisuseError


def add_audit(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the subcommands of a parser."""
    parser = commands.add_parser(
        "audit",
        help="check recordings against the rules: HAR files, cassettes, reports of Schemathesis "
        "and newman, JSON lines; gzip and zip files of them",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a recording, or - for standard input"
    )
    parser.add_argument(
        "--api-url",
        default="",
        metavar="URL",
        help="base URL of the Cards API, if recordings of a gateway do not show it",
    )
    parser.add_argument("--strict", action="store_true", help="inferred requirements fail too")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.json there")
    parser.add_argument(
        "--allow-secrets", action="store_true", help="continue if a file contains a secret"
    )
    parser.add_argument(
        "--redact",
        type=Path,
        metavar="OUT",
        help="write a copy of FILE without what looks like a secret, and audit that",
    )
    parser.set_defaults(run=audit_recordings)


def audit_recordings(arguments: argparse.Namespace) -> int:
    """Check recordings, or a redacted copy of one; returns the exit code.

    Raises:
        MisuseError: A recording cannot be read or copied, or contains a secret.
    """
    from pytest_atomic_cards.recordings.audit.auditor import audit
    from pytest_atomic_cards.recordings.malformed import expected_errors
    from pytest_atomic_cards.reporting.audit_report import report_audit
    from pytest_atomic_cards.reporting.console import Console, written_to
    from pytest_atomic_cards.support.progress import line_on, shown_on

    try:
        with expected_errors():
            with shown_on(line_on(sys.stderr)):
                files = _redacted(arguments) if arguments.redact else arguments.files
                secrets, url = arguments.allow_secrets, arguments.api_url
                done = audit(files, allow_secrets=secrets, api_url=url)
            console = Console(written_to(sys.stdout))
            code = report_audit(done, console, strict=arguments.strict, report=arguments.report)
        sys.stdout.flush()
    except BrokenPipeError:  # a reader such as head has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return code


def _redacted(arguments: argparse.Namespace) -> list[Path]:
    from pytest_atomic_cards.recordings.audit.redacted_copy import write_redacted

    if len(arguments.files) > 1:
        raise MisuseError("--redact writes a copy of one recording; name a single FILE")
    write_redacted(arguments.files[0], arguments.redact)
    return [arguments.redact]
