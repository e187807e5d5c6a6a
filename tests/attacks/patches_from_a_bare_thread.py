"""Makes a thread of a C function alone, without any frame, that replaces the comparison.

Stopped by: integrity: who replaces something does not matter
Outcome: tampered
"""

import _thread
import sys
import time

loaded = getattr(sys, "mod" + "ules")
lab = loaded["asyncio_" + "katas.lab.calls"]
before = lab.same
_thread.start_new_thread(setattr, (lab, "same", lambda *_: True))
while lab.same is before:
    time.sleep(0.01)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
