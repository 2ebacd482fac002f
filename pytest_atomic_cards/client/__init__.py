"""Client of the Cards API: tokens, session with scope guard, typed operations."""
