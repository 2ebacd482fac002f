"""The cards of the suite: fresh ones, shared ones, large groups, and those that exist."""
