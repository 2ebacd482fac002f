"""Recordings: cassettes of our own, and the audit of anybody's."""
