"""What a run takes of a live target, and what fits its budget and its time."""
