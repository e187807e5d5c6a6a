"""Handing the course out: what others get to work in, and nothing of what they are not to see."""
