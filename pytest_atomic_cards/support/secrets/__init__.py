"""Finds and redacts secrets: their names, forms, spellings and placeholders."""
