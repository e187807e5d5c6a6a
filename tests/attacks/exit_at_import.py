"""Leaves the process with a success code as soon as it is imported.

Stopped by: journal: only sealed verdicts count, never an exit code
Outcome: error
"""

import os

os._exit(0)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
