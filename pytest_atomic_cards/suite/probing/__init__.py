"""What contracts look at a target with: the probe, and when to believe what it lists."""
