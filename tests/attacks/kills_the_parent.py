"""Ends the process that started it.

Stopped by: tripwire; and Landlock, where it is new enough, lets no signal out
Outcome: tampered
"""

import os
import signal

os.kill(os.getppid(), signal.SIGKILL)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
