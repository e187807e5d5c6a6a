"""Examining from outside: a judge in its own process, which serves what the answer awaits and owns the clock.

The judge never imports an answer, and the worker, which does, holds no secret. See docs/examiner.md.
"""
