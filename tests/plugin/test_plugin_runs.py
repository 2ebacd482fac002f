"""The plugin in runs of pytest: help, header, bad settings, and what it imports."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pytest_atomic_cards.model.options import OPTIONS

SECRET = "hunter2-of-the-client"


def test_the_header_says_target_and_mode(pytester: pytest.Pytester) -> None:
    """A run of pytest says in its header what the cards fixtures run against."""
    result = pytester.runpytest_inprocess("--cards-fault", "limit-ignored")
    result.stdout.fnmatch_lines(["atomic-cards: embedded sandbox, faults limit-ignored*"])


def test_the_header_tells_of_misspelt_variables(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that looks like a setting and is none is told, but not its value."""
    monkeypatch.setenv("ATOMIC_CARDS_CLIENT_SECRETE", SECRET)
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["atomic-cards: *ignored: ATOMIC_CARDS_CLIENT_SECRETE"])
    result.stdout.no_fnmatch_line(f"*{SECRET}*")


def test_the_header_of_a_live_run_has_no_secret(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header of a live run names the address, the environment and the flow, and no secret."""
    live = {
        "TARGET": "live",
        "ORG_ID": "acme",
        "ENVIRONMENT_ID": "environment-1",
        "CLIENT_ID": "client-1",
        "CLIENT_SECRET": SECRET,
        "FLOW_ID": "flow-1",
    }
    for name, value in live.items():
        monkeypatch.setenv(f"ATOMIC_CARDS_{name}", value)
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(
        ["atomic-cards: live https://acme.customer-api.atomic.io, environment environment-1, *"]
    )
    result.stdout.no_fnmatch_line(f"*{SECRET}*")


def test_help_lists_every_setting(pytester: pytest.Pytester) -> None:
    """The help of pytest shows each command line and ini option, and no way to give the secret."""
    text = pytester.runpytest_inprocess("--help").stdout.str()
    for option in OPTIONS:
        assert (f"{option.command_line}" in text) == option.flag
        assert (option.ini_name in text) != option.secret


def test_settings_come_from_the_ini_file(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ini option sets a run up, a variable wins over it, and the command line over both."""
    pytester.makeini(
        """
        [pytest]
        atomic_cards_seed = 11
        atomic_cards_user_ids = ann, bob
        """
    )
    pytester.makepyfile(
        """
        import os

        def test_settings(cards_settings):
            assert cards_settings.user_ids == ("ann", "bob")
            assert cards_settings.seed == int(os.environ["EXPECTED"])
        """
    )
    monkeypatch.setenv("EXPECTED", "11")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    monkeypatch.setenv("ATOMIC_CARDS_SEED", "22")
    monkeypatch.setenv("EXPECTED", "22")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    monkeypatch.setenv("EXPECTED", "33")
    pytester.runpytest_inprocess("--cards-seed", "33").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "environ", "line"),
    [
        (
            ["--cards-target", "prod"],
            {},
            "ERROR: atomic-cards: --cards-target must be one of sandbox, live, not 'prod'",
        ),
        (
            [],
            {"ATOMIC_CARDS_TIMEOUT": "soon"},
            (
                "ERROR: atomic-cards: ATOMIC_CARDS_TIMEOUT must be a number of seconds above 0, "
                "not 'soon'"
            ),
        ),
        (
            ["--cards-target", "live"],
            {"ATOMIC_CARDS_ORG_ID": "acme", "ATOMIC_CARDS_CLIENT_SECRET": SECRET},
            (
                "ERROR: atomic-cards: a live target needs ATOMIC_CARDS_ENVIRONMENT_ID, "
                "ATOMIC_CARDS_CLIENT_ID, ATOMIC_CARDS_FLOW_ID; set *"
            ),
        ),
        (
            ["--cards-fault", "limit-ignore"],
            {},
            (
                "ERROR: atomic-cards: --cards-fault: there is no fault 'limit-ignore'; "
                "did you mean limit-ignored*"
            ),
        ),
        (
            ["--cards-profile", "missing.toml"],
            {},
            "ERROR: atomic-cards: --cards-profile: profile missing.toml cannot be read: *",
        ),
    ],
    ids=["command line", "environment", "live", "fault", "profile"],
)
def test_a_bad_setting_ends_the_run_before_it_begins(
    arguments: list[str],
    environ: dict[str, str],
    line: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bad setting is one line and a usage error; no test is run, whether it uses cards or not."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    pytester.makepyfile("def test_of_something_else(): open('was-run', 'w').close()")
    result = pytester.runpytest_subprocess("-p", "no:schemathesis", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = [one for one in (*result.outlines, *result.errlines) if one.strip()]
    assert len(said) == 1
    result.stderr.fnmatch_lines([line.replace("[", "[[]")])
    assert SECRET not in said[0]
    assert not (pytester.path / "was-run").exists()


def test_a_profile_sets_the_sandbox(pytester: pytest.Pytester) -> None:
    """The sandbox behaves as the profile in a file says; an impossible answer is a usage error."""
    pytester.makepyfile(
        """
        from pytest_atomic_cards import CardQuery

        def test_no_match(cards_api):
            query = CardQuery(user_id="nobody")
            assert cards_api.list_exchange(query).status == 404
        """
    )
    path = pytester.path / "profile.toml"
    path.write_text('zero_match_listing = "404"\n')
    pytester.runpytest_inprocess("--cards-profile", str(path)).assert_outcomes(passed=1)
    path.write_text('zero_match_listing = "500"\n')
    result = pytester.runpytest_inprocess("--cards-profile", str(path))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *--cards-profile*zero_match_listing = '500'*"])


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    """The plugin brings only the standard library, pytest and five of its own modules."""
    code = (
        "import json, sys, pytest; before = set(sys.modules);"
        "import pytest_atomic_cards.plugin;"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    shown = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    gained = json.loads(shown)
    roots = {name.partition(".")[0] for name in gained} - {"pytest_atomic_cards"}
    assert roots <= sys.stdlib_module_names | {"pytest", "_pytest"}
    assert [name for name in gained if name.startswith("pytest_atomic_cards")] == [
        "pytest_atomic_cards",
        "pytest_atomic_cards.support.errors",
        "pytest_atomic_cards.model.options",
        "pytest_atomic_cards.model.setting_parsers",
        "pytest_atomic_cards.plugin",
        "pytest_atomic_cards.support.printable",
        "pytest_atomic_cards.support.secrets",
        "pytest_atomic_cards.support.secrets.hidden",
        "pytest_atomic_cards.model.settings",
    ]
    assert "sqlite3" not in roots


def test_a_run_that_uses_no_cards_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    """A whole run of other tests, header included, leaves the heavy libraries alone."""
    pytester.makepyfile(
        """
        import sys

        def test_of_something_else():
            own = {name for name in sys.modules if name.startswith("pytest_atomic_cards.")}
            light = (
                "errors options parsing plugin printable secrets secrets.hidden settings"
            ).split()
            assert own == {f"pytest_atomic_cards.{name}" for name in light}
            heavy = "requests hypothesis werkzeug sqlite3 vcr schemathesis yaml".split()
            assert not [name for name in heavy if name in sys.modules]
        """
    )
    result = pytester.runpytest_subprocess(
        "-p", "no:schemathesis", "-p", "no:hypothesispytest", "-v"
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["atomic-cards: embedded sandbox*"])
