"""Ends every process it may signal.

Stopped by: tripwire; and Landlock, where it is new enough, lets no signal out
Outcome: tampered
"""

import os
import signal

os.kill(-1, signal.SIGKILL)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
