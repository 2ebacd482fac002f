"""Cassettes: record what a test exchanges with its target once, and replay it offline.

Nothing here is imported, and vcrpy with it, until a cassette is used.
"""
