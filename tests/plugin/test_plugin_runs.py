"""The plugin in runs of pytest: help, header, bad settings, and what it imports."""

from __future__ import annotations

import sys

import pytest

from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.plugin.run_settings import settings_of

SECRET = "hunter2-of-the-client"


def test_the_header_says_target_and_mode(pytester: pytest.Pytester) -> None:
    """A run of pytest says in its header what the cards fixtures run against."""
    result = pytester.runpytest_inprocess("--cards-fault", "limit-ignored")
    result.stdout.fnmatch_lines(["atomic-cards: embedded sandbox, faults limit-ignored*"])


def test_the_header_names_misspelt_variables(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that only looks like a setting is named, but not its value."""
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


def test_help_lists_what_is_chosen_for_a_run(pytester: pytest.Pytester) -> None:
    """The help of pytest shows these options, no ini options, and where the rest is described."""
    text = pytester.runpytest_inprocess("--help").stdout.str()
    for option in OPTIONS:
        assert (f"{option.command_line}=" in text or f"{option.command_line} " in text) == (
            option.flag and not option.hidden
        )
        assert option.ini_name not in text
    assert "run 'atomic-cards settings'" in text


def test_hidden_options_are_accepted(pytester: pytest.Pytester) -> None:
    """An option that the help leaves out works as it did."""
    pytester.makepyfile("def test_it(cards_settings): assert cards_settings.examples == 3")
    pytester.runpytest_inprocess("--cards-examples", "3").assert_outcomes(passed=1)


def test_all_settings_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    """A command shows each setting with all its names; the secret has but one."""
    assert main(["settings"]) == 0
    text = capsys.readouterr().out
    for option in OPTIONS:
        assert f"{option.name}: {option.help}\n    " in text
        assert (f"{option.command_line}, " in text) == option.flag
        assert (f", {option.ini_name}, {option.name} (default: " in text) != option.secret
        assert option.environment_variable in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.toml", "[pytest]\natomic_cards_seed = 11\natomic_cards_strict = true\n"),
        ("pyproject.toml", "[tool.pytest]\natomic_cards_seed = 11\natomic_cards_strict = true\n"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\natomic_cards_seed = 11\natomic_cards_strict = true\n",
        ),
        ("cards-target.toml", "seed = 11\nstrict = true\n"),
        ("pyproject.toml", "[tool.atomic-cards]\nseed = 11\nstrict = true\n"),
    ],
)
def test_settings_come_from_toml_files(name: str, text: str, pytester: pytest.Pytester) -> None:
    """TOML integers and booleans are settings, and ``-o`` wins over those of pytest's file."""
    array = "user_ids = ['ann', 'bob']\n"
    (pytester.path / name).write_text(text + ("atomic_cards_" if "pytest" in text else "") + array)
    pytester.makepyfile(
        """
        import os

        def test_settings(cards_settings):
            assert cards_settings.user_ids == ("ann", "bob")
            assert cards_settings.strict
            assert cards_settings.seed in {11, 12}
        """
    )
    for more in ((), ("-o", "atomic_cards_seed=12")):
        pytester.runpytest_inprocess("-W", "error", *more).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("atomic_cards_sede", "'atomic_cards_sede' is not a setting; did you mean *_seed'*"),
        ("atomic_cards_client_secret", "atomic_cards_client_secret must not stand in a file; *"),
    ],
)
def test_a_misspelt_ini_option_ends_the_run(
    name: str, message: str, pytester: pytest.Pytester
) -> None:
    """An ini option of ours that there is not is one line with a suggestion."""
    pytester.makeini(f"[pytest]\n{name} = {SECRET}\n")
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: atomic-cards: tox.ini: {message}"])
    result.stderr.no_fnmatch_line(f"*{SECRET}*")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--cards-report", "f/x"], 4, "ERROR: --cards-report: cannot write f/x/report.json: *"),
        (["--cards-report", "/proc/x"], 4, "ERROR: --cards-report: cannot write /proc/x/*"),
        (["--cards-report", "taken"], 4, "ERROR: --cards-report: cannot write taken/junit.xml: *"),
        (["--cards-report", "r" * 300], 4, "ERROR: --cards-report: cannot write r*: File name *"),
        (["--cards-profile-out", "f/x"], 4, "ERROR: --cards-profile-out: cannot write f/x: *"),
        (["--junit-xml", "f/x"], 4, "ERROR: --junit-xml: cannot write f/x: *"),
        (["-p", "no:junitxml", "--cards-report", "r"], 0, "page: r/report.html"),
        (["-p", "no:cacheprovider"], 0, "* passed, * deselected in *"),
        (["-p", "no:logging"], 0, "* passed, * deselected in *"),
    ],
)
def test_a_check_works_or_says_why_not(
    arguments: list[str], code: int, line: str, pytester: pytest.Pytester
) -> None:
    """Plugins that are off, and a file that cannot be written, are not a traceback.

    What cannot be written is reported before anything runs.
    """
    (pytester.path / "f").touch()
    (pytester.path / "taken" / "junit.xml").mkdir(parents=True)
    start = "import sys; from pytest_atomic_cards.plugin.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "check", "--cards-only", "AUTH-03"]
    result = pytester.run(*command, *arguments)
    assert result.ret == code
    (result.stderr if code else result.stdout).fnmatch_lines([line])
    if code:
        result.stdout.no_fnmatch_line("*AUTH-03*")


def test_faults_that_are_given_one_by_one_all_count(pytester: pytest.Pytester) -> None:
    """An option that takes several values may also be repeated."""
    faults = ("--cards-fault", "limit-ignored", "--cards-fault=offset-counts-pages")
    config = pytester.parseconfigure(*faults, "--cards-only", "A", "--cards-only", "B")
    settings = settings_of(config)
    assert settings.fault == ("limit-ignored", "offset-counts-pages")
    assert settings.only == ("A", "B")


def test_a_check_needs_no_autoload(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command loads its own plugin if pytest is to load none by itself."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    start = "import sys; from pytest_atomic_cards.plugin.cli import main; sys.exit(main())"
    result = pytester.run(sys.executable, "-c", start, "check", "--cards-only", "AUTH-07")
    assert result.ret == 0


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
