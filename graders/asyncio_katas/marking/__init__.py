"""Grading many submissions: what was handed in, held-back checks, the gradebook, and what looks alike."""
