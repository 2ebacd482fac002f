"""Strategies and stateful machines that generate queries, payloads and populations."""
