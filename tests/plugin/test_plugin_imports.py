"""What a run of pytest imports of this package."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    """The plugin brings only the standard library, pytest and a few of its own modules."""
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
        "pytest_atomic_cards.model",
        "pytest_atomic_cards.model.option",
        "pytest_atomic_cards.model.options",
        "pytest_atomic_cards.model.resolution",
        "pytest_atomic_cards.model.setting_parsers",
        "pytest_atomic_cards.model.settings",
        "pytest_atomic_cards.model.target_file",
        "pytest_atomic_cards.plugin",
        "pytest_atomic_cards.plugin.run_settings",
        "pytest_atomic_cards.support",
        "pytest_atomic_cards.support.errors",
        "pytest_atomic_cards.support.json_values",
        "pytest_atomic_cards.support.printable",
        "pytest_atomic_cards.support.secrets",
        "pytest_atomic_cards.support.secrets.hidden",
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
                "model model.option model.options model.resolution model.setting_parsers "
                "model.settings model.target_file plugin plugin.hooks plugin.run_settings "
                "support support.errors support.json_values support.printable support.secrets "
                "support.secrets.hidden"
            ).split()
            assert own == {f"pytest_atomic_cards.{name}" for name in light}
            heavy = "requests hypothesis werkzeug sqlite3 vcr schemathesis yaml".split()
            assert not [name for name in heavy if name in sys.modules]
        """
    )
    heavy = ("schemathesis", "hypothesispytest", "requests_mock")
    left_out = [argument for plugin in heavy for argument in ("-p", f"no:{plugin}")]
    result = pytester.runpytest_subprocess(*left_out, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["atomic-cards: embedded sandbox*"])
