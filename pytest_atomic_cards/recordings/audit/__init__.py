"""Recordings of any kind: exchanges read one by one, with the place at which each is recorded."""
