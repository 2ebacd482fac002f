"""What to seed and how: straight into the sandbox, or through an Action Flow."""
