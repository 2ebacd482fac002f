"""The command ``atomic-cards completion``: a script with which a shell completes the others."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_SCRIPT: Final = """\
# Completion of atomic-cards; load it with: source <(atomic-cards completion {shell})
{head}_atomic_cards() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words
    case "$before" in
{values}
        *) case "$COMP_CWORD:${{COMP_WORDS[1]}}" in
            1:*) words="{commands}" ;;
{by_command}
            *) words="" ;;
        esac ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _atomic_cards atomic-cards"""
_HEADS: Final[Mapping[str, str]] = {
    "bash": "",
    "zsh": "autoload -U +X compinit && compinit -u\nautoload -U +X bashcompinit && bashcompinit\n",
}
"""What comes before the function: zsh reads one for bash after this."""
_OPTION: Final = re.compile(r"--[a-z-]+")


def add_completion(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the subcommands of a parser."""
    parser = commands.add_parser("completion", help="print the completion script of a shell")
    parser.add_argument("shell", choices=sorted(_HEADS))
    parser.set_defaults(run=completion, commands=commands.choices)


def completion(arguments: argparse.Namespace) -> int:
    """Print the script."""
    print(script(arguments.shell, arguments.commands))  # noqa: T201 - a command's own output
    return 0


def script(shell: str, commands: Mapping[str, argparse.ArgumentParser]) -> str:
    """The script of a shell, with all names in it, so that completing starts no process.

    Args:
        shell: ``bash`` or ``zsh``.
        commands: The parsers of the commands, by name.
    """
    from pytest_atomic_cards.model.options import OPTIONS
    from pytest_atomic_cards.model.profile import QUESTIONS
    from pytest_atomic_cards.rules.requirements import catalogue
    from pytest_atomic_cards.sandbox.faults import FAULTS

    requirements = list(catalogue().requirements)
    options = [option for option in OPTIONS if option.flag]
    flags = [option.command_line for option in options]
    values = {
        option.command_line: option.metavar.strip("{}").split(",")
        for option in options
        if option.metavar and option.metavar.startswith("{")
    }
    values |= {"--cards-only": requirements, "--cards-fault": list(FAULTS)}
    values["--fault"] = values["--cards-fault"]
    own = {name: _OPTION.findall(one.format_usage()) for name, one in commands.items()}
    by_command = own | {
        "check": [*flags, "--lf", "--ff", "--sw", "-k", "-x", "--help"],
        "explain": [*requirements, *FAULTS, *QUESTIONS, *flags],
        "prove": [*own["prove"], *FAULTS],
        "clean": [*own["clean"], "--cards-max-rate"],
        "completion": sorted(_HEADS),
    }
    return _SCRIPT.format(
        shell=shell,
        head=_HEADS[shell],
        values="\n".join(_case(name, words) for name, words in values.items()),
        commands=" ".join(commands),
        by_command="\n".join(_case(f"*:{name}", words, 12) for name, words in by_command.items()),
    )


def _case(pattern: str, words: Iterable[str], indent: int = 8) -> str:
    return f'{"":{indent}}{pattern}) words="{" ".join(words)}" ;;'
