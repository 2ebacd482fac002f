"""Mutation testing: the suite on faulty sandboxes, and the mutants that survive."""
