"""The command line: help, look-ups, completion, options of pytest, and exit codes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import COMMAND

from pytest_atomic_cards.model.option import Option
from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.plugin import check_command
from pytest_atomic_cards.plugin.check_help import EXIT_CODES, help_of_check
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.plugin.price_command import measure
from pytest_atomic_cards.reporting.explanations import explain
from pytest_atomic_cards.sandbox.faults import FAULTS
from pytest_atomic_cards.suite.running.suite_runner import suite_directory

ROOT = Path(__file__).parents[2]
FAULTY = ("--cards-fault", "token-cut-short-accepted")


def check(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A check of two quick contracts in the directory of a test."""
    only = () if "--cards-only" in arguments else ("--cards-only", "AUTH-02,AUTH-03")
    return pytester.run(*COMMAND, "check", *only, *arguments)


# Help


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_check_has_a_help_of_its_own(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Synopsis, own options before pytest's, examples, and exit codes; nothing is run."""
    assert main(["check", flag]) == 0
    said = capsys.readouterr().out
    titles = [
        "usage: atomic-cards check",
        "\noptions:",
        "options of pytest",
        "examples:",
        "exit co",
    ]
    places = [said.index(title) for title in titles]
    assert places == sorted(places)
    for option in OPTIONS:
        assert (f"  {option.command_line}" in said) >= (option.flag and not option.hidden)
    assert max(map(len, said.splitlines())) <= 100


def test_examples_of_the_help_name_what_exists() -> None:
    """Every fault and option in the examples exists."""
    text = help_of_check()
    flags = {option.command_line for option in OPTIONS}
    assert set(re.findall(r"--cards-[a-z-]+\w", text)) <= flags
    assert set(re.findall(r"--cards-fault ([a-z-]+)\n?", text)) <= set(FAULTS)


# Exit codes


def test_the_exit_codes_are_documented() -> None:
    """The table in contracts/README.md has the codes and meanings of the help."""
    text = (ROOT / "contracts/README.md").read_text("utf-8")
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 0),
        (FAULTY, 1),
        (("--cards-fault", "no-such-fault"), 4),
        (("--no-such-option",), 4),
        (("-k", "no_such_contract"), 5),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], code: int, pytester: pytest.Pytester) -> None:
    """Each documented exit code is given for what it means."""
    assert check(pytester, *arguments).ret == code


def test_an_interrupted_check_ends_with_two(pytester: pytest.Pytester) -> None:
    """An interrupt in a contract ends the run with the exit code of interruptions."""
    pytester.makepyfile(
        interrupts="""
        def pytest_runtest_call(item):
            raise KeyboardInterrupt
        """
    )
    assert check(pytester, "-p", "interrupts").ret == 2


# Options of pytest


def test_last_failed_runs_what_failed(pytester: pytest.Pytester) -> None:
    """--lf runs only what failed last time; the cache is in the directory of the command."""
    first = check(pytester, *FAULTY)
    again = check(pytester, *FAULTY, "--lf")
    assert (first.ret, again.ret) == (1, 1)
    assert re.search(r"\b\d+ failed", again.stdout.str())
    assert " passed" in first.stdout.str()
    assert " passed" not in again.stdout.str()
    assert [path.name for path in (pytester.path / ".pytest_cache").iterdir()] == ["atomic-cards"]


@pytest.mark.parametrize(("option", "code"), [("-x", 1), ("--sw", 2)])
def test_a_check_can_stop_at_the_first_failure(
    option: str, code: int, pytester: pytest.Pytester
) -> None:
    """-x and --sw stop at the first failed contract."""
    result = check(pytester, *FAULTY, option)
    assert result.ret == code
    assert re.search(r"\b1 failed", result.stdout.str())


@pytest.mark.parametrize("plugin", ["cacheprovider", "junitxml", "terminal", "xdist"])
def test_a_plugin_of_pytest_can_be_off(plugin: str, pytester: pytest.Pytester) -> None:
    """Without any of the usual plugins a check still ends with its verdict."""
    assert check(pytester, "-p", f"no:{plugin}", "--cards-report", "out").ret == 0
    assert (pytester.path / "out/report.json").exists()


# Values


