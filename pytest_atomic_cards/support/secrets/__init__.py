"""Secrets: the one place that knows their names, their forms, their spellings and placeholders."""
