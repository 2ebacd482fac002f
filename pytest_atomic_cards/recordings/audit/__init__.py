"""Audits recordings of several formats, reading one exchange at a time."""
