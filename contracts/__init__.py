"""The contract suite: one module for each area of the catalogue ``requirements.toml``."""
