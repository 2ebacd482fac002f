"""Seeding: creating cards, waiting for them, and cleaning up; directly or through a flow."""
