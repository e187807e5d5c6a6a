"""Loads the lab's messages anew, to have a copy that nobody watches in their place.

Stopped by: integrity: who replaces something does not matter
Outcome: tampered
"""

import importlib
import sys

loaded = getattr(sys, "mod" + "ules")
importlib.reload(loaded["asyncio_" + "katas.lab.messages"])


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
