"""Thirteen asyncio katas and their grader."""

__version__ = "0.1.0"