@pytest.mark.parametrize("more", [(), ("-x",)])
def test_a_report_without_a_directory_goes_to_the_usual_one(
    more: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    """--cards-report alone writes to cards-report."""
    assert check(pytester, "--cards-report", *more).ret == 0
    assert (pytester.path / "cards-report/report.json").exists()


def test_an_option_without_its_value_is_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that needs a value does not take the suite's directory for it."""
    assert main(["check", "--cards-only"]) == 4
    assert capsys.readouterr().err == "atomic-cards: --cards-only needs a value: --cards-only ID\n"


def test_check_needs_no_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain command of the README checks the whole suite."""
    started: list[list[str]] = []
    monkeypatch.setattr(pytest, "main", lambda command, _plugins: started.append(command) or 0)
    assert main(["check"]) == 0
    assert started[0][-1] == str(suite_directory())


MISTYPED = [
    ("check PAGE-04", "atomic-cards: to check one requirement: --cards-only PAGE-04"),
    ("check page-04", "atomic-cards: to check one requirement: --cards-only PAGE-04"),
    ("check --cards-efort=quick", "no option '--cards-efort'; did you mean '--cards-effort'?"),
    ("prove offset-count-pages", "did you mean offset-counts-pages or"),
    ("prove xyz", "there is no fault 'xyz'; 'atomic-cards faults' lists all"),
    ("explain", "atomic-cards: explain needs a name, such as PAGE-04 or --cards-max-rate"),
]


@pytest.mark.parametrize(("line", "message"), MISTYPED)
def test_a_mistyped_line_is_one_error_that_helps(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name in the wrong place, or a mistyped one, gives one line with what to type instead."""
    assert main(line.split()) in {2, 4}
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_requirement_after_an_option_of_pytest_is_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """-k PAGE-04 selects by name, as anywhere."""
    monkeypatch.setattr(pytest, "main", lambda *_: 0)
    assert main(["check", "-k", "PAGE-04"]) == 0


def test_a_mistyped_command_is_one_error_that_helps(capsys: pytest.CaptureFixture[str]) -> None:
    """The command that was probably meant is named."""
    with pytest.raises(SystemExit):
        main(["chekc"])
    assert "there is no command 'chekc'; did you mean 'check'?" in capsys.readouterr().err


# Look-ups


def test_faults_can_be_listed_and_searched(capsys: pytest.CaptureFixture[str]) -> None:
    """All faults are listed, with what they violate; words narrow the list."""
    assert main(["faults"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in listed] == list(FAULTS)
    assert main(["faults", "Offset", "page-04"]) == 0
    found = capsys.readouterr().out.splitlines()
    assert any(line.startswith("offset-counts-pages: ") for line in found)
    assert len(found) < len(listed)
    assert main(["faults", "no such word"]) == 1


def test_output_that_nobody_reads_on_is_no_error() -> None:
    """A command whose reader has gone, as after "head", ends without a traceback."""
    code = "from pytest_atomic_cards.plugin.cli import main; raise SystemExit(main())"
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code, "faults"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.flag], ids=lambda one: one.name)
def test_an_option_can_be_explained_as_it_is_typed(
    option: Option, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option is taken for a name, not for an option of its own."""
    assert main(["explain", option.command_line, "PAGE-04"]) == 0
    assert f"{option.name}: a setting" in capsys.readouterr().out


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_settings_are_explained_by_each_of_their_names(option: object) -> None:
    """A setting shows its meaning, default and places, whichever of its names is asked for."""
    assert isinstance(option, type(OPTIONS[0]))
    texts = {
        explain(name)
        for name in (option.command_line, option.environment_variable, option.ini_name)
    }
    (text,) = texts
    assert text.startswith(f"{option.name}: a setting")
    assert " ".join(option.help.split()) in " ".join(text.split())


@pytest.mark.usefixtures("time_flies")
def test_measuring_prices_prints_no_warning(capfd: pytest.CaptureFixture[str]) -> None:
    """The guard's warning that it is off means nothing on a sandbox that was made for it."""

    def some(arguments: Sequence[str], further: Sequence[object]) -> int:
        return check_command.check(
            [*arguments, "-p", "no:cacheprovider", "-k", "by_lifecycle"], further
        )

    code, prices = measure(some, "quick")
    assert code == 0
    assert prices.contracts
    printed = capfd.readouterr()
    assert "3 passed" in printed.out
    assert "Warning" not in printed.out + printed.err


# Completion


COMPLETED = [
    ("atomic-cards fa", "faults"),
    ("atomic-cards check --cards-fault offset-counts-p", "offset-counts-pages"),
    ("atomic-cards check --cards-on", "--cards-only"),
    ("atomic-cards check --cards-only PAGE-0", "PAGE-04"),
    ("atomic-cards check --cards-effort q", "quick"),
    ("atomic-cards explain ord", "order"),
    ("atomic-cards sandbox --ho", "--host"),
    ("atomic-cards sandbox --fault offset-counts-p", "offset-counts-pages"),
    ("atomic-cards audit --red", "--redact"),
    ("atomic-cards prove --jo", "--jobs"),
    ("atomic-cards clean --dis", "--discard"),
]


@pytest.mark.parametrize(("line", "word"), COMPLETED)
def test_bash_completes(line: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bash completes commands, options, their values and names."""
    assert main(["completion", "bash"]) == 0
    words = line.split()
    script = (
        f"{capsys.readouterr().out}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n"
        '_atomic_cards; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    bash = shutil.which("bash") or pytest.skip("bash is not installed")
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert word in done.stdout.split()


def test_zsh_reads_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    """The script for zsh has no syntax error there."""
    assert main(["completion", "zsh"]) == 0
    script = capsys.readouterr().out
    assert "bashcompinit" in script
    zsh = shutil.which("zsh") or pytest.skip("zsh is not installed")
    subprocess.run([zsh, "-n"], input=script, text=True, check=True)  # noqa: S603
