"""The pages that people read: their examples run as shown, and what they name exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.suite.experiments import experiment_run
from pytest_atomic_cards.suite.running.suite_runner import PYTEST_ARGUMENTS, TERMINAL_ARGUMENTS

ROOT = Path(__file__).parents[2]
MAP = ("ARCHITECTURE.md", "CONTRIBUTING.md")
READMES = ("README.md", "contracts/README.md", "cassettes/README.md", "tests/recipes/README.md")
PAGES = {name: (ROOT / name).read_text("utf-8") for name in (*READMES, *MAP, "CHANGELOG.md")}
OF_A_WHOLE_RUN = ("verdict", "start here")
"""Lines that a run of one requirement does not have."""
README = PAGES["README.md"]
SUITE = ROOT / "contracts"
SETTINGS = re.compile(r"(?:--cards-[a-z-]*[a-z]|ATOMIC_CARDS_[A-Z_]*[A-Z])\b")
FOLDERS = ("pytest_atomic_cards", "")
"""What the paths on the two pages of the map are relative to."""

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
    """The code blocks of a language, page by page."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [block for page in PAGES.values() for block in fence.findall(page)]


def anchors(page: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("source", blocks("python"))
def test_each_example_passes(source: str, pytester: pytest.Pytester):
    """Every test that a page shows passes in a project that has what it speaks of."""
    pytester.makepyfile(APPLICATION + source)
    tests = source.count("def test_")
    assert tests
    pytester.runpytest_inprocess().assert_outcomes(passed=tests)


def test_an_example_may_be_slow(pytester: pytest.Pytester):
    """An example with generated cases passes on a machine that is busy, or cold."""
    slow = "import time\nfrom hypothesis import *\nfrom hypothesis.strategies import *\n"
    test = "@settings(max_examples=2)\n@given(booleans())\ndef test_slow(_):\n    time.sleep(0.3)\n"
    pytester.makepyfile(slow + test)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize("source", blocks("toml"))
def test_each_file_can_be_read(source: str):
    """Every TOML file that a page shows is one."""
    assert tomllib.loads(source)


@pytest.mark.parametrize("name", PAGES)
def test_each_link_leads_somewhere(name: str):
    """Every file and every heading that a page links to exists."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", PAGES[name]):
        path, _, anchor = target.partition("#")
        page = (ROOT / name).parent / path if path else ROOT / name
        assert page.exists(), target
        assert not anchor or anchor in anchors(page.read_text("utf-8")), target


@pytest.mark.parametrize("name", PAGES)
def test_each_command_exists(name: str):
    """Every subcommand of ``atomic-cards`` that a page names exists."""
    modules = (ROOT / "pytest_atomic_cards/plugin").glob("*.py")
    source = "".join(module.read_text("utf-8") for module in modules)
    for command in set(re.findall(r"atomic-cards ([a-z]+)\b", PAGES[name])):
        assert f'"{command}"' in source, command


@pytest.mark.parametrize("name", PAGES)
def test_each_setting_exists(name: str):
    """Every option and every variable that a page names is a setting."""
    known = {text for one in OPTIONS for text in (one.command_line, one.environment_variable)}
    assert set(SETTINGS.findall(PAGES[name])) <= known


@pytest.mark.parametrize("name", MAP)
def test_each_path_of_the_map_exists(name: str):
    """Every file and folder that the map names exists; one without a folder is unambiguous."""
    for quoted in re.findall(r"`([\w./*-]+(?:\.(?:py|toml|yaml|md)|/))`", PAGES[name]):
        path = quoted.replace("AREA", "*")
        found = [one for folder in FOLDERS for one in ROOT.glob(f"{folder}/{path}".strip("/"))]
        assert found or len(list(ROOT.glob(f"pytest_atomic_cards/**/{path}"))) == 1, quoted


@pytest.mark.usefixtures("time_flies")
def test_the_failing_example_is_real(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """The failure that the README shows is what that fault gives.

    It is one of listings, so the actions of the experiments are left out: they take half the time.
    """
    monkeypatch.setattr(experiment_run, "_act", lambda *_: None)
    (shown,) = re.findall(
        r"^\$ atomic-cards check (--cards-fault .*?)^```", README, re.DOTALL | re.MULTILINE
    )
    fault, *lines = shown.splitlines()
    run = pytester.runpytest_inprocess(
        *PYTEST_ARGUMENTS, *TERMINAL_ARGUMENTS, *fault.split(), "--cards-only=PAGE-04", SUITE
    )
    assert run.ret == pytest.ExitCode.TESTS_FAILED
    whole = [line for line in lines if "…" not in line and not line.startswith(OF_A_WHOLE_RUN)]
    assert len(whole) > len(lines) / 2
    assert set(whole) <= {*run.outlines}
