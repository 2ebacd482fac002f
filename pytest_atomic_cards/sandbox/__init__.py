"""A stateful, steerable Cards API: the default target."""
