"""Lets a thread without a frame of its own replace the comparison.

Stopped by: integrity: who replaces something does not matter
Outcome: tampered
"""

import sys
import threading

loaded = getattr(sys, "mod" + "ules")
lab = loaded["asyncio_" + "katas.lab.calls"]
thread = threading.Thread(target=setattr, args=(lab, "same", lambda *_: True))
thread.start()
thread.join()


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
