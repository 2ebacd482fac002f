"""Requests that cover the space that the documentation speaks of, and their oracles."""
