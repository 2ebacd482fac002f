"""Contract tests, fixtures and a sandbox for the Atomic Cards API."""
