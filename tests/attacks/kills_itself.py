"""Sends itself the signal that cannot be caught.

Stopped by: journal: the check that was running is not passed
Outcome: error
"""

import os
import signal


async def greet(name):
    os.kill(os.getpid(), signal.SIGKILL)


wait = greet


async def wait(seconds):
    return "wrong"
