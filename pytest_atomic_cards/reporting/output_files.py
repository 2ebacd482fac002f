"""The files that a check writes at its end, looked at before it begins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.files import check_writable

REPORT: Final = "report.json"
PAGE: Final = "report.html"
_JUNIT: Final = "junit.xml"


def prepare_outputs(config: pytest.Config, settings: Settings) -> None:
    """Let pytest write junit.xml beside the reports, and check that every file can be written.

    Otherwise a run of minutes would end without its report, and that of pytest in a traceback.

    Raises:
        pytest.UsageError: A file cannot be written.
    """
    if config.option.collectonly:
        return
    junit_is_free = getattr(config.option, "xmlpath", "off") is None  # not given, nor blocked
    if settings.report and junit_is_free:
        config.option.xmlpath = str(settings.report / _JUNIT)
    for option, path in _outputs(config, settings):
        try:
            check_writable(path)
        except SettingsError as error:
            raise pytest.UsageError(f"{option}: {error}") from None


def _outputs(config: pytest.Config, settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files, each with the option that names it."""
    if settings.report:
        for name in (REPORT, PAGE, _JUNIT):
            yield "--cards-report", settings.report / name
    if settings.profile_out:
        yield "--cards-profile-out", settings.profile_out
    if junit := getattr(config.option, "xmlpath", None):
        yield "--junit-xml", Path(os.path.expandvars(junit)).expanduser()  # as pytest reads it
