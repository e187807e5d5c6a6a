"""Raises the standard library's SkipTest at import.

Stopped by: journal: a check that was not reported as passed has not passed
Outcome: not_run
"""

import unittest

raise unittest.SkipTest("nothing to see")


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
