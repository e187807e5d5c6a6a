"""Raises the standard library's SkipTest, which pytest honours too.

Stopped by: lab: whatever leaves a call is what the check judges
Outcome: error
"""

import unittest


async def greet(name):
    raise unittest.SkipTest("nothing to see")


wait = greet


async def wait(seconds):
    return "wrong"
