"""Requirements, verdicts and what decides them."""
