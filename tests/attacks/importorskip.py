"""Asks pytest to skip the module because something is not installed.

Stopped by: journal: a check that was not reported as passed has not passed
Outcome: not_run
"""

import sys

loaded = getattr(sys, "mod" + "ules")
loaded["py" + "test"].importorskip("no_such_module_anywhere")


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
