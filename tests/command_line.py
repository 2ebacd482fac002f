"""The command ``atomic-cards`` for tests that need it in a process of its own."""

from __future__ import annotations

import sys

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from pytest_atomic_cards.plugin.cli import main; sys.exit(main())",
]
