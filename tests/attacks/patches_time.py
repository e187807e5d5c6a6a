"""Replaces the clock that limits are measured by.

Stopped by: integrity: the functions of `time` are watched
Outcome: tampered
"""

import time

vars(time)["mono" + "tonic"] = lambda: 0.0


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
