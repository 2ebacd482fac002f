"""The contract suite: one module an area, bound to the catalogue ``requirements.toml``."""
