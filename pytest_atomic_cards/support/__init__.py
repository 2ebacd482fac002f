"""What every room uses: clock, randomness, recorder, progress, files."""
