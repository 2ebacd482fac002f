"""The vocabulary of the project: cards, queries, lifecycle, exchanges, profile and settings."""
