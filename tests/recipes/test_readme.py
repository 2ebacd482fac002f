"""The README: its examples are run as a reader would run them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")

APPLICATION = '''
import json
from contextlib import suppress

import pytest
from pytest_atomic_cards import CardQuery, OutcomeUnknownError


class MyForm:
    """An application's own form of a completion."""

    def __init__(self, text):
        self.text = text

    @classmethod
    def from_completion(cls, payload):
        return cls(json.dumps(payload))

    def to_completion(self):
        return json.loads(self.text)


class MyApp:
    """An application that cancels what it has sent to a customer."""

    api = None

    def settle_claim(self, customer):
        with suppress(OutcomeUnknownError):
            self.api.cancel(CardQuery(user_id=customer, multiple=True))


my_app = MyApp()


@pytest.fixture(autouse=True)
def _application_under_test(request):
    if "cards" in request.fixturenames:
        my_app.api = request.getfixturevalue("cards").api
'''


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("source", blocks("python"))
def test_each_example_passes(source: str, pytester: pytest.Pytester):
    """Every test that the README shows passes in a project that has what it speaks of."""
    pytester.makepyfile(APPLICATION + source)
    tests = source.count("def test_")
    assert tests
    pytester.runpytest_inprocess().assert_outcomes(passed=tests)


@pytest.mark.parametrize("source", blocks("toml"))
def test_each_file_can_be_read(source: str):
    """Every TOML file that the README shows is one."""
    assert tomllib.loads(source)


def test_each_link_leads_somewhere():
    """Every file that the README links to is there."""
    for target in re.findall(r"\]\(([^)h][^)]*)\)", README):
        assert (ROOT / target).exists()


def test_each_command_is_one():
    """Every subcommand of ``atomic-cards`` that the README names is one that there is."""
    source = (ROOT / "pytest_atomic_cards/plugin/cli.py").read_text("utf-8")
    for command in set(re.findall(r"atomic-cards ([a-z]+)\b", README)):
        assert f'"{command}"' in source
