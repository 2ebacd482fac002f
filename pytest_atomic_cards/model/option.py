"""Option: the names of one setting, its meaning, and how its text becomes a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass
from typing import Any, Final

from pytest_atomic_cards.model.settings import Settings

INI_PREFIX: Final = "atomic_cards_"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: where it can be given and how its text becomes a value.

    Args:
        name: Field of :class:`Settings`; the environment variable is ``ATOMIC_CARDS_`` and this
            in capitals, the ini option ``atomic_cards_`` and this.
        help: One line for ``--help``.
        parse: Turns text into the value; raises ``ValueError`` with what it expects.
        hidden: Whether ``pytest --help`` leaves that option out.
        secret: Whether it is read from the environment only and never shown.
        metavar: Name of the argument of the command line option ``--cards-…``, empty for a switch;
            a setting without it has no such option.
    """

    name: str
    help: str
    parse: Callable[[str], Any] = str
    hidden: bool = False
    secret: bool = False
    metavar: str | None = None

    @property
    def flag(self) -> bool:
        """Whether there is a command line option."""
        return self.metavar is not None

    @property
    def default(self) -> Any:  # noqa: ANN401 - type by option
        """The value if nothing is given."""
        field = Settings.__dataclass_fields__[self.name]
        return field.default if field.default_factory is MISSING else field.default_factory()

    @property
    def environment_variable(self) -> str:
        """The name of the environment variable."""
        return f"ATOMIC_CARDS_{self.name.upper()}"

    @property
    def ini_name(self) -> str:
        """The name of the ini option."""
        return f"{INI_PREFIX}{self.name}"

    @property
    def command_line(self) -> str:
        """The command line option."""
        return f"--cards-{self.name.replace('_', '-')}"

    @property
    def is_list(self) -> bool:
        """Whether it has several values, separated by commas."""
        return isinstance(self.default, tuple)

    @property
    def names(self) -> str:
        """Its names, in the order of precedence, and its default."""
        default = self.default if self.default not in (None, (), {}) else "not set"
        names = [self.command_line] if self.flag else []
        names.append(self.environment_variable)
        if not self.secret:
            names += [self.ini_name, self.name]
        return f"{', '.join(names)} (default: {str(default).lower()})"

    @property
    def destination(self) -> str:
        """Where pytest keeps the value of the command line option."""
        return f"cards_{self.name}"
