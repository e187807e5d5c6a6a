"""Ends the process with a success code in the middle of a check.

Stopped by: journal: the check that was running is not passed, and the others get a new process
Outcome: error
"""

import os


async def greet(name):
    os._exit(0)


async def wait(seconds):
    os._exit(0)
