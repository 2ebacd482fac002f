"""How contracts are collected and run, and how outcomes become findings."""
